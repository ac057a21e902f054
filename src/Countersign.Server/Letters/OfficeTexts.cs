using System.Net.Mail;
using System.Security.Cryptography;
using Countersign.Documents;
using Countersign.Gate;
using Countersign.Ledger;
using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>
/// What the gate knows of the office's texts: every version of every letter, and what is free for whom. All of it follows from the acts and the files
/// they name, in the order of the ledger, and can be made again; whoever judges first brings it up to the newest act, so that no gate is ever behind.
/// </summary>
/// <remarks>
/// Under <c>known/</c> in the office's folder: the gate's own files, <c>read</c> (how many acts were read), <c>lock</c> (whoever holds it writes). One
/// process at a time has them. Another one that must judge meanwhile makes its own in a temporary folder, which takes longer and says the same.
/// </remarks>
public sealed class OfficeTexts : IDisposable
{
    private readonly string _folder;
    private readonly FileStream? _lock;
    private readonly bool _temporary;
    private long _read;

    private OfficeTexts(string folder, FileStream? held, byte[] secret, bool temporary)
    {
        (_folder, _lock, _temporary) = (folder, held, temporary);
        Known = KnownTexts.Open(Path.Combine(folder, "texts"), secret);
        _read = ReadMark();
    }

    /// <summary>The gate's memory.</summary>
    public KnownTexts Known { get; }

    /// <summary>Files that acts name and that were not there, or could not be read, so that the gate does not know them.</summary>
    public IList<string> Unknown { get; } = [];

    /// <summary>Opens what the gate knows. While another process has it, makes it anew in a temporary folder.</summary>
    public static OfficeTexts Open(Office office) => TryOpen(office) ?? OpenApart();

    /// <summary>Opens what the gate knows; null while another process has it.</summary>
    public static OfficeTexts? TryOpen(Office office)
    {
        var folder = office.Home.In("known");
        Directory.CreateDirectory(folder);
        FileStream held;
        try
        {
            held = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
        try
        {
            var secret = Secret(office.Home);
            try
            {
                return new OfficeTexts(folder, held, secret, temporary: false);
            }
            catch (Exception e) when (e is InvalidDataException or FormatException or EndOfStreamException)
            {
                // Damaged, or of another secret. It follows from the acts: it is made again.
                Clear(folder);
                return new OfficeTexts(folder, held, secret, temporary: false);
            }
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Forgets all and reads every act again: <c>doctor --rebuild</c>. Null while another process has it.</summary>
    public static OfficeTexts? Rebuild(Office office)
    {
        if (TryOpen(office) is not { } texts)
            return null;
        texts.Dispose();
        Clear(office.Home.In("known"));
        return TryOpen(office);
    }

    private static OfficeTexts OpenApart() =>
        new(Directory.CreateTempSubdirectory("countersign-known-").FullName, null, RandomNumberGenerator.GetBytes(32), temporary: true);

    private static void Clear(string folder)
    {
        File.Delete(Path.Combine(folder, "read"));
        if (Directory.Exists(Path.Combine(folder, "texts")))
            Directory.Delete(Path.Combine(folder, "texts"), recursive: true);
    }

    /// <summary>The secret under which texts are kept: an index without it tells nothing. Made once; lost, everything is read again under a new one.</summary>
    private static byte[] Secret(Home home)
    {
        var path = Path.Combine(home.OfficeKeys, "texts.secret");
        if (File.Exists(path) && File.ReadAllBytes(path) is { Length: 32 } kept)
            return kept;
        var secret = RandomNumberGenerator.GetBytes(32);
        Home.Write(path, secret, secret: true);
        return secret;
    }

    private long ReadMark() => File.Exists(MarkPath) && long.TryParse(File.ReadAllText(MarkPath), System.Globalization.CultureInfo.InvariantCulture, out var read) ? read : 0;

    private string MarkPath => Path.Combine(_folder, "read");

    /// <summary>
    /// Reads the acts entered since the last time. When this returns, the gate knows them all. What was read before a crash is read again, which changes
    /// nothing.
    /// </summary>
    public void CatchUp(Office office, Action<long, long>? progress = null)
    {
        var size = (long)office.LedgerSize;
        var rows = office.Records.Acts.Where(a => a.Index >= _read && a.Index < size && (a.Kind == "draft" || a.Kind == "release" || a.Kind == "free" || a.Kind == "found"))
            .OrderBy(a => a.Index).Select(a => a.Index).ToList();
        foreach (var (index, done) in rows.Select((index, done) => (index, done)))
        {
            progress?.Invoke(done, rows.Count);
            var row = office.Records.Acts.First(a => a.Index == index);
            if (!Book.Recorded(row).Is(out var recorded, out var damage))
                throw new InvalidDataException(damage.Why);
            Learn(office, recorded);
        }
        if (size != _read)
        {
            _read = size;
            DurableFile.Write(MarkPath, _read.ToString(System.Globalization.CultureInfo.InvariantCulture).Utf8());
        }
        ForgetOld(office);
    }

    private void Learn(Office office, RecordedAct recorded)
    {
        switch (recorded.Act)
        {
            case FoundAct found:
                // The head of every letter: it stands in drafts, and under everybody's mail.
                Known.Learn(new KnownText("letterhead", found.Title, 0, KnownTextKind.Free, Audience.Everyone), NormalText.Of([found.Title, found.Office, found.Title]));
                break;
            case DraftAct draft when !IsOld(office, draft.Letter):
                foreach (var (text, _) in Texts(office, draft, all: true))
                    Known.Learn(new KnownText(draft.Letter, draft.Reference, (int)draft.Version, KnownTextKind.Draft), text);
                break;
            case ReleaseAct release when !IsOld(office, release.Letter):
                var released = (DraftAct)office.History(release.Letter).Drafts.First(d => d.Act.Digest == release.Draft).Act;
                var audience = AudienceOf(office, released);
                if (audience is null)
                    break; // it names nobody: it is free for nobody, and its sealed copy is all that leaves
                foreach (var (text, _) in Texts(office, released, all: false))
                    Known.Learn(new KnownText(released.Letter, released.Reference, (int)released.Version, KnownTextKind.Free, audience), text);
                break;
            case FreeAct free:
                if (office.Home.ReadBlob(free.Text) is { } bytes)
                    Known.Learn(new KnownText($"free.{free.Text}", free.Title, 0, KnownTextKind.Free, Audience.Everyone), NormalText.Of(Whole(bytes, all: false)));
                else
                    Unknown.Add($"the free text \"{free.Title}\" (SHA-256 {free.Text})");
                break;
        }
    }

    /// <summary>The texts of a version: its fair copy, what it was made from, and all that leaves with it.</summary>
    private IEnumerable<(NormalText Text, Digest File)> Texts(Office office, DraftAct draft, bool all)
    {
        Digest?[] files = [draft.FairCopy, draft.Source, .. draft.Enclosures.Select(e => (Digest?)e.Digest)];
        foreach (var file in files.OfType<Digest>().Distinct())
        {
            if (office.Home.ReadBlob(file) is not { } bytes)
            {
                // A source may be lost, as after a restore from sealed copies: what it showed stands in the fair copy.
                if (file != draft.Source)
                    Unknown.Add($"{draft.Reference}, version {draft.Version}: the file with SHA-256 {file}");
                continue;
            }
            var text = NormalText.Of(Whole(bytes, all));
            if (text.Letters.Length > 0)
                yield return (text, file);
        }
    }

    /// <summary>What a file says to people; with <paramref name="all"/>, also what it hides: that is a draft's text as much.</summary>
    private static IEnumerable<string> Whole(byte[] bytes, bool all) => Document.Read(bytes).Whole().SelectMany(d => d.Passages)
        .Where(p => p.Role is not (TextRole.Name or TextRole.Metadata or TextRole.MailHeader)
            && (all || p.Role is not (TextRole.Comment or TextRole.Deleted or TextRole.Hidden or TextRole.Annotation)))
        .Select(p => p.Text);

    /// <summary>For whom a released letter is free; null where it names nobody.</summary>
    public static Audience? AudienceOf(Office office, DraftAct draft)
    {
        if (draft.Public)
            return Audience.Everyone;
        string[] names = [.. draft.Addressees.Select(a => office.Disclose(a)?.Value).OfType<string>().SelectMany(Addresses)];
        return names.Length == 0 ? null : Audience.Of(names);
    }

    /// <summary>The mail address in <c>Name &lt;address&gt;</c>; the whole where there is none.</summary>
    public static IEnumerable<string> Addresses(string addressee) =>
        MailAddress.TryCreate(addressee, out var address) ? [address.Address] : [addressee.Trim()];

    private static bool IsOld(Office office, string letter)
    {
        if (office.Policy.RetentionDays is not { } days)
            return false;
        var history = office.History(letter);
        var last = history.Release ?? history.Drafts.LastOrDefault();
        return last is not null && office.Now - last.At > TimeSpan.FromDays(days);
    }

    /// <summary>Forgets the letters whose time is over under the policy.</summary>
    private void ForgetOld(Office office)
    {
        if (office.Policy.RetentionDays is null)
            return;
        foreach (var letter in office.AllLetters().Where(l => IsOld(office, l.Id)))
            Known.Forget(letter.Id);
    }

    /// <summary>The draft whose text a file holds, if it holds any that is not free for everyone.</summary>
    public Leak? DraftIn(byte[] bytes) => Known.Match(NormalText.Of(Document.Read(bytes).Whole().SelectMany(d => d.Passages).Select(p => p.Text)), Audience.Everyone).Leaks is [var leak, ..] ? leak : null;

    /// <summary>What is wrong with the gate's files; null when all is well. Call it after <see cref="CatchUp"/>.</summary>
    public string? Faults(Office office)
    {
        var drafts = office.AllLetters().Where(l => !IsOld(office, l.Id)).ToList();
        return Known.Letters < drafts.Count - Unknown.Count
            ? $"it knows {Known.Letters} of {drafts.Count} letters."
            : null;
    }

    public void Dispose()
    {
        Known.Dispose();
        _lock?.Dispose();
        if (_temporary)
            Directory.Delete(_folder, recursive: true);
    }
}

public sealed partial class Office
{
    /// <summary>
    /// Tells the gate what is new. Where another process has the gate's memory, or the files cannot be written, it learns before it judges next: nothing
    /// waits for this, and it is no reason to fail.
    /// </summary>
    public void LearnTexts()
    {
        try
        {
            using var texts = OfficeTexts.TryOpen(this);
            texts?.CatchUp(this);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            Warnings.Add($"It is entered. The gate will learn its text before it judges next, because now it could not: {e.Message}");
        }
    }

    /// <summary>Keeps what was found in a version, in full.</summary>
    public void KeepFindings(Digest draft, IReadOnlyList<Finding> findings)
    {
        var name = draft.ToString();
        if (findings.Count == 0 || Records.Findings.Any(f => f.Draft == name))
            return;
        Records.Findings.Add(new FindingsRow { Draft = name, Json = System.Text.Json.JsonSerializer.Serialize(findings) });
        Save();
    }

    /// <summary>What was found in a version, in full; empty where nothing was, or it is no longer kept.</summary>
    public IReadOnlyList<Finding> FindingsOf(Digest draft)
    {
        var name = draft.ToString();
        return Records.Findings.FirstOrDefault(f => f.Draft == name) is { } row ? System.Text.Json.JsonSerializer.Deserialize<List<Finding>>(row.Json) ?? [] : [];
    }
}
