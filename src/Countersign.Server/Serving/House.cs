using System.Threading.RateLimiting;
using Countersign.Server.Commands;
using Countersign.Server.Letters;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Countersign.Server.Serving;

/// <summary>
/// The house while it serves. Rooms add their doors to <see cref="Programs"/>; what stands there is for whoever signs in with a token, and no more
/// often than the rate allows.
/// </summary>
public sealed class House
{
    /// <summary>Requests of one token: so many at once, and so many again each second.</summary>
    private const int Burst = 60, PerSecond = 20;

    private static readonly TimeSpan TokensLast = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private IReadOnlyList<(string Name, string Digest)> _tokens = [];
    private DateTimeOffset _tokensAt;

    private House(SharedOffice office, IEndpointRouteBuilder street, RouteGroupBuilder programs, IHostApplicationLifetime life) =>
        (Office, Street, Programs, Life) = (office, street, programs, life);

    /// <summary>The office that it serves.</summary>
    public SharedOffice Office { get; }

    /// <summary>Where doors for everybody are added: nobody signs in there.</summary>
    public IEndpointRouteBuilder Street { get; }

    /// <summary>Where doors for programs are added, under <c>/api/v1</c>.</summary>
    public RouteGroupBuilder Programs { get; }

    /// <summary>When the house closes.</summary>
    public IHostApplicationLifetime Life { get; }

    /// <summary>Serves until somebody ends it.</summary>
    /// <param name="home">The office's folder.</param>
    /// <param name="clock">What time it is.</param>
    /// <param name="urls">Where it listens.</param>
    /// <param name="doors">What the rooms answer.</param>
    /// <param name="beside">What else runs in this process, such as the gate; each is ended with the house.</param>
    /// <param name="said">Where it says that it serves.</param>
    public static Result<Answer> Run(Home home, TimeProvider clock, string urls, Action<House> doors, IReadOnlyList<Func<House, Result<IDisposable>>> beside, TextWriter said)
    {
        if (!Build(home, clock, urls, doors).Is(out var built, out var refusal))
            return refusal;
        var (app, house) = built;
        using var closing = app;
        try
        {
            app.Start();
        }
        catch (Exception e) when (e is IOException or FormatException or InvalidOperationException or UriFormatException)
        {
            return new Refusal("serve.file", $"The office cannot listen at {urls}: {e.Message.TrimEnd('.')}.", "Give another address with --urls, such as http://127.0.0.1:9000.");
        }
        var running = new List<IDisposable>();
        try
        {
            foreach (var start in beside)
            {
                if (!start(house).Is(out var started, out refusal))
                    return refusal;
                running.Add(started);
            }
            said.WriteLine($"{house.Office.Alone(o => o.Found.Title)} serves at {string.Join(", ", app.Urls)}. Ctrl+C ends it.");
            house.Life.ApplicationStopped.WaitHandle.WaitOne();
            return new Answer().Line("The office no longer serves.");
        }
        finally
        {
            running.ForEach(r => r.Dispose());
            house.Close();
        }
    }

    /// <summary>The web application, not started yet.</summary>
    internal static Result<(WebApplication App, House House)> Build(Home home, TimeProvider clock, string urls, Action<House> doors)
    {
        if (!SharedOffice.Open(home, clock).Is(out var office, out var refusal))
            return refusal;
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = home.Path });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(o => o.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = null; // each door has its own bound
            k.Limits.MaxConcurrentConnections = 2000;
        });
        builder.Services.AddProblemDetails();
        builder.Services.AddRateLimiter(o =>
        {
            o.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            o.OnRejected = async (context, cancel) =>
            {
                context.HttpContext.Response.Headers.RetryAfter = "1";
                await Problems.Write(context.HttpContext, 429, "rate", "Too many requests with this token.", "Wait a second, then ask again.");
            };
            o.AddPolicy("programs", context => RateLimitPartition.GetTokenBucketLimiter((string?)context.Items["token"] ?? "", _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = Burst,
                TokensPerPeriod = PerSecond,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                QueueLimit = 0,
            }));
        });
        var app = builder.Build();
        app.UseExceptionHandler(handler => handler.Run(context => Problems.Write(context, 500, "house", "The office could not answer.", "Ask again; if it fails again, `countersign doctor` tells more.")));
        app.Use((context, next) =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
            return next(context);
        });
        var programs = app.MapGroup("/api/v1");
        var opened = new House(office, app, programs, app.Lifetime);
        app.Use(async (context, next) =>
        {
            if (!context.Request.Path.StartsWithSegments("/api/v1") || opened.SignedIn(context))
                await next(context);
            else
                await Problems.Write(context, 401, "token", "This needs a token that the office knows.", "Make one with `countersign token add NAME` and send it as: Authorization: Bearer TOKEN.");
        });
        app.UseRouting();
        app.UseRateLimiter();
        programs.RequireRateLimiting("programs");
        app.MapGet("/healthz", () => Results.Text("ok\n"));
        Directory.CreateDirectory(home.Public);
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = new PhysicalFileProvider(home.Public, Microsoft.Extensions.FileProviders.Physical.ExclusionFilters.System), // "/.well-known" begins with a dot
            ServeUnknownFileTypes = true,
            DefaultContentType = "application/octet-stream",
            ContentTypeProvider = new FileExtensionContentTypeProvider(new Dictionary<string, string>()),
            OnPrepareResponse = file => file.Context.Response.Headers.ContentType = file.Context.Request.Path.Value switch
            {
                "/ledger/checkpoint" => "text/plain; charset=utf-8",
                "/.well-known/countersign" => "application/json",
                var path when path!.StartsWith("/status/", StringComparison.Ordinal) => "application/statuslist+cwt",
                _ => "application/octet-stream",
            },
        });
        doors(opened);
        return (app, opened);
    }

    /// <summary>Closes the office, once nobody is served any more.</summary>
    internal void Close() => Office.Dispose();

    private bool SignedIn(HttpContext context)
    {
        const string Bearer = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return false;
        var digest = Tokens.DigestOf(header[Bearer.Length..].Trim());
        // A token that was removed stops within seconds, whichever program removed it.
        IReadOnlyList<(string Name, string Digest)> tokens;
        lock (_gate)
        {
            if (Office.Now - _tokensAt > TokensLast)
                (_tokens, _tokensAt) = (Office.Alone(Tokens.All), Office.Now);
            tokens = _tokens;
        }
        if (tokens.FirstOrDefault(t => System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(
            System.Text.Encoding.ASCII.GetBytes(t.Digest), System.Text.Encoding.ASCII.GetBytes(digest))).Name is not { } name)
            return false;
        context.Items["token"] = name;
        return true;
    }
}
