using System.Security.Cryptography;
using Countersign.Server.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Countersign.Server.Publishing;

/// <summary>
/// The public page that checks letters in the visitor's browser (<c>web/verify</c>), at <c>/verify/</c>. Its files are part of this program; nothing about a visitor is read or kept.
/// </summary>
public static class VerifyPage
{
    private const string Prefix = "Countersign.Server.Publishing.verify.";

    // The page's own files and nothing else; it never sends the letter anywhere.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private sealed record Page(byte[] Bytes, string Type, string Tag);

    private static readonly Dictionary<string, Page> Files = typeof(VerifyPage).Assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(n => n[Prefix.Length..], Read, StringComparer.Ordinal);

    /// <summary>Opens the door.</summary>
    public static void MapVerifying(this House house)
    {
        house.Street.MapGet("/verify", (HttpContext context) => context.Request.Path.Value!.EndsWith('/') ? Send(context, "index.html") : Results.Redirect("/verify/", permanent: true));
        house.Street.MapGet("/verify/{file}", (HttpContext context, string file) => Send(context, file));
    }

    private static IResult Send(HttpContext context, string name)
    {
        if (!Files.TryGetValue(name, out var page))
            return Results.NotFound();
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-cache"; // asked again each time, and answered with 304: nobody checks with yesterday's page
        return Results.Bytes(page.Bytes, page.Type, entityTag: new Microsoft.Net.Http.Headers.EntityTagHeaderValue(page.Tag));
    }

    private static Page Read(string resource)
    {
        using var from = typeof(VerifyPage).Assembly.GetManifestResourceStream(resource)!;
        var bytes = new byte[from.Length];
        from.ReadExactly(bytes);
        var type = Path.GetExtension(resource) switch { ".html" => "text/html; charset=utf-8", ".css" => "text/css; charset=utf-8", ".js" => "text/javascript; charset=utf-8", ".svg" => "image/svg+xml", _ => "application/octet-stream" };
        return new Page(bytes, type, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\"");
    }
}
