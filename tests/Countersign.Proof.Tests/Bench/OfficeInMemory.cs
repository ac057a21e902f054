using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// A whole office in memory, made of nothing but the proof library: it founds, enrols, enters letters' acts, keeps a Merkle tree, makes
/// checkpoints, receipts, seals, trust and status files. <see cref="Enter(Act, string[])"/> is the honest way. Everything else lets a test be
/// the malicious server: it has every key of the office and no key of any person, except of those whom the test lets collude.
/// </summary>
internal sealed class OfficeInMemory
{
    public const string Drafter = "drafter", Lawyer = "lawyer", General = "general", Staff = "staff", Operator = "operator";
    public const string RegistrarOne = "registrar-one", RegistrarTwo = "registrar-two";

    /// <summary>The key that every office in memory seals with.</summary>
    public static readonly ECDsa SealKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static readonly byte[] SealCertificate = NewCertificate(SealKey);

    private List<Digest> _leaves = [];
    private readonly List<ReadOnlyMemory<byte>> _policies = [];
    private readonly Dictionary<string, List<RecordedAct>> _letters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SoftwareKey> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SoftAuthenticator> _passkeys = new(StringComparer.Ordinal);
    private int _nonces;

    private OfficeInMemory(string domain) => Domain = domain;

    public string Domain { get; }
    public DateTimeOffset Now { get; set; } = new(2026, 3, 2, 8, 0, 0, TimeSpan.Zero);
    public Ed25519PrivateKey LedgerKey { get; set; } = Ed25519PrivateKey.Create();
    public Ed25519PrivateKey StatementKey { get; set; } = Ed25519PrivateKey.Create();
    public static byte[] SharedCertificate => SealCertificate;

    /// <summary>What this office seals with now: the shared key, until <see cref="Rekey"/> gives it another.</summary>
    public ECDsa SealingKey { get; set; } = SealKey;

    public byte[] Certificate { get; set; } = SealCertificate;
    public string StatusAddress => $"https://{Domain}/status";

    /// <summary>The roster acts that evidence and trust file show. A test may take acts out or put forged ones in.</summary>
    public List<RecordedAct> Roster { get; } = [];

    /// <summary>The checked chain of <see cref="Roster"/>; it does not follow what a test forges. None where the founding itself is forged.</summary>
    public RosterChain Chain { get; private set; } = null!;

    public FoundAct FoundAct => (FoundAct)Roster[0].Act;
    public ulong Size => (ulong)_leaves.Count;

    /// <summary>The built-in policy of the design, with an escalation.</summary>
    public static PolicyParts DefaultPolicy => new()
    {
        People = [One("registrar", 2)],
        Change = [One("commander"), One("legal")],
        Stop = [new Need(["chief-of-staff", "commander", "legal", "registrar"], 1)],
        Withdraw = [One("chief-of-staff"), new Need(["commander", "legal"], 1)],
        Free = [One("registrar"), One("legal")],
        Kinds = new Dictionary<string, IReadOnlyList<Need>>
        {
            ["letter"] = [One("legal"), One("commander")],
            ["notice"] = [One("operations"), One("commander")],
        },
        Escalations = [new Escalation(["wording.commitment"], [One("chief-of-staff")], false)],
    };

    public static Need One(string role, int count = 1) => new([role], count);

    /// <summary>
    /// An office with two registrars, a drafter, a lawyer, a general, a chief of staff and an operator. <paramref name="passkeys"/> says whose keys are
    /// in which authenticator; all others have keys in software.
    /// </summary>
    public static OfficeInMemory Staffed(
        PolicyParts? policy = null, bool exercise = false, string domain = "staff.example", IReadOnlyDictionary<string, SoftAuthenticator>? passkeys = null)
    {
        var office = Founded(policy, exercise, domain, passkeys: passkeys);
        office.Enrol(Drafter, "clerk");
        office.Enrol(Lawyer, "legal");
        office.Enrol(General, "commander");
        office.Enrol(Staff, "chief-of-staff");
        office.Enrol(Operator, "operations");
        return office;
    }

    /// <summary>An office of two registrars.</summary>
    public static OfficeInMemory Founded(
        PolicyParts? policy = null, bool exercise = false, string domain = "staff.example", Ed25519PrivateKey? statementKey = null,
        IReadOnlyDictionary<string, SoftAuthenticator>? passkeys = null, Func<OfficeInMemory, Enrolment[]>? founders = null, string[]? signers = null,
        string? by = null)
    {
        var office = new OfficeInMemory(domain);
        foreach (var (person, passkey) in passkeys ?? new Dictionary<string, SoftAuthenticator>())
            office._passkeys.Add(person, passkey);
        office.StatementKey = statementKey ?? office.StatementKey;
        var act = new FoundAct(new ActHeader(domain, office.Now, office.Nonce(), by ?? RegistrarOne, null))
        {
            Title = "Staff of the Example Command",
            People = founders?.Invoke(office) ?? [office.Enrolment(RegistrarOne, "registrar"), office.Enrolment(RegistrarTwo, "registrar")],
            Policy = office.Keep(policy ?? DefaultPolicy),
            Keys = new PublicKeys($"{domain}/ledger", office.LedgerKey.Public, office.StatementKey.Public, Digest.Of(office.Certificate)),
            Site = office.Site,
            SignIn = domain,
            Exercise = exercise,
        };
        var recorded = office.Record(act, office.Sign(act, signers ?? [RegistrarOne, RegistrarTwo]));
        office.Roster.Add(recorded);
        office.Chain = RosterChain.Begin(recorded, office.PolicyOf, out var fault)
            ?? (founders is null && signers is null && by is null ? throw new InvalidOperationException(fault!.Why) : null!);
        return office;
    }

    /// <summary>Loses the ledger's entries from a size on, as a restored backup does. The roster and letters shown are for the test to cut.</summary>
    public void Lose(int from) => _leaves = _leaves[..from];

    /// <summary>The root of the ledger, or of its first entries.</summary>
    public Digest Root(int? size = null) => Merkle.Root(_leaves.Take(size ?? _leaves.Count).ToArray());

    /// <summary>The path of an entry to the root.</summary>
    public IReadOnlyList<Digest> PathOf(ulong index) => Path((int)index, 0, _leaves.Count);

    public string Nonce() => Digest.Of(Encoding.ASCII.GetBytes($"{Domain} {_nonces++}")).ToString()[..32];

    public Digest Keep(PolicyParts parts) => Keep(Policy.Write(parts));

    public Digest Keep(byte[] bytes)
    {
        _policies.Add(bytes);
        return Digest.Of(bytes);
    }

    public Policy? PolicyOf(Digest digest) =>
        _policies.Find(p => Digest.Of(p.Span) == digest) is { IsEmpty: false } bytes && Policy.TryRead(bytes, out var policy, out _) ? policy : null;

    /// <summary>The key of a person; made when first asked for.</summary>
    public SoftwareKey KeyOf(string person)
    {
        if (!_keys.TryGetValue(person, out var key))
            _keys[person] = key = SoftwareKey.Create();
        return key;
    }

    /// <summary>Where people approve with passkeys.</summary>
    public PasskeySite Site => new($"approve.{Domain}", [$"https://approve.{Domain}"]);

    /// <summary>Gives a person an authenticator: what they sign from now on, and their enrolment, is by its passkey.</summary>
    public void Give(string person, SoftAuthenticator passkey) => _passkeys[person] = passkey;

    /// <summary>A person's signature, by their passkey if they have one.</summary>
    public Approval SignOne(string person, Digest act, Ceremony? ceremony = null) =>
        _passkeys.TryGetValue(person, out var passkey) ? passkey.Approve(person, Site, act, ceremony) : KeyOf(person).Approve(person, act);

    public Approval[] Sign(Act act, params string[] people) => [.. people.Select(p => SignOne(p, act.Digest))];

    public ActHeader Header(string by) => new(Domain, Now, Nonce(), by, Chain is null ? Roster[^1].Act.Digest : Chain.Newest.Digest);

    /// <summary>The keys that the office's own roster names; where its founding does not stand, the ones that it states.</summary>
    private IReadOnlyList<KeyRange> Keys => Chain is null ? KeyRange.Of(Roster) : Chain.Newest.Keys;

    public Enrolment Enrolment(string person, params string[] roles) => new(
        person, Commitment.Of("name", SaltOf(person), NameOf(person)), [.. roles.Order(StringComparer.Ordinal)],
        _passkeys.TryGetValue(person, out var passkey) ? CredentialOf(person, passkey) : Credential.For(KeyOf(person), Domain, person, madeByOffice: false));

    /// <summary>A person's passkey as an act enrols it. Every part can be another.</summary>
    public Credential CredentialOf(string person, SoftAuthenticator passkey, Ceremony? ceremony = null, byte[]? proof = null, byte[]? id = null) =>
        Credential.ForPasskey(
            passkey.CoseKey, id ?? passkey.Id, passkey.BackupEligible,
            proof ?? passkey.Assert(Site, Credential.Challenge(Domain, person, passkey.CoseKey), ceremony))
        ?? throw new InvalidOperationException("The passkey is none.");

    /// <summary>Enters a statement that was made elsewhere.</summary>
    public RecordedAct Record(Act act, IReadOnlyList<Approval> approvals, Statement statement)
    {
        _leaves.Add(Merkle.LeafHash(statement.Entry));
        return new RecordedAct(act, approvals, statement, Size - 1);
    }

    /// <summary>Makes the statement and the ledger's entry of an act. Nothing is checked: the server can always do this.</summary>
    public RecordedAct Record(Act act, IReadOnlyList<Approval> approvals, IEnumerable<Approval>? joined = null, DateTimeOffset? at = null)
    {
        Now += TimeSpan.FromSeconds(1);
        var statement = Statement.Make(StatementKey, act, at ?? Now, Statement.DigestOf(approvals.Concat(joined ?? [])));
        _leaves.Add(Merkle.LeafHash(statement.Entry));
        return new RecordedAct(act, approvals, statement, Size - 1);
    }

    /// <summary>Enters an act after every check, as an honest office does. Throws when it may not stand.</summary>
    public RecordedAct Enter(Act act, params string[] signers)
    {
        if (Refusal(act, Sign(act, signers)) is { } why)
            throw new InvalidOperationException($"{act.Kind}: {why}");
        return Force(act, Sign(act, signers));
    }

    /// <summary>Why an honest office would not enter the act; null when it would.</summary>
    public string? Refusal(Act act, IReadOnlyList<Approval> approvals)
    {
        if (act is RosterAct)
            return Chain.Append(Unentered(act, approvals), PolicyOf, out var fault) is null ? fault!.Why : null;
        var history = act is LetterAct ? History(act.Subject) : null;
        if (act is LetterAct letter && history!.Refuses(letter, Now) is { } refused)
            return refused.Why;
        var permit = Chain.Judge(act, approvals, history, Now, Size);
        return permit.IsGranted ? null : permit.Fault?.Why ?? $"{permit.MissingWords} must sign";
    }

    /// <summary>Enters an act whoever signed it: what a malicious server does.</summary>
    public RecordedAct Force(Act act, IReadOnlyList<Approval> approvals, DateTimeOffset? at = null)
    {
        var joined = act is ReleaseAct ? History(act.Subject).Concurrences.SelectMany(r => r.Approvals) : [];
        var recorded = Record(act, approvals, joined, at);
        if (act is LetterAct letter)
        {
            Letter(letter.Letter).Add(recorded);
        }
        else if (act is RosterAct)
        {
            Roster.Add(recorded);
            Chain = Chain.Append(recorded, PolicyOf, out _) ?? Chain;
        }
        return recorded;
    }

    public RecordedAct Enrol(string person, params string[] roles) => EnrolBy([RegistrarOne, RegistrarTwo], person, roles);

    public RecordedAct EnrolBy(string[] signers, string person, params string[] roles) =>
        Enter(new EnrolAct(Header(signers[0])) { Person = Enrolment(person, roles) }, signers);

    public RecordedAct Retire(string person, params string[] signers) => Enter(new RetireAct(Header(signers[0])) { Person = person }, signers);

    /// <summary>Retires somebody whose key was stolen.</summary>
    public RecordedAct RetireSince(string person, DateTimeOffset since, params string[] signers) =>
        Enter(new RetireAct(Header(signers[0])) { Person = person, Since = since }, signers);

    /// <summary>
    /// Replaces the office's keys: from the act's own entry on, the new ones sign. With a gap it opens a new epoch. Forced, it is entered whoever signed.
    /// </summary>
    public RecordedAct Rekey(
        string[] signers, LedgerGap? gap = null, string? origin = null, Ed25519PrivateKey? ledger = null, Ed25519PrivateKey? statement = null,
        ECDsa? seal = null, bool forced = false, string? by = null)
    {
        var (ledgerKey, statementKey) = (ledger ?? Ed25519PrivateKey.Create(), statement ?? Ed25519PrivateKey.Create());
        var certificate = seal is null ? Certificate : NewCertificate(seal);
        var act = new RekeyAct(Header(by ?? signers[0]))
        {
            Keys = new PublicKeys(origin ?? Chain.Newest.Keys[^1].Keys.Origin, ledgerKey.Public, statementKey.Public, Digest.Of(certificate)),
            Gap = gap,
        };
        if (!forced && Refusal(act, Sign(act, signers)) is { } why)
            throw new InvalidOperationException($"rekey: {why}");
        (LedgerKey, StatementKey, SealingKey, Certificate) = (ledgerKey, statementKey, seal ?? SealingKey, certificate);
        return Force(act, Sign(act, signers));
    }

    public RecordedAct Adopt(PolicyParts policy, params string[] signers) => Enter(new AdoptAct(Header(signers[0])) { Policy = Keep(policy) }, signers);

    public RecordedAct Lend(string from, string to, string role, int days = 7) =>
        Enter(new DelegateAct(Header(from)) { To = to, Role = role, Until = Now.AddDays(days) }, from);

    /// <summary>A letter's acts in the order in which evidence shows them. A test may take acts out, or move them.</summary>
    public List<RecordedAct> Letter(string letter)
    {
        if (!_letters.TryGetValue(letter, out var acts))
            _letters[letter] = acts = [];
        return acts;
    }

    public LetterHistory History(string letter) => Letter(letter).Aggregate(LetterHistory.Of(letter), (history, act) => history.Append(act));

    public DraftAct Version(
        string letter, byte[] fairCopy, string by = Drafter, string kind = "letter", string[]? findings = null, DateTimeOffset? notBefore = null,
        MarkPlace? mark = null) => new(Header(by))
        {
            Letter = letter,
            Version = History(letter).Drafts.Count() + 1,
            Reference = History(letter).CurrentDraft?.Reference ?? $"EX-2026-{_letters.Count:D4}",
            LetterKind = kind,
            FairCopy = Digest.Of(fairCopy),
            LetterSubject = Commitment.Of("subject", new byte[Commitment.SaltSize], "Withdrawal"),
            Language = "en",
            Addressees = [Commitment.Of("addressee", new byte[Commitment.SaltSize], "A. Jansen")],
            Findings = findings ?? [],
            NotBefore = notBefore,
            Mark = mark,
        };

    public RecordedAct Draft(string letter, byte[] fairCopy, string by = Drafter, string kind = "letter", string[]? findings = null) =>
        Enter(Version(letter, fairCopy, by, kind, findings), by);

    public ReviewAct Opinion(string letter, string by, Opinion says, Digest? after = null) => new(Header(by))
    {
        Letter = letter,
        Draft = History(letter).CurrentDraft!.Digest,
        After = after ?? History(letter).Head!.Value,
        Says = says,
    };

    public RecordedAct Review(string letter, string by, Opinion says = Proof.Opinion.Concur, Digest? after = null) =>
        Enter(Opinion(letter, by, says, after), by);

    public ReleaseAct Release(string letter, string by, Digest? draft = null, Digest? after = null, DateTimeOffset? until = null) => new(Header(by))
    {
        Letter = letter,
        Draft = draft ?? History(letter).CurrentDraft!.Digest,
        After = after ?? History(letter).Head!.Value,
        Status = 100 + _letters.Keys.Order(StringComparer.Ordinal).ToList().IndexOf(letter),
        Until = until ?? Now.AddDays(2),
    };

    public HoldAct Hold(string letter, string by) => new(Header(by)) { Letter = letter };

    public LiftAct Lift(string letter, string by, Digest hold) => new(Header(by))
    {
        Letter = letter,
        Hold = hold,
        After = History(letter).Head!.Value,
        Until = Now.AddDays(2),
    };

    public WithdrawAct Withdraw(string letter, string by, string? reason = "It was sent by mistake.") => new(Header(by))
    {
        Letter = letter,
        Release = History(letter).Release!.Act.Digest,
        After = History(letter).Head!.Value,
        Reason = reason,
        Until = Now.AddDays(2),
    };

    public CorrectAct Correct(string letter, string by, RecordedAct replacement, string reference) => new(Header(by))
    {
        Letter = letter,
        Release = History(letter).Release!.Act.Digest,
        Replacement = replacement.Act.Digest,
        Reference = reference,
        After = History(letter).Head!.Value,
        Until = Now.AddDays(2),
    };

    /// <summary>Drafts a letter, lets the lawyer concur, and releases it by the general: the honest way.</summary>
    public RecordedAct Send(string letter, byte[] fairCopy)
    {
        Draft(letter, fairCopy);
        Review(letter, Lawyer);
        return Enter(Release(letter, General), General);
    }

    /// <summary>What evidence an honest office would add to the receipt of a letter's release.</summary>
    public Evidence EvidenceOf(string letter)
    {
        var acts = Letter(letter).TakeWhile(a => a.Act is not ReleaseAct).Append(Letter(letter).First(a => a.Act is ReleaseAct)).ToArray();
        return new Evidence(
            [.. Roster], acts, [], [.. _policies],
            [.. _keys.Keys.Union(_passkeys.Keys).Select(p => new Disclosure("name", SaltOf(p), NameOf(p)))]);
    }

    /// <summary>The receipt of a letter's release in the ledger as it is now. Every part can be another.</summary>
    public Receipt Receipt(
        string letter, byte[] fairCopy, Func<Evidence, Evidence>? evidence = null, RecordedAct? release = null, ulong? size = null, ulong? index = null,
        Ed25519PrivateKey? ledgerKey = null, string? origin = null, Digest? root = null, string? checkpoint = null, byte[]? certificate = null)
    {
        var entered = release ?? Letter(letter).First(a => a.Act is ReleaseAct);
        var key = ledgerKey ?? LedgerKey;
        var name = origin ?? Keys[^1].Keys.Origin;
        var path = Path((int)entered.Index, 0, _leaves.Count);
        var all = Merkle.Root(_leaves.ToArray());
        return Proof.Receipt.Make(
            key, name, entered with { Index = index ?? entered.Index }, size ?? Size, path, root ?? all,
            checkpoint ?? Checkpoint(), (ulong)fairCopy.Length, certificate ?? Certificate, (evidence ?? (e => e))(EvidenceOf(letter)));
    }

    public string Checkpoint(Ed25519PrivateKey? key = null, string? origin = null, ulong? size = null, Digest? root = null) =>
        new Checkpoint(origin ?? Keys[^1].Keys.Origin, size ?? Size, root ?? Merkle.Root(_leaves.ToArray())).Sign(key ?? LedgerKey).ToString();

    /// <summary>Seals with the office's true key, whatever the receipt says.</summary>
    public byte[] Seal(byte[] fairCopy, Receipt receipt, SealPlan? plan = null) =>
        Seal(fairCopy, receipt.Bytes.ToArray(), plan ?? receipt.Plan()!, receipt.Certificate.ToArray());

    /// <summary>Seals with the office's true key, whatever bytes stand where the receipt should.</summary>
    public byte[] Seal(byte[] fairCopy, byte[] receipt, SealPlan plan, byte[]? certificate = null) =>
        SealedPdf.Seal(fairCopy, receipt, plan, certificate ?? Certificate, Attributes).Pdf
        ?? throw new InvalidOperationException("The fair copy cannot be sealed.");

    public byte[] Sealed(string letter, byte[] fairCopy) => Seal(fairCopy, Receipt(letter, fairCopy));

    /// <summary>Puts a fresh signature by the office's true key over a file that was changed around it.</summary>
    public byte[] SignAgain(byte[] file)
    {
        var changed = file.ToArray();
        var start = changed.AsSpan().LastIndexOf("/Contents<"u8) + 9;
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(changed.AsSpan(0, start));
        sha.AppendData(changed.AsSpan(start + 2 + 8192));
        var cms = Cms.Sign(Certificate, new Digest(sha.GetHashAndReset()), Attributes);
        changed.AsSpan(start + 1, 8192).Fill((byte)'0');
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(cms), changed.AsSpan(start + 1));
        return changed;
    }

    public TrustRoot Trust(byte[]? status = null) => new()
    {
        Domain = Domain,
        Title = FoundAct.Title,
        Found = FoundAct.Digest,
        Exercise = FoundAct.Exercise,
        Keys = Keys,
        Roster = [.. (Chain?.Acts ?? Roster).Select(a => (a.Act.Digest, a.Index))],
        Checkpoint = Checkpoint(),
        StatusAddress = StatusAddress,
        Status = status is null ? (ReadOnlyMemory<byte>?)null : status,
    };

    /// <summary>A status file with the bits and the acts given.</summary>
    public byte[] Status(
        IEnumerable<KeyValuePair<long, Standing>>? bits = null, IReadOnlyList<RecordedAct>? acts = null, Ed25519PrivateKey? key = null,
        string? address = null, DateTimeOffset? at = null, ulong? size = null) =>
        StatusList.Make(key ?? StatementKey, address ?? StatusAddress, at ?? Now, size ?? Size, bits ?? [], new Evidence([.. Roster], acts ?? [], [], [.. _policies], []));

    public Verdict Verify(byte[] file, TrustRoot? trust = null, byte[]? status = null) =>
        Proof.Receipt.Verify(file, trust ?? Trust(), status ?? Status(), Now);

    private RecordedAct Unentered(Act act, IReadOnlyList<Approval> approvals) =>
        new(act, approvals, Statement.Make(StatementKey, act, Now, Statement.DigestOf(approvals)), Size);

    private byte[] Attributes(ReadOnlyMemory<byte> attributes) =>
        SealingKey.SignData(attributes.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public static byte[] NewCertificate(ECDsa key) =>
        new CertificateRequest("CN=Example seal", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2036, 1, 1, 0, 0, 0, TimeSpan.Zero)).RawData;

    private static byte[] SaltOf(string person) => Digest.Of(Encoding.UTF8.GetBytes("salt " + person)).ToArray()[..Commitment.SaltSize];

    private static string NameOf(string person) => "Name of " + person;

    /// <summary>PATH(m, D[n]) of RFC 6962 §2.1.1, as it stands there.</summary>
    private List<Digest> Path(int m, int from, int to)
    {
        if (to - from <= 1)
            return [];
        var k = 1;
        while (k * 2 < to - from)
            k *= 2;
        return m < k
            ? [.. Path(m, from, from + k), Merkle.Root(_leaves.ToArray().AsSpan(from + k, to - from - k))]
            : [.. Path(m - k, from + k, to), Merkle.Root(_leaves.ToArray().AsSpan(from, k))];
    }
}
