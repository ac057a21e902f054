using Countersign.Documents;
using Countersign.Gate;
using Countersign.Server.Commands;
using Countersign.Server.Letters;
using Countersign.Server.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Countersign.Server.Checking;

/// <summary><c>POST /api/v1/check</c>: the gatekeeper for publishing systems, print servers and chat.</summary>
public static class CheckDoor
{
    /// <summary>Opens the door. The gate's memory is this house's as long as it serves.</summary>
    public static void MapChecking(this House house)
    {
        var desk = new Desk(house);
        house.Life.ApplicationStopped.Register(desk.Dispose);
        house.Programs.MapPost("/check", desk.Answer);
    }

    private sealed class Desk(House house) : IDisposable
    {
        private readonly SemaphoreSlim _atOnce = new(Environment.ProcessorCount * 2);
        private (ulong Size, DateTimeOffset At, Checks Checks)? _checks;

        /// <summary>Reads the body up to its bound, judges it, and says so in the form of <c>check --json</c>, without letters and passages: a token is no reader.</summary>
        public async Task Answer(HttpContext context)
        {
            if (context.Request.ContentLength is > DocumentKind.MostBytes)
            {
                await TooLarge(context);
                return;
            }
            var name = context.Request.Query["name"].ToString();
            string[] to = [.. context.Request.Query["to"].OfType<string>().Where(t => t.Trim().Length > 0)];
            if (name.Length > 500 || to.Length > 1000 || to.Any(t => t.Length > 500))
            {
                await Problems.Write(context, 400, "check.query", "The name or an address is too long.", "Give name=FILE once, and to=ADDRESS for each recipient.");
                return;
            }
            using var body = new MemoryStream();
            var buffer = new byte[81_920];
            for (int read; (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0;)
            {
                if (body.Length + read > DocumentKind.MostBytes)
                {
                    await TooLarge(context);
                    return;
                }
                body.Write(buffer, 0, read);
            }
            await _atOnce.WaitAsync(context.RequestAborted);
            try
            {
                var checks = house.Office.Alone(Current);
                var found = checks.Check(body.GetBuffer().AsMemory(0, (int)body.Length), name, to.Length > 0 ? Audience.Of(to.SelectMany(OfficeTexts.Addresses)) : null);
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync(found.ToJson(inFull: false).ToJsonString(), context.RequestAborted);
            }
            finally
            {
                _atOnce.Release();
            }
        }

        private static Task TooLarge(HttpContext context) =>
            Problems.Write(context, 413, "check.too-large", "The file is larger than the 100 MB that are read.", "Send its parts one by one.");

        /// <summary>The gate as of the newest act, made anew when there is one, and each minute for the clock's sake.</summary>
        private Checks Current(Office office)
        {
            if (_checks is { } made && made.Size == office.LedgerSize && office.Now - made.At < TimeSpan.FromMinutes(1))
                return made.Checks;
            var checks = new Checks(office, house.Office.Texts);
            _checks = (office.LedgerSize, office.Now, checks);
            return checks;
        }

        public void Dispose() => _atOnce.Dispose();
    }
}
