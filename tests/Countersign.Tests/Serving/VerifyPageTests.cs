using System.Net;
using Countersign.Server.Publishing;
using Countersign.Server.Serving;
using Countersign.Tests.Letters;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace Countersign.Tests.Serving;

/// <summary>The public page, as the house serves it.</summary>
public sealed class VerifyPageTests : IAsyncDisposable
{
    private readonly TestOffice _office = new();
    private readonly WebApplication _app;
    private readonly House _house;
    private readonly HttpClient _client;

    public VerifyPageTests()
    {
        _office.Office.Publish();
        Assert.True(House.Build(_office.Home, _office.Clock, "http://127.0.0.1:0", house => house.MapVerifying()).Is(out var built, out _));
        (_app, _house) = built;
        _app.StartAsync().GetAwaiter().GetResult();
        _client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_app.Urls.First()) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        _house.Close();
        _office.Dispose();
    }

    [Fact]
    public async Task Every_file_that_the_page_names_is_there_with_its_type_and_the_policy_forbids_all_else()
    {
        using var page = await _client.GetAsync("/verify/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        var html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("style=\"", html, StringComparison.Ordinal);
        foreach (var (file, type) in new[] { ("page.js", "text/javascript"), ("verify.js", "text/javascript"), ("words.js", "text/javascript"), ("worker.js", "text/javascript"), ("sw.js", "text/javascript"), ("style.css", "text/css"), ("index.html", "text/html") })
        {
            using var answer = await _client.GetAsync($"/verify/{file}");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(type, answer.Content.Headers.ContentType!.MediaType);
        }
        using var trust = await _client.GetAsync("/.well-known/countersign");
        Assert.Equal(HttpStatusCode.OK, trust.StatusCode);
        using var status = await _client.GetAsync("/status/1");
        Assert.Equal(HttpStatusCode.OK, status.StatusCode);
    }

    [Fact]
    public async Task The_address_on_the_mark_leads_there()
    {
        using var answer = await _client.GetAsync("/verify");
        Assert.Equal(HttpStatusCode.MovedPermanently, answer.StatusCode);
        Assert.Equal("/verify/", answer.Headers.Location!.ToString());
        using var none = await _client.GetAsync("/verify/none.js");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        using var up = await _client.GetAsync("/verify/..%2fcountersign.db");
        Assert.Equal(HttpStatusCode.NotFound, up.StatusCode);
    }

    [Fact]
    public async Task A_page_that_is_at_hand_is_not_sent_again()
    {
        using var first = await _client.GetAsync("/verify/verify.js");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/verify/verify.js");
        request.Headers.TryAddWithoutValidation("If-None-Match", first.Headers.ETag!.Tag);
        using var again = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }
}
