using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Countersign.Server.Commands;

/// <summary>What goes wrong, said to a program over HTTP: problem details (RFC 9457) with our own members <c>code</c> and <c>next</c>.</summary>
public static class Problems
{
    /// <summary>Answers with a problem.</summary>
    public static Task Write(HttpContext context, int status, string code, string why, string next)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(new JsonObject { ["title"] = why, ["status"] = status, ["detail"] = next, ["code"] = code, ["next"] = next }.ToJsonString());
    }
}
