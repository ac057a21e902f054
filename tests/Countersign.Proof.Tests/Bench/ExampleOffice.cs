using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// The worked example of docs/EXAMPLE.md: an office from <c>found</c> to <c>withdraw</c>, the same to the last byte each time that it is made.
/// <see cref="Values"/> are what the document shows, <see cref="Files"/> what lies in testdata/example.
/// </summary>
internal sealed class ExampleOffice
{
    private const string Domain = "tfn.example", Letter = "tfn-2026-0001", Reference = "TFN-2026-0001", Address = "https://tfn.example/status/1";
    private const int StatusPlace = 4711, Width = 150;

    private static readonly DateTimeOffset Begin = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    private readonly Ed25519PrivateKey _ledger = Seed("ledger"), _statement = Seed("statement");
    private readonly ExampleKey _seal = new("countersign example: seal");
    private readonly ExamplePerson[] _people =
    [
        new("registrar-1", "Registrar One", "registrar", passkey: false),
        new("registrar-2", "Registrar Two", "registrar", passkey: false),
        new("clerk-1", "Clerk One", "clerk", passkey: false),
        new("legal-1", "Legal One", "legal", passkey: false),
        new("commander-1", "Commander One", "commander", passkey: true),
        new("chief-1", "Chief of Staff One", "chief-of-staff", passkey: false),
    ];

    private readonly List<RecordedAct> _entries = [];
    private readonly List<Digest> _leaves = [];
    private readonly byte[] _policy, _certificate;
    private readonly Func<string, byte[]?> _kept;
    private RosterChain _chain = null!;
    private LetterHistory _history = LetterHistory.Of(Letter);

    /// <summary>Makes the example. <paramref name="kept"/> finds a file of testdata/example as it lies there (see <see cref="Packed"/>).</summary>
    public ExampleOffice(Func<string, byte[]?> kept)
    {
        _kept = kept;
        _certificate = Certify();
        _policy = Policy.Write(new PolicyParts
        {
            People = [new Need(["registrar"], 2)],
            Change = [One("commander"), One("legal")],
            Stop = [One("chief-of-staff", "commander", "legal", "registrar")],
            Withdraw = [One("chief-of-staff"), One("commander", "legal")],
            Free = [One("registrar"), One("legal")],
            Kinds = new Dictionary<string, IReadOnlyList<Need>> { ["letter"] = [One("legal"), One("commander")] },
            Assurances = new Dictionary<string, Assurance> { ["commander"] = Assurance.Passkey },
        });
        Show();
    }

    /// <summary>What the document shows, by name.</summary>
    public Dictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>What lies in testdata/example, by name.</summary>
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    private static Need One(params string[] roles) => new(roles, 1);

    private static Ed25519PrivateKey Seed(string what) => new(Digest.Of(Encoding.ASCII.GetBytes($"countersign example: {what}")).ToArray());

    private ExamplePerson Person(string id) => _people.Single(p => p.Id == id);

    private void Show()
    {
        var fairCopy = SmallPdf.Of("The position of this office has NOT changed.");
        Values["people"] = string.Join("\n\n", _people.Select(p => Lines(
            ("person", p.Id), ("name", p.Name), ("salt", Hex(p.Salt)), ("name, salted", p.Enrolment.Name.ToString()), ("key", Hex(p.Key.CoseKey)),
            ("key id", Digest.Of(p.Key.CoseKey).ToString()), ("passkey id", Hex(p.CredentialId)), ("challenge", p.Challenge.ToString()))));
        Values["office-keys"] = Lines(
            ("ledger", Hex(_ledger.Public.Bytes.Span)), ("statement", Hex(_statement.Public.Bytes.Span)),
            ("ledger, as a note names it", NoteKey.Create($"{Domain}/ledger", NoteKeyKind.Ed25519, _ledger.Public).ToString()), ("certificate", Hex(_certificate)));
        Values["policy"] = $"{Wrap(Encoding.UTF8.GetString(_policy))}\n\nname  {Digest.Of(_policy)}";
        (Files["policy.json"], Files["certificate.der"], Files["fair-copy.pdf"]) = (_policy, _certificate, fairCopy);

        Enter(Found(), "registrar-1", "registrar-2");
        foreach (var person in _people[2..])
            Enter(new EnrolAct(Header("registrar-1")) { Person = person.Enrolment }, "registrar-1", "registrar-2");
        Enter(Draft(fairCopy), "clerk-1");
        Enter(Review(), "legal-1");
        Enter(Release(), "commander-1");

        var receipt = Receipt(fairCopy);
        var copy = SealedPdf.Seal(fairCopy, receipt.Bytes, receipt.Plan()!, _certificate, attributes => _seal.SignDer(attributes.Span)).Pdf!;
        (Files["receipt.cose"], Files["sealed.pdf"], Files["trust.json"]) = (receipt.Bytes.ToArray(), copy, Trust());
        ShowReceipt(receipt);
        ShowSeal(fairCopy.Length, copy, receipt.Bytes.Length);
        Values["trust"] = Encoding.UTF8.GetString(Files["trust.json"]).TrimEnd('\n');
        Status("status-released.cose", Standing.InForce);

        var hold = Enter(new HoldAct(Header("legal-1")) { Letter = Letter, Reason = Salted("reason", "It speaks for nobody.") }, "legal-1");
        Files["hold.cose"] = SignedHold.Write((HoldAct)hold.Act, hold.Approvals);
        Values["signed-hold"] = Picture().Draw(Files["hold.cose"]);
        Status("status-held.cose", Standing.OnHold);
        Enter(Withdraw(), "chief-1", "legal-1");
        Status("status-withdrawn.cose", Standing.Withdrawn);

        Values["status"] = Picture().Open(Payload("status-withdrawn.cose")).Draw(Files["status-withdrawn.cose"]);
        Values["files"] = string.Join('\n', Files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{Digest.Of(f.Value)}  {f.Value.Length,6}  {f.Key}"));
        ShowVerdicts(copy);
    }

    private ActHeader Header(string by) => new(
        Domain, Begin.AddMinutes(10 * _entries.Count), Digest.Of(Encoding.ASCII.GetBytes($"countersign example: nonce {_entries.Count}")).ToString()[..32], by,
        _entries.Count == 0 ? null : _chain.Newest.Digest);

    private static Digest Salted(string label, string value) =>
        Commitment.Of(label, Digest.Of(Encoding.ASCII.GetBytes($"countersign example: salt of the {label}")).ToArray().AsSpan(0, Commitment.SaltSize), value);

    private FoundAct Found() => new(Header("registrar-1"))
    {
        Title = "Task Force North (worked example)",
        People = [.. _people[..2].Select(p => p.Enrolment)],
        Policy = Digest.Of(_policy),
        Keys = new PublicKeys($"{Domain}/ledger", _ledger.Public, _statement.Public, Digest.Of(_certificate)),
        Site = new PasskeySite("approve.tfn.example", ["https://approve.tfn.example"]),
        SignIn = "desk.tfn.example",
        Exercise = false,
    };

    private DraftAct Draft(byte[] fairCopy) => new(Header("clerk-1"))
    {
        Letter = Letter,
        Version = 1,
        Reference = Reference,
        LetterKind = "letter",
        FairCopy = Digest.Of(fairCopy),
        LetterSubject = Salted("subject", "Our position"),
        Language = "en",
        Addressees = [Salted("addressee", "Addressee One <one@addressee.example>")],
        Mark = new MarkPlace(1, MarkCorner.TopRight),
    };

    private ReviewAct Review() => new(Header("legal-1"))
    {
        Letter = Letter,
        Draft = _history.CurrentDraft!.Digest,
        After = _history.Head!.Value,
        Says = Opinion.Concur,
    };

    private ReleaseAct Release() => new(Header("commander-1"))
    {
        Letter = Letter,
        Draft = _history.CurrentDraft!.Digest,
        After = _history.Head!.Value,
        Status = StatusPlace,
        Until = Begin.AddDays(2),
    };

    private WithdrawAct Withdraw() => new(Header("chief-1"))
    {
        Letter = Letter,
        Release = _history.Release!.Act.Digest,
        After = _history.Head!.Value,
        Reason = "It was sent by mistake.",
        Public = true,
        Until = Begin.AddDays(2),
    };

    /// <summary>Enters an act a minute after its author wrote it, by the checks that every office makes, and shows every byte of it.</summary>
    private RecordedAct Enter(Act act, params string[] signers)
    {
        var number = _entries.Count;
        Approval[] approvals = [.. signers.Select(s => Person(s).Approve(act))];
        var at = act.At.AddMinutes(1);
        var joined = act is ReleaseAct ? _history.Concurrences.SelectMany(r => r.Approvals) : [];
        var recorded = new RecordedAct(act, approvals, Statement.Make(_statement, act, at, Statement.DigestOf([.. approvals, .. joined])), (ulong)number);
        _leaves.Add(Merkle.LeafHash(recorded.Statement.Entry));
        switch (act)
        {
            case FoundAct:
                _chain = RosterChain.Begin(recorded, PolicyOf, out var none) ?? throw new InvalidOperationException(none!.Why);
                break;
            case LetterAct letter:
                if ((_history.Refuses(letter, at) ?? _chain.Judge(act, approvals, _history, at, recorded.Index).Fault) is { } refused)
                    throw new InvalidOperationException(refused.Why);
                _history = _history.Append(recorded);
                break;
            default:
                _chain = _chain.Append(recorded, PolicyOf, out var fault) ?? throw new InvalidOperationException(fault!.Why);
                break;
        }
        _entries.Add(recorded);
        Values[$"entry-{number}"] = string.Join('\n', [
            $"act {number}, {act.Kind}", Wrap(Encoding.UTF8.GetString(act.Bytes.Span)), "",
            .. approvals.Select(a => $"evidence {number} of {a.Person}\n{Wrap(Hex(a.Evidence.Span))}\n"),
            $"statement {number}", Wrap(Hex(recorded.Statement.Bytes.Span)), "",
            Lines(
                ("name", act.Digest.ToString()), ("head", act is LetterAct ? _history.Head.ToString()! : ""), ("approvals", recorded.Statement.Approvals.ToString()),
                ("entry", recorded.Statement.Entry.ToString()), ("leaf", _leaves[^1].ToString()), ($"root {number + 1}", Merkle.Root(_leaves.ToArray()).ToString())),
        ]);
        return recorded;
    }

    private Policy? PolicyOf(Digest digest) => Policy.TryRead(_policy, out var policy, out _) && policy.Digest == digest ? policy : null;

    private RecordedAct[] RosterActs => [.. _entries.Where(e => e.Act is RosterAct)];

    private string Checkpoint() => new Checkpoint($"{Domain}/ledger", (ulong)_leaves.Count, Merkle.Root(_leaves.ToArray())).Sign(_ledger).ToString();

    /// <summary>The release is the last of eight entries: its path are the roots of the three trees at its left.</summary>
    private Receipt Receipt(byte[] fairCopy)
    {
        var leaves = _leaves.ToArray();
        Digest[] path = [leaves[6], Merkle.Root(leaves.AsSpan(4, 2)), Merkle.Root(leaves.AsSpan(0, 4))];
        Values["checkpoint"] = Checkpoint().TrimEnd('\n');
        Values["path"] = string.Join('\n', path.Select(hash => hash.ToString()));
        var disclosed = ((string[])["commander-1", "legal-1"]).Select(Person).Select(p => new Disclosure("name", p.Salt, p.Name));
        var evidence = new Evidence(RosterActs, [.. _entries.Where(e => e.Act is LetterAct)], [], [_policy], [.. disclosed]);
        return Proof.Receipt.Make(
            _ledger, $"{Domain}/ledger", _entries[^1], 8, path, Merkle.Root(leaves), Checkpoint(), (ulong)fairCopy.Length, _certificate, evidence);
    }

    private byte[] Trust() => new TrustRoot
    {
        Domain = Domain,
        Title = ((FoundAct)_entries[0].Act).Title,
        Found = _entries[0].Act.Digest,
        Exercise = false,
        Keys = _chain.Newest.Keys,
        Roster = [.. RosterActs.Select(a => (a.Act.Digest, a.Index))],
        Checkpoint = Checkpoint(),
        StatusAddress = Address,
    }.ToBytes();

    private void Status(string name, Standing standing)
    {
        RecordedAct[] after = [.. _entries.Where(e => e.Act is HoldAct or WithdrawAct)];
        var made = StatusList.Make(
            _statement, Address, _entries[^1].At.AddMinutes(1), (ulong)_leaves.Count, [new(StatusPlace, standing)], new Evidence(RosterActs, after, [], [_policy], []));
        Files[name] = Packed(made, _kept(name));
    }

    /// <summary>
    /// The same list can be packed in more than one way (RFC 1951), and machines do. Where the file that lies there says the same of every letter and
    /// brings the same of everything else, signed, it is as good as the one made now.
    /// </summary>
    private byte[] Packed(byte[] made, byte[]? kept)
    {
        if (kept is null || !StatusList.TryRead(made, Address, out var now, out _) || !StatusList.TryRead(kept, Address, out var before, out _))
            return made;
        var same = (now.At, now.Expires, now.LedgerSize) == (before.At, before.Expires, before.LedgerSize)
            && Enumerable.Range(0, StatusList.Capacity).All(i => now[i] == before[i])
            && now.Evidence.Roster.Concat(now.Evidence.Letters).Select(a => a.Statement.Entry).SequenceEqual(
                before.Evidence.Roster.Concat(before.Evidence.Letters).Select(a => a.Statement.Entry));
        return same ? kept : made;
    }

    private byte[] Payload(string name) => Cose.Read(Files[name], reader =>
    {
        reader.ReadTag();
        reader.ReadStartArray();
        reader.ReadByteString();
        reader.ReadEncodedValue();
        var payload = reader.ReadByteString();
        reader.ReadByteString();
        reader.ReadEndArray();
        return payload;
    });

    /// <summary>A picture in which what stands elsewhere in the document is called by its name there.</summary>
    private CborPicture Picture()
    {
        var picture = new CborPicture().Name(_policy, "policy.json").Name(_certificate, "certificate.der");
        foreach (var (entry, number) in _entries.Select((entry, number) => (entry, number)))
        {
            picture.Name(entry.Statement.Bytes, $"statement {number}").Name(entry.Act.Bytes, $"act {number}");
            foreach (var approval in entry.Approvals)
                picture.Name(approval.Evidence, $"evidence {number} of {approval.Person}");
        }
        return picture;
    }

    private void ShowReceipt(Receipt receipt)
    {
        var (unprotected, _, _, _) = Statement.Parts(receipt.Bytes);
        var (ledger, wrapped) = Cose.Read(unprotected, reader =>
        {
            reader.ReadStartMap();
            reader.ReadInt32();
            reader.ReadStartArray();
            var proof = reader.ReadByteString();
            reader.ReadEndArray();
            reader.ReadTextString();
            var evidence = reader.ReadByteString();
            reader.ReadEndMap();
            return (proof, evidence);
        });
        var inclusion = Cose.Read(ledger, reader =>
        {
            reader.ReadTag();
            reader.ReadStartArray();
            reader.ReadByteString();
            reader.ReadStartMap();
            reader.ReadInt32();
            reader.ReadStartMap();
            reader.ReadInt32();
            reader.ReadStartArray();
            var proof = reader.ReadByteString();
            reader.ReadEndArray();
            reader.ReadEndMap();
            reader.ReadEndMap();
            reader.ReadNull();
            reader.ReadByteString();
            reader.ReadEndArray();
            return proof;
        });
        Values["receipt"] = Picture().Name(Encoding.UTF8.GetBytes(receipt.Checkpoint), "the checkpoint above").Open(ledger).Open(wrapped).Open(inclusion).Draw(receipt.Bytes);
        Values["paper-address"] = Proof.Receipt.PaperAddress((ReleaseAct)receipt.Release!.Act);
    }

    /// <summary>The update as text, with the receipt, the mark's drawing and the CMS as files of their own.</summary>
    private void ShowSeal(int fairCopy, byte[] copy, int receipt)
    {
        var update = Encoding.Latin1.GetString(copy, fairCopy, copy.Length - fairCopy);
        string Cut(string text, string before, int length, string name)
        {
            var at = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
            Files.TryAdd(name, Encoding.Latin1.GetBytes(text.Substring(at, length)));
            return $"{text[..at]}«{name}, {length} bytes»{text[(at + length)..]}";
        }
        update = Cut(update, "stream\n", receipt, "receipt.cose");
        var drawing = update.IndexOf("]/Resources", StringComparison.Ordinal);
        var from = update.IndexOf("stream\n", drawing, StringComparison.Ordinal) + 7;
        var until = update.IndexOf("\nendstream", from, StringComparison.Ordinal);
        Files["mark.txt"] = Encoding.Latin1.GetBytes(update[from..until]);
        update = $"{update[..from]}«mark.txt, {until - from} bytes»{update[until..]}";
        var digits = update.IndexOf("/Contents<", StringComparison.Ordinal) + 10;
        var cms = Convert.FromHexString(update.AsSpan(digits, 8192));
        var length = 4 + ((cms[2] << 8) | cms[3]); // 30 82 and two bytes of length
        Files["seal.cms"] = cms[..length];
        Values["update"] = $"{update[..digits]}«seal.cms, {length} bytes in hexadecimal; {8192 - (2 * length)} times 0»{update[(digits + 8192)..]}".Trim('\n');
        Values["cms"] = Wrap(Hex(Files["seal.cms"]));
        Values["seal-digests"] = Lines(("fair-copy.pdf", Digest.Of(copy.AsSpan(0, fairCopy)).ToString()), ("sealed.pdf", Digest.Of(copy).ToString()));
    }

    private void ShowVerdicts(byte[] copy)
    {
        if (!TrustRoot.TryRead(Files["trust.json"], out var trust, out var fault))
            throw new InvalidOperationException(fault);
        byte[] changed = [.. copy];
        changed[200] ^= 1;
        var released = _entries[7].At;
        var rows = new List<string>();
        void Row(string what, byte[] file, string? status, DateTimeOffset at)
        {
            var verdict = Proof.Receipt.Verify(file, trust, status is null ? (ReadOnlyMemory<byte>?)null : Files[status], at);
            rows.Add($"{what}, {status ?? "no status file"}, asked for {Text.Moment(at)}\n  {verdict.Code} (exit {verdict.ExitCode}): {verdict.Reasons[0]}");
        }
        Row("sealed.pdf", copy, null, released.AddHours(1));
        Row("sealed.pdf", copy, "status-released.cose", released.AddSeconds(-1));
        Row("sealed.pdf", copy, "status-released.cose", released.AddHours(1));
        Row("sealed.pdf", copy, "status-released.cose", released.AddDays(8));
        Row("sealed.pdf", copy, "hold.cose", released.AddHours(1));
        Row("sealed.pdf", copy, "status-held.cose", released.AddHours(1));
        Row("sealed.pdf", copy, "status-withdrawn.cose", released.AddHours(1));
        Row("sealed.pdf", copy, "status-withdrawn.cose", released.AddMinutes(5));
        Row("sealed.pdf", copy, "status-withdrawn.cose", released.AddMinutes(15));
        Row("fair-copy.pdf", Files["fair-copy.pdf"], "status-released.cose", released.AddHours(1));
        Row("sealed.pdf with the lowest bit of byte 200 changed", changed, "status-released.cose", released.AddHours(1));
        Values["verdicts"] = string.Join('\n', rows);
    }

    private byte[] Certify()
    {
        using var key = _seal.ToPlatform();
        var request = new CertificateRequest("CN=Worked example seal", key, HashAlgorithmName.SHA256);
        return request.Create(
            request.SubjectName, new SealGenerator(_seal, key), new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2036, 1, 1, 0, 0, 0, TimeSpan.Zero), [0x01]).RawData;
    }

    /// <summary>Signs the certificate by RFC 6979.</summary>
    private sealed class SealGenerator(ExampleKey key, ECDsa platform) : X509SignatureGenerator
    {
        private readonly X509SignatureGenerator _platform = CreateForECDsa(platform);
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => _platform.GetSignatureAlgorithmIdentifier(hashAlgorithm);
        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key.SignDer(data);
        protected override PublicKey BuildPublicKey() => _platform.PublicKey;
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private static string Wrap(string text) => string.Join('\n', text.Chunk(Width).Select(line => new string(line)));

    /// <summary>Names and values below each other; without those that have none.</summary>
    private static string Lines(params (string Name, string Value)[] lines)
    {
        var shown = lines.Where(l => l.Value.Length > 0).ToArray();
        var width = shown.Max(l => l.Name.Length);
        return string.Join('\n', shown.Select(l => l.Value.Length <= Width - width
            ? $"{l.Name.PadRight(width)}  {l.Value}"
            : $"{l.Name}\n{string.Join('\n', l.Value.Chunk(Width - 2).Select(part => "  " + new string(part)))}"));
    }
}
