using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Countersign.Server.Checking;
using Countersign.Server.Serving;
using Countersign.Tests.Letters;
using Xunit;

namespace Countersign.Tests.Serving;

/// <summary><c>POST /api/v1/check</c> on a real listener.</summary>
public sealed class CheckDoorTests : IAsyncLifetime
{
    private const string Words = "We will be repositioning forces over the course of the coming days and weeks to prepare for onward movement out of the country.";

    private readonly TestOffice _office = new();
    private readonly HttpClient _client = new();
    private Microsoft.AspNetCore.Builder.WebApplication _app = null!;
    private House _house = null!;
    private string _token = "";

    public async ValueTask InitializeAsync()
    {
        _token = Tokens.Add(_office.Office, "print server");
        (_app, _house) = House.Build(_office.Home, _office.Clock, "http://127.0.0.1:0", house => house.MapChecking()).Value;
        await _app.StartAsync(TestContext.Current.CancellationToken);
        _client.BaseAddress = new Uri(_app.Urls.First());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.StopAsync(TestContext.Current.CancellationToken);
        await _app.DisposeAsync();
        _house.Close();
        _office.Dispose();
    }

    private async Task<(HttpStatusCode Code, JsonNode? Json)> Check(string text, string query = "", string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/check" + query) { Content = new StringContent(text) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? _token);
        using var answer = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (answer.StatusCode, body.Length == 0 ? null : JsonNode.Parse(body));
    }

    [Fact]
    public async Task Nobody_checks_without_a_token_that_counts()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await Check(Words, token: "cs_guess")).Code);
        Assert.Equal("token", (await Check(Words, token: "")).Json!["code"]!.GetValue<string>());
        Tokens.Remove(_office.Office, "print server");
        _office.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(HttpStatusCode.Unauthorized, (await Check(Words)).Code);
    }

    [Fact]
    public async Task A_draft_that_a_command_entered_meanwhile_is_refused_without_naming_it()
    {
        Assert.Equal("pass", (await Check(Words)).Json!["ruling"]!.GetValue<string>());
        _office.Draft($"Sir,\n\n{Words}\n");
        var (code, json) = await Check(Words, "?name=print.txt&to=press@example.net");
        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal("refuse", json!["ruling"]!.GetValue<string>());
        Assert.Equal("print.txt", json["file"]!.GetValue<string>());
        Assert.DoesNotContain("TFN-", json.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("""[{"words":null}]""", json["leaks"]!.ToJsonString());
    }

    [Fact]
    public async Task Who_asks_too_often_is_told_to_wait()
    {
        var codes = new List<HttpStatusCode>();
        for (var i = 0; i < 200 && !codes.Contains(HttpStatusCode.TooManyRequests); i++)
            codes.Add((await Check("lunch")).Code);
        Assert.Contains(HttpStatusCode.TooManyRequests, codes);
    }

    [Fact]
    public async Task The_public_files_are_everybodys()
    {
        using var trust = await _client.GetAsync("/.well-known/countersign", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, trust.StatusCode);
        Assert.Equal("application/json", trust.Content.Headers.ContentType!.MediaType);
        using var database = await _client.GetAsync("/../countersign.db", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, database.StatusCode);
        using var health = await _client.GetAsync("/healthz", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }
}
