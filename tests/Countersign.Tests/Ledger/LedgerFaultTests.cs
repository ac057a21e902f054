using System.Text;
using Countersign.Ledger;
using Countersign.Proof;
using Xunit;

namespace Countersign.Tests.Ledger;

/// <summary>The fault table: each store call and each step on the disk fails, before or after it took effect.</summary>
public sealed class LedgerFaultTests : IDisposable
{
    private readonly LedgerHouse _house = new();

    public void Dispose() => _house.Dispose();

    [Theory]
    [InlineData(Breaks.Before, false)]
    [InlineData(Breaks.Signed, false)]
    [InlineData(Breaks.After, true)]
    public async Task A_commit_in_doubt_stops_the_ledger_and_a_new_one_starts_from_what_is_stored(
        Breaks breaks, bool persisted)
    {
        await using var log = _house.Open();
        var before = await LedgerHouse.Appended(log, "before");
        _house.Store.NextCommit = breaks;
        var doubtful = Assert.IsType<AppendAnswer<string, string>.Stopped>(await LedgerHouse.Append(log, "doubtful"));
        Assert.True(doubtful.MayBeStored);
        var signed = _house.Signed.Count;

        // Nothing more is signed or stored here, whatever is asked.
        var later = Assert.IsType<AppendAnswer<string, string>.Stopped>(await LedgerHouse.Append(log, "later"));
        Assert.False(later.MayBeStored);
        Assert.Contains("Open it again", later.Why, StringComparison.Ordinal);
        Assert.IsType<AppendAnswer<string, string>.Stopped>(await LedgerHouse.Append(log, "before"));
        Assert.Equal(signed, _house.Signed.Count);

        await using var again = _house.Open();
        Assert.Equal(persisted ? 2ul : 1ul, again.Head.Size);
        var repeated = await LedgerHouse.Appended(again, "doubtful");
        Assert.Equal(persisted, repeated.Already);
        Assert.Equal(1ul, repeated.Entry.Index);
        LedgerHouse.Extends(again, before.Head, again.Head);
        LedgerHouse.Includes(again, before.Entry, again.Head);
        _house.SignedNothingTwice();
    }

    [Fact]
    public async Task All_who_wait_for_a_commit_in_doubt_get_the_same_plain_answer()
    {
        await using var log = _house.Open();
        _house.Store.NextCommit = Breaks.After;
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(i =>
            Task.Run(() => LedgerHouse.Append(log, $"act {i}"))));
        Assert.All(answers, answer => Assert.IsType<AppendAnswer<string, string>.Stopped>(answer));
        Assert.NotNull(log.StoppedBecause);
        Assert.Single(_house.Signed);
    }

    [Theory]
    [InlineData("read")]
    [InlineData("find")]
    [InlineData("hashes")]
    public async Task A_failed_read_stops_the_ledger_before_anything_is_signed(string call)
    {
        await using var log = _house.Open();
        await LedgerHouse.Appended(log, "before");
        await log.Publish();
        await using var other = _house.Open();
        await LedgerHouse.Appended(other, "by another");
        await other.Publish();
        var signed = _house.Signed.Count;
        _house.Store.NextReadBreaks = call == "read";
        _house.Store.NextFindBreaks = call == "find";
        _house.Store.NextHashesBreak = call == "hashes";
        var answer = Assert.IsType<AppendAnswer<string, string>.Stopped>(await LedgerHouse.Append(log, "act"));
        Assert.False(answer.MayBeStored);
        Assert.Equal(signed, _house.Signed.Count);
        await using var again = _house.Open();
        Assert.False((await LedgerHouse.Appended(again, "act")).Already);
    }

    [Fact]
    public async Task A_signer_that_signs_falsely_never_reaches_the_store()
    {
        var wrong = _house.Identity with { Sign = _ => _house.Identity.Sign("another text\n") };
        var opening = TransparencyLog.Open<string, string>(_house.Store, wrong, _house.Tiles);
        await using var log = Assert.IsType<LedgerOpening<string, string>.Opened>(opening).Log;
        Assert.IsType<AppendAnswer<string, string>.Stopped>(await LedgerHouse.Append(log, "act"));
        Assert.Equal(LedgerHead.None, _house.Store.Read());
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public async Task A_store_that_forgets_what_it_had_signed_gets_no_second_checkpoint_of_one_size(
        bool moves, int admissions)
    {
        await using (var first = _house.Open())
            await LedgerHouse.Appended(first, "before");
        var forgetful = new ForgetfulStore(_house.Store, moves);
        var opening = TransparencyLog.Open<string, string>(forgetful, _house.Identity, _house.Tiles);
        await using var log = Assert.IsType<LedgerOpening<string, string>.Opened>(opening).Log;
        var tries = 0;
        var answer = await log.Append(LedgerHouse.Key("act"), _ => LedgerHouse.Admit($"try {++tries}"));
        Assert.IsType<AppendAnswer<string, string>.Stopped>(answer);
        Assert.Equal(admissions, tries);
        Assert.Equal(2, _house.Signed.Count);
        _house.SignedNothingTwice();
    }

    [Fact]
    public async Task A_database_restored_from_an_old_backup_is_not_opened_for_writing()
    {
        MemoryStore backup;
        await using (var log = _house.Open())
        {
            await LedgerHouse.Fill(log, 5);
            backup = _house.Store.Backup();
            await LedgerHouse.Appended(log, "withdraw");
        }
        var opening = Assert.IsType<LedgerOpening<string, string>.ReadOnly>(_house.TryOpen(store: backup));
        Assert.Equal(LedgerTrouble.RolledBack, opening.Trouble);
        Assert.Contains("rolled back", opening.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restored_database_is_found_out_by_the_tiles_even_without_the_checkpoint_file()
    {
        MemoryStore backup;
        await using (var log = _house.Open())
        {
            await LedgerHouse.Fill(log, 5);
            backup = _house.Store.Backup();
            await LedgerHouse.Appended(log, "withdraw");
        }
        File.Delete(Path.Combine(_house.Folder, "checkpoint"));
        var opening = Assert.IsType<LedgerOpening<string, string>.ReadOnly>(_house.TryOpen(store: backup));
        Assert.Equal(LedgerTrouble.RolledBack, opening.Trouble);
        await using var honest = _house.Open();
        Assert.Null((await honest.Publish()).Trouble);
        Assert.Equal(6ul, _house.Published().Size);
    }

    [Fact]
    public async Task A_restored_database_that_grew_again_is_a_fork_and_is_not_opened_for_writing()
    {
        MemoryStore backup;
        await using (var log = _house.Open())
        {
            await LedgerHouse.Fill(log, 5);
            backup = _house.Store.Backup();
            await LedgerHouse.Appended(log, "withdraw");
        }
        using var elsewhere = new LedgerHouse();
        await using (var log = elsewhere.Open(store: backup))
            await LedgerHouse.Fill(log, 3, "other");
        var opening = Assert.IsType<LedgerOpening<string, string>.ReadOnly>(_house.TryOpen(store: backup));
        Assert.Equal(LedgerTrouble.Forked, opening.Trouble);
    }

    [Fact]
    public async Task What_a_witness_saw_shows_whether_a_restored_office_misses_anything()
    {
        MemoryStore backup;
        Checkpoint before, after;
        await using (var log = _house.Open())
        {
            await LedgerHouse.Fill(log, 5);
            backup = _house.Store.Backup();
            before = _house.Verified(log.Head.Note);
            await LedgerHouse.Appended(log, "withdraw");
            after = _house.Verified(log.Head.Note);
        }
        // Everything was restored, the public files too: nothing on this machine tells.
        using var restored = new LedgerHouse();
        var opening = Assert.IsType<LedgerOpening<string, string>.ReadOnly>(
            restored.TryOpen(null, backup, before, after));
        Assert.Equal(LedgerTrouble.RolledBack, opening.Trouble);
        var forged = before with { Root = after.Root };
        opening = Assert.IsType<LedgerOpening<string, string>.ReadOnly>(restored.TryOpen(null, backup, before, forged));
        Assert.Equal(LedgerTrouble.Forked, opening.Trouble);
        var other = before with { Origin = "tfn.example/other" };
        Assert.Throws<ArgumentException>(() => restored.TryOpen(null, backup, other));
        await using var complete = Assert.IsType<LedgerOpening<string, string>.Opened>(
            restored.TryOpen(null, backup, before)).Log;
        Assert.Equal(5ul, complete.Head.Size);
    }

    [Fact]
    public async Task A_published_checkpoint_that_is_older_than_the_database_is_brought_up_to_date()
    {
        var checkpoint = Path.Combine(_house.Folder, "checkpoint");
        byte[] old;
        await using (var log = _house.Open())
        {
            await LedgerHouse.Fill(log, 5);
            await log.Publish();
            old = await File.ReadAllBytesAsync(checkpoint);
            await LedgerHouse.Fill(log, 300, "more");
        }
        await File.WriteAllBytesAsync(checkpoint, old);
        await using var again = _house.Open();
        Assert.Null((await again.Publish()).Trouble);
        Assert.Equal(305ul, _house.Published().Size);
        Assert.True(_house.Tiles.Verify(_house.Published()).Sound);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tfn.example/ledger\n8\n")]
    public async Task A_published_checkpoint_that_cannot_be_read_is_no_proof_that_nothing_is_missing(string content)
    {
        await using (var log = _house.Open())
            await LedgerHouse.Fill(log, 5);
        await File.WriteAllTextAsync(Path.Combine(_house.Folder, "checkpoint"), content);
        var opening = Assert.IsType<LedgerOpening<string, string>.ReadOnly>(_house.TryOpen());
        Assert.Equal(LedgerTrouble.CheckpointUnreadable, opening.Trouble);
    }

    [Fact]
    public async Task A_published_checkpoint_of_another_key_is_not_ours()
    {
        var stranger = new Checkpoint(LedgerHouse.Origin, 0, Merkle.EmptyRoot).Sign(Ed25519PrivateKey.Create());
        await File.WriteAllBytesAsync(Path.Combine(_house.Folder, "checkpoint"), stranger.ToBytes());
        var opening = Assert.IsType<LedgerOpening<string, string>.ReadOnly>(_house.TryOpen());
        Assert.Equal(LedgerTrouble.CheckpointUnreadable, opening.Trouble);
    }

    [Fact]
    public async Task A_published_checkpoint_with_cosignatures_is_ours_and_keeps_them()
    {
        var path = Path.Combine(_house.Folder, "checkpoint");
        Note cosigned;
        await using (var log = _house.Open())
        {
            await LedgerHouse.Fill(log, 5);
            await log.Publish();
            Assert.True(Note.TryParse(await File.ReadAllBytesAsync(path), out var note, out _));
            cosigned = note.With(NoteSignature.Cosign(note.Text, "witness", Ed25519PrivateKey.Create(), 1));
            await File.WriteAllBytesAsync(path, cosigned.ToBytes());
        }
        await using var again = _house.Open();
        await again.Rebuild();
        Assert.Equal(cosigned.ToBytes(), await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task A_database_that_contradicts_its_own_checkpoint_is_not_opened_for_writing()
    {
        await using (var log = _house.Open())
            await LedgerHouse.Fill(log, 5);
        var dropped = _house.Store.Backup();
        dropped.DropLast();
        var opening = Assert.IsType<LedgerOpening<string, string>.ReadOnly>(_house.TryOpen(store: dropped));
        Assert.Equal(LedgerTrouble.StoreDamaged, opening.Trouble);
        _house.Store.Tamper(2);
        opening = Assert.IsType<LedgerOpening<string, string>.ReadOnly>(_house.TryOpen());
        Assert.Equal(LedgerTrouble.StoreDamaged, opening.Trouble);
    }

    [Fact]
    public async Task A_database_that_falls_back_under_an_open_ledger_stops_it()
    {
        await using var log = _house.Open(tiles: null);
        await LedgerHouse.Fill(log, 2);
        var signed = _house.Signed.Count;
        _house.Store.RollBackTo(LedgerHead.None);
        Assert.IsType<AppendAnswer<string, string>.Stopped>(await LedgerHouse.Append(log, "act"));
        Assert.Equal(signed, _house.Signed.Count);
    }

    [Fact]
    public async Task The_disk_may_fail_at_any_step_of_a_publication_and_the_next_one_mends_it()
    {
        var steps = 0;
        await using (var counting = _house.Open(new Tiles(_house.Folder, _ => steps++)))
        {
            await LedgerHouse.Fill(counting, 300);
            await counting.Publish();
        }
        Assert.InRange(steps, 5, 500);
        for (var failing = 0; failing < steps; failing++)
        {
            using var house = new LedgerHouse();
            var step = 0;
            var breaks = new Tiles(house.Folder, what =>
            {
                if (step++ == failing)
                    throw new IOException($"No {what}.");
            });
            await using (var log = house.Open(breaks))
            {
                await LedgerHouse.Fill(log, 200);
                await LedgerHouse.Fill(log, 100, "more");
            }
            // A crash: whatever the files are now, what they state must hold, and the next opening goes on.
            if (house.Tiles.ReadCheckpoint() is { } note)
            {
                var verdict = house.Tiles.Verify(house.Verified(Encoding.UTF8.GetString(note)));
                Assert.True(verdict.Sound, $"step {failing}: {verdict.Sentence}");
            }
            await using var again = house.Open();
            await LedgerHouse.Appended(again, "after");
            Assert.Null((await again.Publish()).Trouble);
            var mended = house.Tiles.Verify(house.Published());
            Assert.True(mended.Sound, $"step {failing}: {mended.Sentence}");
            Assert.Equal(301ul, house.Published().Size);
        }
    }

    [Fact]
    public async Task A_full_public_disk_does_not_stop_the_ledger_and_says_so()
    {
        var full = true;
        await using var log = _house.Open(new Tiles(_house.Folder, _ =>
        {
            if (full)
                throw new IOException("No space left.");
        }));
        var answer = await LedgerHouse.Appended(log, "act");
        Assert.Contains("No space left", (await log.Publish()).Trouble, StringComparison.Ordinal);
        LedgerHouse.Includes(log, answer.Entry, answer.Head);
        full = false;
        Assert.Equal(new Publication(1, null), await log.Publish());
    }

    [Fact]
    public async Task A_torn_or_missing_tile_never_spoils_a_proof()
    {
        await using var log = _house.Open();
        await LedgerHouse.Fill(log, 600);
        await log.Publish();
        var tile = Path.Combine(_house.Folder, Tiles.PathOf(0, 0));
        var bytes = await File.ReadAllBytesAsync(tile);
        var entry = _house.Store.Entries[3];
        foreach (var damaged in new[] { bytes[..4096], [], [.. bytes, 0], [.. bytes[..128], 1, .. bytes[129..]] })
        {
            await File.WriteAllBytesAsync(tile, damaged);
            LedgerHouse.Includes(log, entry, log.Head);
        }
        File.Delete(tile);
        LedgerHouse.Includes(log, entry, log.Head);
        await log.Rebuild();
        Assert.Equal(bytes, await File.ReadAllBytesAsync(tile));
    }

    /// <summary>Breaks the contract: asks for the signature, then says that another was first.</summary>
    private sealed class ForgetfulStore(MemoryStore store, bool moves) : ILedgerStore<string>
    {
        private string _line = "";

        public LedgerHead Read() => store.Read() with { Note = store.Read().Note + _line };

        public CommitAnswer Commit(
            LedgerHead expected, IReadOnlyList<LedgerEntry<string>> entries, Func<LedgerHead> sign)
        {
            sign();
            if (moves)
                _line += NoteSignature.Sign("text", "stranger", Ed25519PrivateKey.Create()) + "\n";
            return CommitAnswer.Moved;
        }

        public int ReadEntryHashes(ulong first, Span<Digest> into) => store.ReadEntryHashes(first, into);

        public IReadOnlyList<LedgerEntry<string>> Find(IReadOnlyCollection<Digest> keys) => store.Find(keys);
    }
}
