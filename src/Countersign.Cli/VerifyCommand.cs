using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Countersign.Proof;

namespace Countersign.Cli;

/// <summary>
/// Checks a sealed letter with nothing but a trust file, and says the verdict. The office's own program and the stranger's share this one.
/// The network is used only for a status address that the person gave.
/// </summary>
internal static class VerifyCommand
{
    private const long MaxFile = 256L * 1024 * 1024;

    /// <summary>How far a status file's time may run ahead of this machine's clock.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Verifies <paramref name="file"/> for the moment <paramref name="asked"/> (else <paramref name="now"/>) and prints the verdict. Exit codes: 0 genuine and in force, 4 genuine but not known to be in force,
    /// 1 not genuine, 2 wrong usage, 3 a file or address could not be read.
    /// </summary>
    public static int Run(
        string file, ReadOnlyMemory<byte> trustFile, string? status, DateTimeOffset? asked, DateTimeOffset now, bool json, TextWriter output, TextWriter error)
    {
        if (!TrustRoot.TryRead(trustFile, out var trust, out var fault))
            return Fail(2, "trust.invalid", fault, "Get the trust file from the office's address /.well-known/countersign.", json, output, error);
        ReadOnlyMemory<byte>? list = null;
        byte[] bytes;
        try
        {
            if (status is not null)
                list = status.StartsWith("http://", StringComparison.Ordinal) || status.StartsWith("https://", StringComparison.Ordinal) ? Fetch(status) : File.ReadAllBytes(status);
            if (list is { } given && TrustRoot.TryRead(given, out var newer, out _))
            {
                // Somebody gives the office's newer trust file for its status file: it has one inside.
                if (newer.WhyNotAfter(trust) is { } older)
                    return Fail(3, "verify.status", $"{status} is a trust file, and not a newer one of this office: {older}.", "Get the office's status file, or leave out --status.", json, output, error);
                list = newer.Status;
            }
            if (new FileInfo(file).Length > MaxFile)
                return Fail(3, "verify.too-large", $"{file} is larger than any sealed letter can be.", "Check the path.", json, output, error);
            bytes = File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HttpRequestException or TaskCanceledException)
        {
            return Fail(3, "verify.read", e.Message, "Check the path or the address, then try again.", json, output, error);
        }
        var verdict = Receipt.Verify(bytes, trust, list, asked ?? now);
        // Proof has no clock; here is one. Whoever steals the office's key could else date a status file into the future, where it outlives every true one.
        if (verdict.AsOf is { } made && made > now + Ahead)
            return Fail(3, "verify.ahead", $"The status file is dated {Text.Moment(made)}, and this machine's clock says {Text.Moment(now)}: one of the two is wrong.",
                "Set the clock right; if it is, the status file is not to be trusted: ask the office.", json, output, error);
        // Whoever names a status file asks what it says. To answer without it, and in force, would be a lie.
        if (verdict.Unused is { } unused)
            return Fail(3, "verify.status", $"{status} says nothing about this letter. {unused}", "Get the office's status file from its public address (/status/1), or leave out --status.", json, output, error);
        if (json)
            PrintJson(verdict, output);
        else
            PrintWords(verdict, file, output);
        return verdict.ExitCode;
    }

    private static int Fail(int exitCode, string code, string why, string next, bool json, TextWriter output, TextWriter error)
    {
        if (!json)
        {
            error.WriteLine(why);
            error.WriteLine(next);
            return exitCode;
        }
        using var stream = new MemoryStream();
        using (var writer = Writer(stream))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("refused", true);
            writer.WriteString("code", code);
            writer.WriteString("why", why);
            writer.WriteString("next", next);
            writer.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
        return exitCode;
    }

    private static void PrintWords(Verdict verdict, string file, TextWriter output)
    {
        output.WriteLine(verdict.Words);
        output.WriteLine($"  File:      {Path.GetFileName(file)}");
        if (verdict.Office is not null)
            output.WriteLine($"  Office:    {verdict.Office}");
        if (verdict.Reference is not null)
            output.WriteLine($"  Letter:    {verdict.Reference} ({verdict.LetterKind})");
        if (verdict.ReleasedAt is { } released)
            output.WriteLine($"  Released:  {Text.Moment(released)}, as the office says");
        foreach (var approver in verdict.Approvals)
            output.WriteLine($"  Approved:  {approver.Person ?? "(name not disclosed)"}, {string.Join(", ", approver.Roles)} ({(approver.Assurance == Assurance.Passkey ? "passkey" : "software key")})");
        if (verdict.SelfMade)
            output.WriteLine("  Note:      self-made office: one machine made the keys of several of its people.");
        foreach (var reason in verdict.Reasons)
            output.WriteLine($"  {reason}");
        output.WriteLine(verdict.AsOf is { } asOf
            ? $"  Answered for {Text.Moment(verdict.For)}, by a status file of {Text.Moment(asOf)}."
            : $"  Answered for {Text.Moment(verdict.For)}.");
    }

    private static void PrintJson(Verdict verdict, TextWriter output)
    {
        using var stream = new MemoryStream();
        using (var writer = Writer(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("verdict", verdict.Code);
            writer.WriteString("office", verdict.Office);
            writer.WriteString("reference", verdict.Reference);
            writer.WriteString("kind", verdict.LetterKind);
            writer.WriteString("releasedAt", verdict.ReleasedAt is { } released ? Text.Moment(released) : null);
            writer.WriteString("asOf", Text.Moment(verdict.AsOf ?? verdict.For));
            writer.WriteBoolean("selfMade", verdict.SelfMade);
            writer.WriteStartArray("approvals");
            foreach (var approver in verdict.Approvals)
            {
                writer.WriteStartObject();
                writer.WriteString("person", approver.Person);
                writer.WriteStartArray("roles");
                foreach (var role in approver.Roles)
                    writer.WriteStringValue(role);
                writer.WriteEndArray();
                writer.WriteString("assurance", approver.Assurance == Assurance.Passkey ? "passkey" : "software");
                writer.WriteString("at", Text.Moment(approver.At));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteStartArray("reasons");
            foreach (var reason in verdict.Reasons)
                writer.WriteStringValue(reason);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static Utf8JsonWriter Writer(Stream stream) =>
        new(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Fetches a status file, bounded in size and time.</summary>
    private static byte[] Fetch(string address)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = StatusList.MaxBytes };
        client.DefaultRequestHeaders.UserAgent.ParseAdd(string.Create(CultureInfo.InvariantCulture, $"countersign-verify/1"));
        return client.GetByteArrayAsync(new Uri(address)).GetAwaiter().GetResult();
    }
}
