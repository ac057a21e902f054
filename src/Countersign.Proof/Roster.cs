using System.Collections.Immutable;

namespace Countersign.Proof;

/// <summary>Why an act is not accepted: a stable code and one sentence. The house adds what to do next.</summary>
public sealed record Fault(string Code, string Why);

/// <summary>An act as the ledger holds it: with its signatures, the statement made of it, and the entry's time and index.</summary>
public sealed record RecordedAct(Act Act, IReadOnlyList<Approval> Approvals, Statement Statement, ulong Index)
{
    /// <summary>When it was entered, as the office says: never before the entry before it.</summary>
    public DateTimeOffset At => Statement.At;
}

/// <summary>Somebody in office.</summary>
public sealed record Member(string Person, Digest Name, IReadOnlyList<string> Roles, Credential Credential, DateTimeOffset CountsFrom);

/// <summary>A role lent by one person to another: when it was entered, from when it counts, and until when.</summary>
public sealed record Loan(
    string From, string To, string Role, IReadOnlyList<string> Kinds, DateTimeOffset At, DateTimeOffset CountsFrom, DateTimeOffset Until);

/// <summary>
/// Who is in office, under which policy, after one roster act. Immutable: <see cref="Apply"/> gives the next one, or says why there is none,
/// after checking everything the act needs, signatures included. A roster in hand is a roster that was checked from <c>found</c> on.
/// </summary>
public sealed class Roster
{
    private readonly ImmutableDictionary<string, Member> _members;
    private readonly ImmutableList<Loan> _loans;
    private readonly ImmutableHashSet<string> _peopleEver;
    private readonly ImmutableHashSet<string> _rolesEver;
    private readonly ImmutableHashSet<Digest> _keysEver; // of keys, and of the ids of passkeys
    private readonly ImmutableList<KeyRange> _keys;
    private readonly ImmutableList<(Policy Policy, DateTimeOffset From)> _policies;

    private Roster(
        FoundAct found, Digest digest, ulong index,
        ImmutableDictionary<string, Member> members, ImmutableList<Loan> loans, ImmutableHashSet<string> peopleEver,
        ImmutableHashSet<string> rolesEver, ImmutableHashSet<Digest> keysEver, ImmutableList<KeyRange> keys,
        ImmutableList<(Policy, DateTimeOffset)> policies)
    {
        Found = found;
        Digest = digest;
        Index = index;
        _members = members;
        _loans = loans;
        _peopleEver = peopleEver;
        _rolesEver = rolesEver;
        _keysEver = keysEver;
        _keys = keys;
        _policies = policies;
    }

    /// <summary>The act that founded the office.</summary>
    public FoundAct Found { get; }

    /// <summary>Digest of the newest roster act: what acts name as their roster.</summary>
    public Digest Digest { get; }

    /// <summary>The newest roster act's place in the ledger.</summary>
    public ulong Index { get; }

    /// <summary>Everybody in office, by id.</summary>
    public IReadOnlyDictionary<string, Member> Members => _members;

    /// <summary>Every loan of a role between two people in office, ended ones included.</summary>
    public IReadOnlyList<Loan> Loans => _loans;

    /// <summary>The office's own keys, oldest first, each from the entry that states them.</summary>
    public IReadOnlyList<KeyRange> Keys => _keys;

    /// <summary>
    /// Whether more than one person's key was made by the office's own machine, so that whoever ran it might have been all of them.
    /// </summary>
    public bool IsSelfMade => _members.Values.Count(m => m.Credential.MadeByOffice) > 1;

    /// <summary>The policy in force at a moment.</summary>
    public Policy PolicyAt(DateTimeOffset at) => _policies.Last(p => p.From <= at || p == _policies[0]).Policy;

    /// <summary>Who may be asked to sign for a role at a moment.</summary>
    public IEnumerable<Member> Holders(string role, DateTimeOffset at) =>
        _members.Values.Where(m => m.Roles.Contains(role) && m.CountsFrom <= at).OrderBy(m => m.Person, StringComparer.Ordinal);

    /// <summary>Begins an office. <paramref name="policies"/> finds a policy by its digest.</summary>
    public static Roster? Begin(RecordedAct recorded, Func<Digest, Policy?> policies, out Fault? fault)
    {
        var found = (FoundAct)recorded.Act;
        if (policies(found.Policy) is not { } policy)
            return Fail("roster.policy-missing", "The policy that the founding act names is not there.", out fault);
        if (found.People.Any(p => !p.Credential.ProvenFor(found, p.Person)))
            return Fail("roster.key-unproven", "A founder's key does not prove that its person holds it.", out fault);
        if (found.People.Select(p => p.Person).Distinct().Count() < found.People.Count
            || found.People.Sum(p => Names(p.Credential).Count()) > found.People.SelectMany(p => Names(p.Credential)).Distinct().Count())
            return Fail("roster.duplicate", "Two founders have the same id or the same key.", out fault);
        if (found.People.Any(p => IsOffices(p.Credential, found.Keys)))
            return Fail("roster.office-key", "A founder's key is the office's own.", out fault);
        if (found.People.All(p => p.Person != found.By))
            return Fail("roster.founder", "The founding act was not written by a founder.", out fault);
        var members = found.People.ToImmutableDictionary(
            p => p.Person, p => new Member(p.Person, p.Name, p.Roles, p.Credential, recorded.At), StringComparer.Ordinal);
        foreach (var member in members.Values)
            if (!recorded.Approvals.Any(a => a.Person == member.Person && a.Act == found.Digest && member.Credential.Verify(found.Site, a.Act, a.Evidence)))
                return Fail("roster.founder", "A founder's signature is missing from the founding act.", out fault);
        if (recorded.Approvals.Count != members.Count)
            return Fail("roster.founder", "The founding act is signed by somebody who does not found the office.", out fault);
        fault = null;
        return new Roster(
            found, found.Digest, recorded.Index, members, [],
            [.. members.Keys], [.. found.People.SelectMany(p => p.Roles)], [.. found.People.SelectMany(p => Names(p.Credential))],
            [new KeyRange(recorded.Index, found.Keys)], [(policy, recorded.At)]);
    }

    /// <summary>The roster after one more roster act; null, with the reason, when the act does not stand.</summary>
    public Roster? Apply(RecordedAct recorded, Func<Digest, Policy?> policies, out Fault? fault)
    {
        if (recorded.Act is not RosterAct act || act is FoundAct)
            return Fail("roster.kind", "This act does not change the roster.", out fault);
        if (act.Office != Found.Office)
            return Fail("roster.office", "The act is another office's.", out fault);
        if (act.Roster != Digest)
            return Fail("roster.stale", "The act names another roster than the newest: it must be signed again.", out fault);
        if (Refuses(act, recorded.At) is { } refused)
            return Fail(refused.Code, refused.Why, out fault);
        var permission = Permit.Of(act, recorded.Approvals, this, null, recorded.At);
        if (!permission.IsGranted)
        {
            fault = permission.Fault ?? new Fault("not-approved", $"The act lacks signatures: {permission.MissingWords}.");
            return null;
        }
        fault = null;
        // Foreign evidence may date an entry so late that no waiting fits behind it: then it never counts.
        var wait = PolicyAt(recorded.At).Wait;
        var countsFrom = DateTimeOffset.MaxValue - recorded.At < wait ? DateTimeOffset.MaxValue : recorded.At + wait;
        switch (act)
        {
            case EnrolAct enrol:
                var p = enrol.Person;
                return With(act, recorded.Index,
                    members: _members.Add(p.Person, new Member(p.Person, p.Name, p.Roles, p.Credential, countsFrom)),
                    peopleEver: _peopleEver.Add(p.Person), rolesEver: _rolesEver.Union(p.Roles), keysEver: _keysEver.Union(Names(p.Credential)));
            case RetireAct retire:
                return With(act, recorded.Index,
                    members: _members.Remove(retire.Person), loans: _loans.RemoveAll(l => l.From == retire.Person || l.To == retire.Person));
            case DelegateAct loan:
                return With(act, recorded.Index, loans: _loans
                    .RemoveAll(l => l.From == act.By && l.To == loan.To && l.Role == loan.Role)
                    .Add(new Loan(act.By, loan.To, loan.Role, loan.Kinds, recorded.At, countsFrom, loan.Until)));
            case RekeyAct rekey:
                return rekey.Gap is { } gap && gap.From > recorded.Index
                    ? Fail("rekey.gap", "The act says that entries are lost which the ledger holds.", out fault)
                    : With(act, recorded.Index, keys: _keys.Add(new KeyRange(recorded.Index, rekey.Keys, rekey.Gap?.From)));
            case AdoptAct adopt:
                if (policies(adopt.Policy) is not { } policy)
                    return Fail("roster.policy-missing", "The policy that was adopted is not there.", out fault);
                return With(act, recorded.Index, policies: _policies.Add((policy, countsFrom)));
            default:
                return Fail("roster.kind", "This kind of act is not known.", out fault);
        }
    }

    /// <summary>
    /// Why a roster act cannot stand on this roster whoever signs it; null when only signatures decide. <paramref name="at"/> is the entry's time, whose
    /// policy counts: an author who dates an act back does not choose an older one. Where there is no entry yet, it is the act's own date.
    /// </summary>
    public Fault? Refuses(RosterAct act, DateTimeOffset? at = null) => act switch
    {
        EnrolAct e when _peopleEver.Contains(e.Person.Person) =>
            new Fault("roster.id-used", "That id belongs to somebody already; an id is one person's for ever."),
        EnrolAct e when Names(e.Person.Credential).Any(_keysEver.Contains) =>
            new Fault("roster.key-used", "That key is enrolled already; a key is one person's for ever."),
        EnrolAct e when _keys.Any(r => IsOffices(e.Person.Credential, r.Keys)) =>
            new Fault("roster.office-key", "That key is the office's own; whoever runs the office could sign as that person."),
        EnrolAct e when !e.Person.Credential.ProvenFor(Found, e.Person.Person) =>
            new Fault("roster.key-unproven", "The new key does not prove that its person holds it."),
        RetireAct r when !_members.ContainsKey(r.Person) => new Fault("roster.not-in-office", "That person is not in office."),
        DelegateAct d when !_members.ContainsKey(d.To) => new Fault("roster.not-in-office", "The person who would get the role is not in office."),
        DelegateAct d when d.To == d.By => new Fault("delegate.self", "Nobody lends a role to themselves."),
        DelegateAct d when !(_members.TryGetValue(d.By, out var giver) && giver.Roles.Contains(d.Role)) =>
            new Fault("delegate.not-held", "Only a role of one's own can be lent; a lent role cannot be lent on."),
        DelegateAct d when d.Until - d.At > TimeSpan.FromDays(PolicyAt(at ?? d.At).DelegationDays) =>
            new Fault("delegate.too-long", $"The policy lends roles for at most {PolicyAt(at ?? d.At).DelegationDays} days."),
        RekeyAct k when OfficeNames(k.Keys).Any(_keysEver.Contains) =>
            new Fault("roster.office-key", "A key among them is a person's; whoever runs the office could sign as that person."),
        RekeyAct k when k.Keys == _keys[^1].Keys => new Fault("rekey.same", "These are the office's keys already."),
        RekeyAct { Gap: null } k when k.Keys.Origin != _keys[^1].Keys.Origin =>
            new Fault("rekey.origin", "A ledger keeps its origin; only one that was lost in part goes on under another."),
        RekeyAct { Gap: not null } k when _keys.Any(r => r.Keys.Origin == k.Keys.Origin || r.Keys.Ledger.Equals(k.Keys.Ledger)) =>
            new Fault("rekey.origin", "A new epoch needs an origin and a ledger key that were never used before."),
        _ => null,
    };

    /// <summary>What a credential is known by, and no other may be: its key, and a passkey's id.</summary>
    private static IEnumerable<Digest> Names(Credential credential) =>
        credential.Id.IsEmpty ? [credential.KeyId] : [credential.KeyId, Digest.Of(credential.Id.Span)];

    /// <summary>What the office's own keys would be known by if they were enrolled. They may not be: the office holds no key that can approve.</summary>
    private static Digest[] OfficeNames(PublicKeys keys) => [Digest.Of(Passkey.KeyOf(keys.Ledger)), Digest.Of(Passkey.KeyOf(keys.Statement))];

    private static bool IsOffices(Credential credential, PublicKeys keys) => OfficeNames(keys).Contains(credential.KeyId);

    /// <summary>Who must sign a roster act.</summary>
    internal IReadOnlyList<Need> Needs(RosterAct act, DateTimeOffset at)
    {
        var policy = PolicyAt(at);
        return act switch
        {
            // A role's first holder ever comes in by the people rule: until somebody holds it, the change rule itself might be unmeetable.
            EnrolAct e => e.Person.Roles.Any(r => policy.Weighs(r) && _rolesEver.Contains(r)) ? policy.Change : policy.People,
            RetireAct r => _members.TryGetValue(r.Person, out var m) && m.Roles.Any(policy.Weighs) ? policy.Change : policy.People,
            AdoptAct or RekeyAct => policy.Change,
            _ => [],
        };
    }

    /// <summary>
    /// Whether this roster act pulls the ground from under an act that was signed before it: it retires one of its signers (or the lender of a
    /// role they used), replaces a delegation they used, or adopts another policy.
    /// </summary>
    internal static bool Touches(RosterAct change, IReadOnlyCollection<string> people) => change switch
    {
        RetireAct r => people.Contains(r.Person),
        DelegateAct d => people.Contains(d.By) && people.Contains(d.To),
        AdoptAct => true,
        _ => false,
    };

    private Roster With(
        RosterAct act, ulong index, ImmutableDictionary<string, Member>? members = null, ImmutableList<Loan>? loans = null,
        ImmutableHashSet<string>? peopleEver = null, ImmutableHashSet<string>? rolesEver = null, ImmutableHashSet<Digest>? keysEver = null,
        ImmutableList<KeyRange>? keys = null, ImmutableList<(Policy, DateTimeOffset)>? policies = null) => new(
            Found, act.Digest, index, members ?? _members, loans ?? _loans, peopleEver ?? _peopleEver, rolesEver ?? _rolesEver,
            keysEver ?? _keysEver, keys ?? _keys, policies ?? _policies);

    private static Roster? Fail(string code, string why, out Fault? fault)
    {
        fault = new Fault(code, why);
        return null;
    }
}
