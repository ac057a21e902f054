"""The ledger, statements, receipts, the roster, a letter and who may sign what: written from docs/standards-ledger.md (L) and docs/STANDARDS.md
(S3 from the roster on, S4, S5) alone."""
import base64, copy, itertools, math, re
from collections import namedtuple

from acts import (DAY, DECISIONS, LETTER_KINDS, NEVER, OFFICE_KEYS, ROSTER_KINDS, Tagged, approval_holds, canonical_json, cbor, ed25519_holds,
                  from_b64, is_id, is_key_name, is_list, is_map, is_plain, read_act, read_cbor, read_policy, remembered, sig_structure, sign1,
                  text)
from fair_copy import Fault, need
from seal import H

LAST_SECOND = 253402300799

# ---------------------------------------------------------------- the ledger (L)

def path_root(index, size, leaf, path):
    """The root to which a path leads (RFC 9162 §2.1.3.2)."""
    need(index < size < 2**63, "the path: the place is not in the ledger")
    both = (index ^ size - 1).bit_length()                      # levels below which the ways of this leaf and of the last one have met
    need(len(path) == both + (index >> both).bit_count(), "the path: its length")
    at, last, root = index, size - 1, leaf
    for node in path:
        if at & 1 or at == last:
            root = H(b"\1", node, root)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            root = H(b"\1", root, node)
        at, last = at >> 1, last >> 1
    need(last == 0, "the path: its length")
    return root

def standard_base64(value, why):
    try:
        data = base64.b64decode(value, validate=True)
    except ValueError:
        raise Fault(why) from None
    need(base64.b64encode(data).decode() == value, why)
    return data

@remembered
def read_note(note, name, key):
    """The text of a note that this key signed under this name, with type 01."""
    need(len(note.encode()) <= 65536 and note.endswith("\n") and not re.search("[\x00-\x09\x0b-\x1f]", note), "the note: its form")
    text_, gap, lines = note[:-1].rpartition("\n\n")
    text_, lines, known, signed = text_ + "\n", lines.split("\n"), H(name.encode(), b"\n\x01", key)[:4], False
    need(gap and len(lines) <= 100, "the note: its lines")
    for line in lines:
        parts = line.split(" ")
        need(len(parts) == 3 and parts[0] == "\u2014" and is_key_name(parts[1]), "the note: a line")
        value = standard_base64(parts[2], "the note: base64")
        need(len(value) >= 5, "the note: base64")
        if (parts[1], value[:4]) == (name, known):
            need(ed25519_holds(key, value[4:], text_.encode()), "the note: a signature that does not verify")
            signed = True
    need(signed, "the note is not signed by the ledger")
    return text_

def read_checkpoint(note, origin, key):
    """Size and root of a checkpoint that opens with this origin and key."""
    lines = read_note(note, origin, key)[:-1].split("\n")
    need(len(lines) >= 3 and all(lines) and lines[0] == origin, "the checkpoint: its lines")
    need(re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]) and int(lines[1]) < 2**63, "the checkpoint: its size")
    size, root = int(lines[1]), standard_base64(lines[2], "the checkpoint: its root")
    need(len(root) == 32 and (size or root == H()), "the checkpoint: its root")
    return size, root

# ---------------------------------------------------------------- statements and ranges of keys (S4)

Statement = namedtuple("Statement", "data office subject time approvals payload kid signed signature")
Entered = namedtuple("Entered", "act approvals statement index")                # approvals: (person, name of the act signed, evidence)
Range = namedtuple("Range", "start origin ledger statement certificate lost")

@remembered
def read_statement(data):
    need(len(data) <= 2048, "a statement: too long")
    protected, header, unprotected, payload, signature = sign1(data, "a statement")
    need(is_map(header, 1, 4, 15, 258, 259, "approvals") and is_map(header[15], 1, 2, 6) and unprotected == {}, "a statement: its header")
    office, subject, time = header[15].values()
    need((header[1], header[258], header[259]) == (-8, -16, "application/json") and is_id(office) and is_id(subject), "a statement: its header")
    need(type(time) is int and 0 <= time <= LAST_SECOND, "a statement: its time")
    need(all(isinstance(b, bytes) and len(b) == 32 for b in (header[4], header["approvals"], payload)), "a statement: its header")
    return Statement(data, office, subject, time, header["approvals"], payload.hex(), header[4], sig_structure(protected, payload), signature)

def ranges_of(roster):
    return [Range(e.index, act["origin"], from_b64(act["ledger"]), from_b64(act["statement"]), act["certificate"], (act.get("gap") or {}).get("from"))
            for e in roster for act in [e.act] if act.kind in ("found", "rekey")]

def for_entry(ranges, index):
    return next((r for r in reversed(ranges) if r.start <= index), ranges[0])

def for_tree(ranges, size):
    return next((r for r in reversed(ranges) if r.start < size), ranges[0])

def together(one, other):
    """The longer of two lists of ranges that agree."""
    need(all(a == b for a, b in zip(one, other)), "the keys are others than the trust file's")
    return max(one, other, key=len)

def check_fit(entry, ranges):
    statement, act, key = entry.statement, entry.act, for_entry(ranges, entry.index).statement
    said = (statement.payload, statement.office, statement.subject, statement.kid)
    need(said == (act.name, act.office, act.subject, H(key)) and ed25519_holds(key, statement.signature, statement.signed),
         f"the statement of the {act.kind} act is not the office's, or of another act")

def check_commitment(entry, joined=()):
    approvals = sorted([*entry.approvals, *joined], key=lambda a: (a[0].encode("utf-16-be"), a[1]))
    digest = H(cbor([[person, bytes.fromhex(name), evidence] for person, name, evidence in approvals]))
    need(entry.statement.approvals == digest, f"the {entry.act.kind} act comes with other approvals than the ledger took in")

# ---------------------------------------------------------------- receipts (S5)

Evidence = namedtuple("Evidence", "roster letters twins policies disclosures")
Receipt = namedtuple("Receipt", "statement length checkpoint certificate evidence size index path signature protected keys")

def read_approvals(value, act, why):
    need(isinstance(value, list) and len(value) <= 64 and all(is_list(a, str, bytes) and len(a[1]) <= 8192 for a in value), why)
    return [(person, act.name, evidence) for person, evidence in value]

def read_evidence(value, why):
    need(is_list(value, list, list, list, list, list) and all(len(v) <= most for v, most in zip(value, (20_000,) * 3 + (1000,) * 2)), why)

    def entries(items):
        need(all(is_list(item, bytes, bytes, list, int) for item in items), why)
        acts = [read_act(act) for _, act, _, _ in items]
        return [Entered(act, read_approvals(item[2], act, why), read_statement(item[0]), item[3]) for act, item in zip(acts, items)]
    *lists, policies, disclosures = *map(entries, value[:3]), *value[3:]
    need(all(isinstance(p, bytes) and len(p) <= 65536 for p in policies), why)
    need(all(is_list(d, str, bytes, str) and is_id(d[0]) and len(d[1]) == 16 and text(2000)(d[2]) and is_plain(d[2]) for d in disclosures), why)
    need(lists[0] and lists[0][0].act.kind == "found", why)
    return Evidence(*lists, {H(p).hex(): p for p in policies}, disclosures)

def read_receipt(data):
    why = "the receipt is not in its form"
    need(len(data) <= 4_194_304, why)
    protected, _, outer, payload, signature = sign1(data, why)
    need(is_map(outer, 394, "countersign") and is_list(outer[394], bytes) and isinstance(outer["countersign"], bytes), why)
    statement = read_statement(cbor(Tagged(18, [protected, {}, payload, signature])))
    own = read_cbor(outer["countersign"], why)
    need(is_list(own, int, int, str, bytes, list) and own[0] == 1 and len(own[3]) <= 16_384, why)
    evidence = read_evidence(own[4], why)
    need(len(outer[394][0]) <= 8192, why)
    protected, _, outer, payload, signature = sign1(outer[394][0], why)
    need(is_map(outer, 396) and is_map(outer[396], -1) and is_list(outer[396][-1], bytes) and len(outer[396][-1][0]) <= 4096 and payload is None, why)
    proof = read_cbor(outer[396][-1][0], why)
    need(is_list(proof, int, int, list) and len(proof[2]) <= 63 and all(isinstance(p, bytes) and len(p) == 32 for p in proof[2]), why)
    keys = for_tree(ranges_of(evidence.roster), proof[0])
    need(protected == cbor({1: -8, 4: H(keys.ledger), 15: {1: keys.origin, 2: statement.subject}, 395: 1}), why)
    return Receipt(statement, *own[1:4], evidence, *proof, signature, protected, keys)

# ---------------------------------------------------------------- the roster (S3)

Person, Loan = namedtuple("Person", "roles credential counts"), namedtuple("Loan", "lender to role kinds until counts entered")

class Roster:
    """Who is in office after some roster acts, and under which policies. It is followed by another, never changed once it stands."""
    def __init__(self, entry, policies):
        act, time = entry.act, entry.statement.time
        self.found, self.newest, self.people, self.loans, self.ever = act, act.name, {}, [], frozenset()
        self.policies = [(time, read_policy(policies.get(act["policy"], b"")))]
        need(self.policies[0][1], "the founding of the office: its policy is not there")
        self.take_keys(act)
        for enrolment in act["people"]:
            self.enrol(enrolment, time)
        need(act.by in self.people and sorted(a[0] for a in entry.approvals) == sorted(self.people), "the founding of the office: who signed it")
        need(all(self.signed(approval) for approval in entry.approvals), "the founding of the office: a signature")

    def signed(self, approval):
        person, name, evidence = approval
        return approval_holds(self.people[person].credential, self.found, bytes.fromhex(name), evidence)

    def policy_at(self, time):
        return next((policy for counts, policy in reversed(self.policies[1:]) if counts <= time), self.policies[0][1])

    def take_keys(self, act):
        owned = {H(bytes.fromhex("a4010103272006215820"), from_b64(act[name])) for name in ("ledger", "statement")}
        need(not {("key", key) for key in owned} & self.ever, "the roster: an office's key that is a person's")
        self.present = [act[name] for name in OFFICE_KEYS]
        self.ever |= {("origin", act["origin"]), ("ledger", act["ledger"])} | {("office", key) for key in owned}

    def enrol(self, enrolment, counts):
        person, credential = enrolment["person"], enrolment["credential"]
        used = {("person", person)} | {("key", H(from_b64(credential[name]))) for name in ("key", "id") if name in credential}
        challenge = H(canonical_json({"enrol": credential["key"], "office": self.found.office, "person": person}))
        need(("office", H(from_b64(credential["key"]))) not in self.ever, "the roster: a person's key that is the office's")
        need(not used & self.ever, "the roster: a person or key that was enrolled before")
        need(approval_holds(credential, self.found, challenge, from_b64(credential["proof"])), "the roster: a key without its proof")
        self.ever |= used | {("role", role) for role in enrolment["roles"]}
        self.people = {**self.people, person: Person(frozenset(enrolment["roles"]), credential, counts)}

    def after(self, entry, policies):
        """The roster after one more act."""
        act, time, new = entry.act, entry.statement.time, copy.copy(self)
        counts = time + self.policy_at(time).wait
        counts = counts if counts <= LAST_SECOND else NEVER
        follows = act.office == self.found.office and act.kind in ROSTER_KINDS[1:] and act["roster"] == self.newest
        need(follows, "the roster: an act that does not follow")
        new.newest = act.name
        if act.kind == "enrol":
            new.enrol(act["person"], counts)
        elif act.kind == "retire":
            need(act["person"] in self.people, "the roster: nobody to retire")
            new.people = {person: who for person, who in self.people.items() if person != act["person"]}
            new.loans = [loan for loan in self.loans if act["person"] not in (loan.lender, loan.to)]
        elif act.kind == "delegate":
            need(act["to"] in self.people and act["to"] != act.by and act.by in self.people, "the roster: a loan from or to nobody")
            need(act["role"] in self.people[act.by].roles, "the roster: a role lent by somebody without it")
            need(act.until <= act.at + self.policy_at(time).days * DAY, "the roster: a loan for too long")
            loan = Loan(act.by, act["to"], act["role"], act["kinds"], act.until, counts, time)
            new.loans = [other for other in self.loans if other[:3] != loan[:3]] + [loan]
        elif act.kind == "rekey":
            new.take_keys(act)
            need(new.present != self.present, "the roster: the office's keys are the present ones")
            if act.get("gap"):
                need(not {("origin", act["origin"]), ("ledger", act["ledger"])} & self.ever, "the roster: a gap under an old name or key")
                need(act["gap"]["from"] <= entry.index, "the roster: a gap behind its act")
            else:
                need(act["origin"] == self.present[0], "the roster: another origin without a gap")
        permit(act, entry.approvals, self, None, time)
        if act.kind == "adopt":
            adopted = read_policy(policies.get(act["policy"], b""))
            need(adopted, "the roster: the policy is not there")
            new.policies = [*self.policies, (counts, adopted)]
        return new

class Chain:
    """Roster acts, the roster after each, and whose keys were stolen since when (S8, 4.1 to 4.3). First acts that a known chain has, too, stand."""
    def __init__(self, entries, policies, listed, below, known=None):
        self.entries, self.rosters = entries, []
        for i, entry in enumerate(entries):
            check_commitment(entry)
            theirs = known.entries[i] if known and i < len(known.entries) else None
            known = known if theirs and (entry.index, entry.statement.data) == (theirs.index, theirs.statement.data) else None
            if i:
                last = entries[i - 1]
                need(entry.index > last.index and entry.statement.time >= last.statement.time, "the roster is not in the order of the ledger")
            self.rosters.append(known.rosters[i] if known else self.rosters[-1].after(entry, policies) if i else Roster(entry, policies))
        shown, expected = ([(name, index) for name, index in acts if index < below] for acts in (((e.act.name, e.index) for e in entries), listed))
        need(shown[:len(expected)] == expected, "the roster leaves out or moves an act that the trust file lists")
        self.stolen = {e.act["person"]: e.act.since for e in entries if e.act.since is not None}

# ---------------------------------------------------------------- a letter (S1, its head; S3, what may follow what, last words)

class Letter:
    """What was done to a letter so far; twins are drafts of equal bytes elsewhere."""
    def __init__(self, twins, entries=(), heads=()):
        self.twins, self.entries, self.heads = twins, list(entries), list(heads)

    def after(self, entry):
        head = H(bytes.fromhex(self.heads[-1]), bytes.fromhex(entry.act.name)).hex() if self.heads else entry.act.name
        return Letter(self.twins, self.entries + [entry], self.heads + [head] * (not entry.act.concurs))

    def acts(self, *kinds):
        return [e.act for e in self.entries if e.act.kind in kinds]

    def lifted(self):
        return {act["hold"] for act in self.acts("lift")}

    def holds(self):
        return [act for act in self.acts("hold") if act.name not in self.lifted()]

    def standing(self):
        return 1 if self.acts("withdraw") else 3 if self.acts("correct") else 2 if self.holds() else 0

    def excluded(self):
        drafts = self.acts("draft") + [t.act for t in self.twins if t.act.kind == "draft" and t.act.letter != self.entries[0].act.letter]
        copies = {act["copy"] for act in self.acts("draft")}
        return {act.by for act in drafts if act["copy"] in copies}

    def last_words(self, stolen):
        """The entries of the concurrences, and the standing objections, on the newest draft."""
        words, adverse, heads, draft = {}, {}, 0, self.acts("draft")[-1].name
        for entry in self.entries:
            act = entry.act
            heads += not act.concurs
            if act.kind != "review" or act["draft"] != draft:
                continue
            seen = act.by not in adverse or act["after"] in self.heads[adverse[act.by]:]
            if act.concurs and (stolen.get(act.by, NEVER) <= entry.statement.time or not seen):
                continue
            if not act.concurs:
                adverse[act.by] = heads - 1
            words[act.by] = entry
        return [e for e in self.entries if e.act.concurs and words.get(e.act.by) is e], [e.act for e in words.values() if not e.act.concurs]

    def check_next(self, entry):
        """S3, What may follow what."""
        act, released, drafts = entry.act, self.acts("release"), self.acts("draft")
        need(act.kind in LETTER_KINDS, "an act that is no letter's")
        if not self.entries:
            need(act.kind == "draft" and act["version"] == 1, "the letter does not begin with its first version")
            return
        need(act.letter == drafts[0].letter, "an act of another letter")
        need(act.kind not in DECISIONS or entry.statement.time <= act.until and act["after"] == self.heads[-1],
             "a decision after its end, or the letter changed after its signers saw it")
        fits = {"draft": lambda: not released and act["version"] == drafts[-1]["version"] + 1 and act["reference"] == drafts[-1]["reference"],
                "review": lambda: not released and act["draft"] == drafts[-1].name and act["after"] in self.heads,
                "release": lambda: not released and not self.holds(), "hold": lambda: True,
                "lift": lambda: act["hold"] in {hold.name for hold in self.holds()}}
        ends = released and act.get("release") == released[0].name and not self.acts("withdraw", "correct")
        need(fits[act.kind]() if act.kind in fits else ends, f"a {act.kind} act that could not follow")

    def with_next(self, entry, chain):
        """The letter after one more act that can follow, is permitted, and was entered with these approvals."""
        self.check_next(entry)
        judge(entry, chain, self)
        check_commitment(entry, [a for e in self.last_words({})[0] for a in e.approvals] if entry.act.kind == "release" else ())
        return self.after(entry)

# ---------------------------------------------------------------- permission of one act (S3)

Signer = namedtuple("Signer", "person time signed")
RULE_OF = {"adopt": "change", "rekey": "change", "hold": "stop", "lift": "withdraw", "withdraw": "withdraw", "correct": "withdraw"}

class TooMany(Fault):
    """More choices than are looked at."""

def needs_of(act, roster, policy):
    if act.kind in ("enrol", "retire"):
        roles = ({r for r in act["person"]["roles"] if ("role", r) in roster.ever} if act.kind == "enrol" else roster.people[act["person"]].roles)
        return policy.rules["change" if roles & policy.weighty else "people"]
    return policy.rules[RULE_OF[act.kind]] if act.kind in RULE_OF else []

class Counting:
    """Who may come as whom at the time of an act's entry, for a letter's decision or another act."""
    def __init__(self, roster, policy, kind, time, excluded, stolen):
        self.roster, self.policy, self.kind, self.time, self.excluded, self.stolen = roster, policy, kind, time, excluded, stolen

    def comings(self, person, excluded, stolen):
        """As whom a person can come, with which roles: themselves first, then lenders in the order of their first loan."""
        time, me, out, people = self.time, self.roster.people[person], {}, self.roster.people
        refused = frozenset() if me.credential["kind"] == "passkey" else self.policy.passkey_roles
        if me.counts <= time and me.roles - refused:
            out[person] = me.roles - refused
        for loan in self.roster.loans:
            if (loan.to == person and loan.lender not in excluded and max(loan.counts, people[loan.lender].counts) <= time < loan.until
                    and (not loan.kinds or self.kind in loan.kinds) and stolen.get(loan.lender, NEVER) > loan.entered and loan.role not in refused):
                out[loan.lender] = out.get(loan.lender, frozenset()) | {loan.role}
        return out

    def counted(self, needs, signers):
        """Everybody counted in the first choice that fills every place, one by a signer; None when none does."""
        places = [n.roles for n in needs for _ in range(n.count)]
        if not places:
            return set()
        coming = [(s, self.comings(s.person, self.excluded, self.stolen)) for s in signers
                  if s.person not in self.excluded and self.stolen.get(s.person, NEVER) > s.time]
        options = [[(s, name, roles) for name, roles in ways.items()] for s, ways in coming if ways]
        if math.prod(map(len, options)) > 4096:
            raise TooMany("too many ways to come as somebody")
        for choice in itertools.product(*options):
            come = {}                                           # as whom they come: those who do, with their roles, signers first
            for s, name, roles in sorted(choice, key=lambda one: not one[0].signed):
                come.setdefault(name, []).append((s, roles))
            filled = {}
            for name in sorted(come, key=lambda name: (not come[name][0][0].signed, name)):
                find_place(name, come, places, filled, set())
            by = {name: next(s for s, roles in come[name] if roles & places[i]) for i, name in filled.items()}
            if len(filled) == len(places) and any(s.signed for s in by.values()):
                return {*by, *(s.person for s in by.values())}
        return None

    def by_stages(self, needs, stages, reviewers):
        """Who of these reviewers fills every place of these stages, as if they signed; None when something is lacking."""
        roles = frozenset().union(*stages)
        try:
            return self.counted([n for n in needs if n.roles <= roles], [s._replace(signed=True) for s in reviewers])
        except TooMany:
            return set()

    def lacking(self, needs, stages, reviewers):
        return self.by_stages(needs, stages, reviewers) is None

    def stage_of(self, person, stages):
        roles = frozenset().union(*self.comings(person, (), {}).values())
        return next((i for i, stage in enumerate(stages) if stage & roles), 0)

def find_place(name, come, places, filled, tried):
    """An augmenting path; at most 16 places, each tried once."""
    for i, roles in enumerate(places):
        if i not in tried and any(roles & theirs for _, theirs in come[name]):
            tried.add(i)
            if i not in filled or find_place(filled[i], come, places, filled, tried):
                filled[i] = name
                return True
    return False

def joined_reviewers(concurrences, counting, needs, stages):
    """Those whom a release joins: in office, and in turn."""
    joined = []
    for e in concurrences:
        if e.act.by in counting.roster.people and not counting.lacking(needs, stages[:counting.stage_of(e.act.by, stages)], joined):
            joined.append(Signer(e.act.by, e.statement.time, False))
    return joined

def permit(act, approvals, roster, letter, time, stolen={}):
    """Everybody who signed the act or was counted for it; a Fault when it is refused."""
    people = [person for person, _, _ in approvals]
    need(act.office == roster.found.office and act.at <= time + 120, "the act is another office's, or dated ahead")
    need(1 <= len(people) <= 64 and len(set(people)) == len(people), f"{len(people)} signatures, or somebody signed twice")
    need(all(person in roster.people for person in people), "somebody signed who is not in office")
    need(all(map(roster.signed, approvals)), "a signature that is not a signature of this act")
    need(act.by in people, "its author has not signed it")
    policy, drafts = roster.policy_at(time), letter.acts("draft") if letter else []
    kind = drafts[-1]["kind"] if drafts else None
    excluded = letter.excluded() if act.kind in ("release", "lift") or act.concurs else ()
    counting = Counting(roster, policy, kind if act.kind in DECISIONS or act.concurs else None, time, excluded, stolen)
    needs, stages = (policy.release_needs(drafts[-1]), policy.kinds[kind][1]) if kind in policy.kinds else ([], [])
    if act.kind in ("draft", "review"):
        need(len(people) == 1, "more than one signature")
        if act.concurs and act["draft"] == drafts[-1].name and stages:
            before = joined_reviewers(letter.last_words({})[0], counting, needs, stages)
            before = [s for s in before if s.person != act.by]
            need(not counting.lacking(needs, stages[:counting.stage_of(act.by, stages)], before), "a review out of its turn")
        return set(people)
    signers, earlier = [Signer(person, time, True) for person in people], set()
    if act.kind == "hold":
        need(not any(hold.by == act.by and hold.name in letter.lifted() for hold in letter.acts("hold")), "a second hold after a lift")
    if act.kind == "release":
        concurring, adverse = letter.last_words(stolen)
        need(act["draft"] == drafts[-1].name, "the release does not name the newest version")
        need(not adverse, "somebody returns or objects")
        need(kind in policy.kinds, "the policy has no rule for this kind")
        joined = joined_reviewers(concurring, counting, needs, stages)
        signers += [s for s in joined if s.person not in people]
        earlier = counting.by_stages(needs, stages[:-1], joined)
        need(earlier is not None, "an earlier stage has not signed")
    counted = counting.counted(needs if act.kind == "release" else needs_of(act, roster, policy), signers)
    need(counted is not None, "the people whom the policy demands have not signed")
    return counted | earlier | set(people)

def judge(entry, chain, letter):
    """S3, Judging a letter's act in a chain of roster acts."""
    act, time = entry.act, entry.statement.time
    below = [i for i, e in enumerate(chain.entries) if e.index < entry.index]
    named = next((i for i in below if chain.entries[i].act.name == act["roster"]), None)
    need(named is not None, "the roster that it names was not in office")
    behind = [e for e in chain.entries if e.index >= entry.index][:1]
    need(chain.entries[below[-1]].statement.time <= time and all(e.statement.time >= time for e in behind), "it is dated otherwise than its place")
    if act.kind == "hold":
        permit(act, entry.approvals, chain.rosters[below[-1]], letter, time)
        return
    counted = permit(act, entry.approvals, chain.rosters[named], letter, time, chain.stolen if act.kind in ("release", "lift") else {})
    for later in (chain.entries[i].act for i in below if i > named):
        need(later.kind != "adopt", "the policy has changed since it was signed")
        need(later.kind != "retire" or later["person"] not in counted, "somebody has left office since they signed")
        need(later.kind != "delegate" or not {later.by, later["to"]} <= counted, "a loan has changed since it was signed")
