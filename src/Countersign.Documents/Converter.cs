using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Countersign.Documents;

/// <summary>Turns office documents into PDF with LibreOffice, where it is installed.</summary>
public sealed class Converter
{
    private const long MostOutput = 200L * 1024 * 1024;

    /// <summary>The profile of every conversion: no macros, no links followed, and a proxy that leads
    /// nowhere.</summary>
    private static readonly (string Path, string Name, string Value)[] Settings =
    [
        ("/org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
        ("/org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
        ("/org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
        ("/org.openoffice.Office.Common/Security/Scripting", "DisableActiveContent", "true"),
        ("/org.openoffice.Office.Writer/Content/Update", "Link", "0"),
        ("/org.openoffice.Inet/Settings", "ooInetProxyType", "2"),
        ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
        ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyPort", "9"),
        ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
        ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyPort", "9"),
    ];

    private readonly string? _program;
    private readonly TimeSpan _limit;

    private Converter(string? program, TimeSpan limit) => (_program, _limit) = (program, limit);

    /// <summary>The LibreOffice on this machine's search path, with two minutes for each document.</summary>
    public static Converter OfThisMachine() => new(FindProgram(), TimeSpan.FromSeconds(120));

    /// <summary>For tests: another program, or none, and another limit.</summary>
    internal static Converter With(string? program, TimeSpan limit) => new(program, limit);

    /// <summary>Whether LibreOffice is here.</summary>
    public bool IsInstalled => _program is not null;

    /// <summary>Converts a DOCX, ODT, RTF or DOC of at most 100 MB. The file's name is used for nothing but the
    /// answer's words.</summary>
    /// <returns><see cref="PdfMade"/>, or a <see cref="TypesetRefusal"/> whose code begins with "convert.".</returns>
    public async Task<PdfResult> ToPdf(ReadOnlyMemory<byte> document, string fileName,
        CancellationToken cancel = default)
    {
        var kind = DocumentKind.Detect(document);
        var name = Shown(fileName);
        if (kind != DocumentKind.Docx && kind != DocumentKind.Odt && kind != DocumentKind.Rtf
            && kind != DocumentKind.Doc)
            return new TypesetRefusal("convert.kind",
                $"“{name}” is {kind.Said}; only DOCX, ODT, RTF and DOC are converted.",
                "Bring the letter as a PDF, as Markdown, or in one of these formats.");
        if (_program is null)
            return new TypesetRefusal("convert.no-libreoffice",
                "LibreOffice, which converts office documents, is not installed on this machine.",
                "Install it (Debian: apt install libreoffice-writer-nogui), or bring a PDF or Markdown.");

        // Everything lies in one folder of its own, under plain names: no name of the user's reaches a command line.
        var folder = Directory.CreateTempSubdirectory("countersign-convert-");
        try
        {
            var input = Path.Combine(folder.FullName, "letter." + kind.Name);
            var output = Path.Combine(folder.FullName, "out", "letter.pdf");
            var profile = Path.Combine(folder.FullName, "profile");
            Directory.CreateDirectory(Path.Combine(profile, "user"));
            await File.WriteAllBytesAsync(input, document, cancel).ConfigureAwait(false);
            var settings = Path.Combine(profile, "user", "registrymodifications.xcu");
            await File.WriteAllTextAsync(settings, SettingsFile(), cancel).ConfigureAwait(false);
            var (finished, said) = await Run(folder.FullName, input, profile, cancel).ConfigureAwait(false);
            if (!finished)
                return new TypesetRefusal("convert.too-slow",
                    $"LibreOffice did not finish “{name}” within {_limit.TotalSeconds:0} seconds.",
                    "Open the document in an office program, save it as PDF there, and bring the PDF.");
            var made = new FileInfo(output);
            if (!made.Exists || made.Length == 0)
                return new TypesetRefusal("convert.failed", $"LibreOffice could not convert “{name}”{said}.",
                    "Open the document in an office program and save it again, or bring it as a PDF.");
            if (made.Length > MostOutput)
                return new TypesetRefusal("convert.too-large", $"“{name}” became a PDF of {made.Length / 1048576} MB.",
                    "Make its pictures smaller, or split it.");
            var pdf = await File.ReadAllBytesAsync(output, cancel).ConfigureAwait(false);
            return PdfPages.Count(pdf) is { } pages
                ? new PdfMade(pdf, pages)
                : new TypesetRefusal("convert.failed",
                    $"LibreOffice made a PDF from “{name}” that cannot be read back.",
                    "Open the document in an office program, save it as PDF there, and bring the PDF.");
        }
        finally
        {
            Remove(folder);
        }
    }

    private async Task<(bool Finished, string Said)> Run(string folder, string input, string profile,
        CancellationToken cancel)
    {
        string[] arguments = ["--headless", "--invisible", "--nologo", "--nodefault", "--nolockcheck", "--norestore",
            "--nofirststartwizard",
            "-env:UserInstallation=" + new Uri(profile).AbsoluteUri, "--convert-to", "pdf:writer_pdf_Export",
            "--outdir", Path.Combine(folder, "out"), input];
        var start = new ProcessStartInfo(_program!, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["HOME"] = folder;
        start.Environment["TMPDIR"] = folder;
        foreach (var proxy in new[] { "http_proxy", "https_proxy", "all_proxy" })
            start.Environment[proxy] = "http://127.0.0.1:9";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            return (true, $": it could not be started ({e.Message})");
        }
        using (process)
        {
            process.StandardInput.Close();
            var words = new Tail();
            process.OutputDataReceived += (_, line) => words.Add(line.Data);
            process.ErrorDataReceived += (_, line) => words.Add(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(_limit);
            try
            {
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
                cancel.ThrowIfCancellationRequested();
                return (false, "");
            }
            var said = words.ToString();
            return (true, said.Length == 0 ? "" : $" (it said: {said})");
        }
    }

    private static string SettingsFile()
    {
        var file = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
            .Append("<oor:items xmlns:oor=\"http://openoffice.org/2001/registry\">\n");
        foreach (var (path, name, value) in Settings)
            file.Append($"<item oor:path=\"{path}\"><prop oor:name=\"{name}\" oor:op=\"fuse\">")
                .Append($"<value>{value}</value></prop></item>\n");
        return file.Append("</oor:items>\n").ToString();
    }

    /// <summary>Deletes the folder; what a dying process still holds open is left to the machine's own
    /// cleaning.</summary>
    private static void Remove(DirectoryInfo folder)
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Trace.TraceWarning($"The temporary folder {folder.FullName} could not be removed: {e.Message}");
        }
    }

    private static string? FindProgram()
    {
        string[] names = OperatingSystem.IsWindows() ? ["soffice.exe"] : ["soffice", "libreoffice"];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator,
            StringSplitOptions.RemoveEmptyEntries)
            .Append("/Applications/LibreOffice.app/Contents/MacOS").Append(@"C:\Program Files\LibreOffice\program");
        return folders.SelectMany(folder => names.Select(name => Path.Combine(folder, name))).FirstOrDefault(
            File.Exists);
    }

    private static string Shown(string fileName)
    {
        var name = new StringBuilder();
        foreach (var rune in Path.GetFileName(fileName).EnumerateRunes().Take(80))
            name.Append(Rune.IsControl(rune) || Rune.GetUnicodeCategory(
                rune) == System.Globalization.UnicodeCategory.Format
                ? "�" : rune.ToString());
        return name.Length == 0 ? "the document" : name.ToString();
    }

    /// <summary>The last few words that a program said.</summary>
    private sealed class Tail
    {
        private readonly Lock _gate = new();
        private string _last = "";

        public void Add(string? line)
        {
            if (string.IsNullOrWhiteSpace(line)) return;
            lock (_gate) _last = line.Length > 200 ? line[..200] : line.Trim();
        }

        public override string ToString()
        {
            lock (_gate) return _last;
        }
    }
}
