#!/usr/bin/python3
"""A second verifier of sealed letters, written from the documents alone. Here are S6 to S8 of docs/STANDARDS.md; the sections before them are in
acts.py and office.py, docs/standards-ledger.md in office.py, docs/standards-seal.md in fair_copy.py and seal.py.

    check.py FILE --trust TRUST [--status STATUS] --at YYYY-MM-DDThh:mm:ssZ
        prints {"verdict": …, "reasons": […]}; exit 0: genuine and in force, 4: genuine otherwise, 1: anything else
    check.py --batch LIST
        LIST has lines {"file": …, "trust": …, "status": … or null, "at": …}; prints one verdict word a line
"""
import argparse, hmac, json, sys, zlib
from collections import namedtuple

from acts import (DAY, NEVER, OFFICE_KEYS, array, b64, b64_of, boolean, ed25519_holds, from_b64, integer, is_digest, is_id, is_list, is_map,
                  moment_of, one_of, plain_json, read_act, read_cbor, record, remembered, seconds, sig_structure, sign1, text)
from fair_copy import Fault, need, sealable
from office import (LAST_SECOND, Chain, Letter, Range, check_fit, for_tree, judge, path_root, permit, ranges_of, read_approvals, read_checkpoint,
                    read_evidence, read_receipt, together)
from seal import H, Plan, check_seal, find_seal

# ---------------------------------------------------------------- the trust file (S6)

INDEX, Trust = integer(0), namedtuple("Trust", "found ranges roster checkpoint address status")
TRUST = record({
    "countersign": one_of("trust/1"),
    "office": record({"domain": is_id, "title": text(200), "found": is_digest, "words": text(NEVER), "exercise": boolean}),
    "keys": array(record({"from": INDEX, "lost?": integer(1), **OFFICE_KEYS}), 1, 10_000),
    "roster": array(record({"act": is_digest, "index": INDEX}), 1, 100_000),
    "checkpoint": b64_of(0, 65_536), "status": record({"address": text(2000), "file?": b64_of(0, 16_777_216)})})

WORDS = ("acorn album alder amber anchor apple apron arrow atlas autumn bacon badge bagel bamboo banjo barley basil basket beacon beaver "
         "bench berry birch bishop bottle branch bread bridge bronze brook bucket butter cabin cactus camel candle canoe canvas carbon "
         "carpet castle cedar celery chalk cherry chess cider cinema circle citrus clay cliff clock clover cobalt coffee comet copper coral "
         "cotton cradle crane crater cricket crystal cuckoo curtain cymbal daisy dancer delta denim desert diamond dinner dolphin donkey "
         "dragon drum eagle easel echo elbow elder ember engine envoy fabric falcon feather fern fiddle field finch flame flint flute forest "
         "fossil fountain fox galaxy garden garlic gate ginger glacier glass goat granite grape gravel guitar hammer harbor harp hazel "
         "helmet heron honey hornet island ivory jacket jasmine jigsaw juniper kettle kitten ladder lagoon lantern laurel lemon lentil "
         "library lilac lily linen lizard lobster locust lotus lumber magnet mango maple marble marsh meadow melon mirror mitten monsoon "
         "mosaic moss muffin mustard napkin nectar needle nickel nutmeg oasis ocean olive onion opal orange orchid otter oyster paddle "
         "palace panda paper parrot pebble pelican pencil pepper piano pigeon pillow pine planet plum pocket poplar portal potato prairie "
         "prism pumpkin puzzle quail quartz quilt rabbit radish raft rain raven ribbon river robin rocket rose saddle saffron sailor salmon "
         "sandal satin scarf shadow shell shovel silver sparrow spice spider sponge spoon spring squash stable star stone summer swan tailor "
         "tango teapot temple thistle thunder tiger timber toast tomato torch tower trumpet tulip tunnel turnip turtle valley vanilla velvet "
         "violin walnut willow winter zebra").split()

@remembered
def read_trust(data):
    why = "the trust file: its form"
    need(len(data) <= 25_165_824, why)
    m = plain_json(data, why)
    need(TRUST(m) and m["office"]["words"] == " ".join(WORDS[b] for b in bytes.fromhex(m["office"]["found"])[:8]), why)
    roster = [(r["act"], r["index"]) for r in m["roster"]]
    ranges = [Range(k["from"], k["origin"], from_b64(k["ledger"]), from_b64(k["statement"]), k["certificate"], k.get("lost")) for k in m["keys"]]
    need(roster[0][0] == m["office"]["found"] and ranges[0].start == roster[0][1] and ranges[0].lost is None, why)
    need(all(a[1] < b[1] for a, b in zip(roster, roster[1:])) and all(a.start < b.start for a, b in zip(ranges, ranges[1:])), why)
    need(all(r.lost is None or r.lost <= r.start for r in ranges), why)
    try:
        checkpoint = from_b64(m["checkpoint"]).decode()
    except UnicodeDecodeError:
        checkpoint = ""                                         # opens with no key
    return Trust(roster[0][0], ranges, roster, checkpoint, m["status"]["address"], from_b64(m["status"]["file"]) if "file" in m["status"] else None)

# ---------------------------------------------------------------- the status file and the signed hold (S7)

Status, HOLD_BEGINS = namedtuple("Status", "size iat exp bits evidence"), b"\x83\x70countersign-hold"

@remembered
def read_status(data, address):
    why = "the status file: its form"
    need(len(data) <= 16_777_216, why)
    protected, header, unprotected, payload, signature = sign1(data, why)
    need(is_map(header, 1, 4, 16) and (header[1], header[16]) == (-8, "application/statuslist+cwt") and unprotected == {}, why)
    need(isinstance(payload, bytes), why)
    m = read_cbor(payload, why)
    need(is_map(m, 2, 4, 6, 65533, 65534, "size", "countersign") and is_map(m[65533], "lst", "bits"), why)
    need(is_list([*m.values()], str, int, int, dict, int, int, list) and is_list([*m[65533].values()], bytes, int) and m[65533]["bits"] == 2, why)
    need(m[6] < m[4] <= min(m[6] + 7 * DAY, LAST_SECOND) and m[2] == address, why)
    unpacking = zlib.decompressobj()
    try:
        bits = unpacking.decompress(m[65533]["lst"], 262_145)
    except zlib.error:
        raise Fault(why) from None
    evidence = read_evidence(m["countersign"], why)
    need(len(bits) == 262_144 and unpacking.eof and not unpacking.unused_data and not evidence.twins and not evidence.disclosures, why)
    key = for_tree(ranges_of(evidence.roster), m["size"]).statement
    need(header[4] == H(key) and ed25519_holds(key, signature, sig_structure(protected, payload)), "the status file is not signed by the office")
    return Status(m["size"], m[6], m[4], bits, evidence)

@remembered
def read_hold(data):
    why = "the signed hold: its form"
    need(len(data) <= 262_144, why)
    value = read_cbor(data, why)
    need(is_list(value, str, bytes, list), why)
    act = read_act(value[1])
    need(act.kind == "hold", why)
    return act, read_approvals(value[2], act, why)

def take_status(data, trust, chain):
    """The status file, its chain and the ranges of keys, if it is taken (S8, The newest status file)."""
    status = read_status(data, trust.address)
    roster, own = status.evidence.roster, ranges_of(status.evidence.roster)
    need(roster[0].act.name == trust.found, "the status file is another office's")
    both = together(own, trust.ranges)
    need(for_tree(both, status.size) == for_tree(own, status.size), "the status file: other keys")
    for entry in roster:
        check_fit(entry, both)
    theirs = Chain(roster, status.evidence.policies, trust.roster, status.size, chain)
    same = all(a.act.name == b.act.name for a, b in zip(roster, chain.entries))
    need(same and len(roster) >= sum(e.index < status.size for e in chain.entries), "the status file shows another roster than the receipt")
    epoch = sum(r.lost is not None for r in own)
    newest = max(both, ranges_of(chain.entries), key=len)[-1]
    replaced = for_tree(both, status.size)[1:5] != newest[1:5]
    return status, theirs, both, (epoch, status.size, status.iat), replaced

# ---------------------------------------------------------------- the verdict (S8)

Verdict = namedtuple("Verdict", "word reason")

class Decided(Exception):
    """The first answer that fits."""

def step(word, check, *arguments):
    try:
        return check(*arguments)
    except Fault as fault:
        raise Decided(word, str(fault)) from None

def open_seal(data):
    """1: the receipt, its release and its draft, of a file that is exactly what was sealed."""
    found = find_seal(data)
    if found is None:
        raise Decided("not-released", "the file carries no seal")
    length, receipt_bytes = found
    receipt = read_receipt(receipt_bytes)
    evidence, letters = receipt.evidence, receipt.evidence.letters
    release = letters[-1].act if letters else None
    need(release and release.kind == "release" and release.name == receipt.statement.payload, "the receipt does not bring its release")
    draft = next((e.act for e in letters if e.act.kind == "draft" and e.act.name == release["draft"]), None)
    need(draft, "the receipt does not bring its draft")
    need(receipt.length == length and H(data[:length]).hex() == draft["copy"], "the pages are not the ones that were approved")
    need(H(receipt.certificate).hex() == receipt.keys.certificate, "the receipt brings another certificate")
    extract = hmac.digest(bytes(32), bytes.fromhex(release["nonce"]), "sha256")                     # RFC 5869; one block is enough
    identifier, key = (b64(hmac.digest(extract, b"countersign/paper/" + name + b"\1", "sha256")[:16]) for name in (b"id", b"key"))
    plan = Plan(draft["reference"], draft["kind"], moment_of(letters[-1].statement.time), release.office, evidence.roster[0].act["exercise"],
                f"https://{release.office}/l/{identifier}#{key}", draft.get("mark"))
    check_seal(data, sealable(data[:length]), receipt_bytes, plan, receipt.certificate)
    return receipt, release, draft

def check_ledger(receipt, trust):
    """3: the entry is in the ledger that the trust file speaks of. The ranges of keys of both together."""
    evidence, keys, own = receipt.evidence, receipt.keys, ranges_of(receipt.evidence.roster)
    at = max((i + 1 for i, r in enumerate(trust.ranges) if r.origin == keys.origin), default=len(trust.ranges))
    need(all(r.lost is None or r.lost > receipt.index for r in trust.ranges[at:at + 1]), "the entry stood in a part of the ledger that was lost")
    both = together(own, trust.ranges[:at])
    need(for_tree(both, receipt.size) == keys, "the receipt has other keys than the trust file")
    root = path_root(receipt.index, receipt.size, H(b"\0", H(receipt.statement.data)), receipt.path)
    need(ed25519_holds(keys.ledger, receipt.signature, sig_structure(receipt.protected, root)), "the ledger did not sign the root")
    need(read_checkpoint(receipt.checkpoint, keys.origin, keys.ledger) == (receipt.size, root), "the checkpoint names another size or root")
    for entry in (*evidence.roster, *evidence.letters, *evidence.twins):
        check_fit(entry, both)
    last, newest = evidence.letters[-1], trust.ranges[-1]
    need((last.statement.data, last.index) == (receipt.statement.data, receipt.index), "the evidence has another statement or place of the release")
    try:
        size, other = read_checkpoint(trust.checkpoint, newest.origin, newest.ledger)
    except Fault:
        return
    need(newest.origin != keys.origin or size != receipt.size or other == root, "the trust file's checkpoint shows a fork")

def check_approvals(receipt, trust):
    """4.1 to 4.5: the chain of roster acts and the letter."""
    evidence = receipt.evidence
    chain, letter = Chain(evidence.roster, evidence.policies, trust.roster, receipt.index), Letter(evidence.twins)
    for last, entry in zip([None, *evidence.letters], evidence.letters):
        need(last is None or entry.index > last.index and entry.statement.time >= last.statement.time, "the letter is not in the order of the ledger")
        letter = letter.with_next(entry, chain)
    everything = sorted([*evidence.roster, *evidence.letters], key=lambda e: e.index)
    rising = all(a.index < b.index and a.statement.time <= b.statement.time for a, b in zip(everything, everything[1:]))
    need(rising, "acts are dated otherwise than their place")
    return chain, letter

def judge_again(receipt, chain):
    """4.6: with what the longest roster known says of stolen keys."""
    letter = Letter(receipt.evidence.twins)
    for entry in receipt.evidence.letters if chain.stolen else ():
        judge(entry, chain, letter)
        letter = letter.after(entry)

def newest_status(given, trust, chain):
    newest = None
    for candidate in (trust.status, given):
        try:
            taken = take_status(candidate, trust, chain) if candidate is not None else None
        except Fault:
            continue
        if taken and (newest is None or taken[3] > newest[3]):
            newest = taken
    return newest

def follow_status(newest, receipt, release, letter, moment):
    """6.2: the letter now and then, and whether that is proved."""
    status, chain, ranges = newest[:3]
    now, then, last = letter, letter, receipt.evidence.letters[-1]
    for entry in (e for e in status.evidence.letters if e.act.letter == release.letter):
        try:
            check_fit(entry, ranges)
            need(last.index < entry.index < status.size and entry.statement.time >= last.statement.time, "an act out of place")
            now, last = now.with_next(entry, chain), entry
        except Fault:
            return now, then, False
        then = now if entry.statement.time <= moment else then
    place = release["status"]
    return now, then, now.standing() == status.bits[place // 4] >> 2 * (place % 4) & 3

def holds_now(hold, release, now, roster, moment):
    """6.4: whether a signed hold that was given speaks of this letter."""
    act, approvals = hold
    if act.letter != release.letter or act.at > moment or act.name in {e.act.name for e in now.entries} | now.lifted():
        return False
    try:
        permit(act, approvals, roster, now, moment)
        return True
    except Fault:
        return False

def decide(data, trust, given, moment):
    if not 0 < len(data) <= 105_194_304:
        raise Decided("unreadable", "the file is empty or too long")
    receipt, release, draft = step("altered", open_seal, data)
    found = receipt.evidence.roster[0].act
    if found.name != trust.found:
        raise Decided("unknown-office", "the receipt is another office's")
    step("not-in-ledger", check_ledger, receipt, trust)
    chain, letter = step("not-approved", check_approvals, receipt, trust)
    hold = None
    if given is not None and given.startswith(HOLD_BEGINS):
        try:
            given, hold = None, read_hold(given)
        except Fault:
            given = None
    newest = newest_status(given, trust, chain)
    status, known = newest[:2] if newest else (None, chain)
    longest = known if len(known.entries) > len(chain.entries) else chain
    if longest is not chain:
        step("not-approved", judge_again, receipt, longest)
    if found["exercise"]:
        raise Decided("exercise", "this is an exercise")
    if moment < receipt.statement.time:
        raise Decided("genuine-not-yet", "it was released after the moment asked for")
    silent, now, then, proved = status is not None and status.size <= receipt.index, letter, letter, True
    if status and not silent:
        now, then, proved = follow_status(newest, receipt, release, letter, moment)
    if then.standing() in (1, 3):
        raise Decided("genuine-withdrawn" if then.standing() == 1 else "genuine-replaced", "it no longer stands")
    if then.holds() or hold and holds_now(hold, release, now, longest.rosters[-1], moment):
        raise Decided("genuine-on-hold", "it is on hold")
    if silent or not proved:
        raise Decided("genuine-standing-unknown", "the status file proves nothing about it")
    if draft.get("not-before") and moment < seconds(draft["not-before"]):
        raise Decided("genuine-not-yet", "its day has not come")
    if status is None or moment > status.exp or newest[4]:
        raise Decided("genuine-standing-unknown", "no status file speaks of this moment")
    raise Decided("genuine-in-force", "everything holds")

def verdict(data, trust, given, moment):
    try:
        decide(data, read_trust(trust), given, moment)
    except Decided as decided:
        return Verdict(*decided.args)

def read_file(path):
    with open(path, "rb") as file:
        return file.read()

def main():
    parser = argparse.ArgumentParser(description="A second verifier of sealed letters.")
    parser.add_argument("file", nargs="?")
    for option in ("--trust", "--status", "--at", "--batch"):
        parser.add_argument(option)
    options = parser.parse_args()
    if not options.batch:
        status = read_file(options.status) if options.status else None
        word, reason = verdict(read_file(options.file), read_file(options.trust), status, seconds(options.at))
        print(json.dumps({"verdict": word, "reasons": [reason]}))
        return {"genuine-in-force": 0}.get(word, 4 if word.startswith("genuine-") else 1)
    for line in read_file(options.batch).decode().splitlines():
        try:
            job = json.loads(line)
            status = read_file(job["status"]) if job["status"] else None
            print(verdict(read_file(job["file"]), read_file(job["trust"]), status, seconds(job["at"])).word)
        except Exception as crash:                              # a verdict is asked for each line, whatever happens
            print(f"crash: {type(crash).__name__}")
    return 0

if __name__ == "__main__":
    sys.exit(main())
