using Countersign.Ledger;
using Countersign.Proof;
using Xunit;

namespace Countersign.Tests.Ledger;

public sealed class TransparencyLogTests : IDisposable
{
    private readonly LedgerHouse _house = new();

    public void Dispose() => _house.Dispose();

    [Fact]
    public async Task An_appended_act_is_in_the_store_under_a_checkpoint_that_our_key_signed()
    {
        await using var log = _house.Open();
        var answer = await LedgerHouse.Appended(log, "release");
        Assert.False(answer.Already);
        Assert.Equal(0ul, answer.Entry.Index);
        Assert.Equal(Digest.Of(answer.Entry.Statement.Span), answer.Entry.EntryHash);
        Assert.Equal("release", Assert.Single(_house.Store.Entries).Record);
        Assert.Equal(answer.Head, _house.Store.Read());
        Assert.Equal(new Checkpoint(LedgerHouse.Origin, 1, answer.Head.Root), _house.Verified(answer.Head.Note));
        LedgerHouse.Includes(log, answer.Entry, answer.Head);
    }

    [Fact]
    public async Task The_same_act_twice_is_one_entry()
    {
        await using var log = _house.Open();
        var first = await LedgerHouse.Appended(log, "release");
        await LedgerHouse.Appended(log, "hold");
        var again = Assert.IsType<AppendAnswer<string, string>.Appended>(
            await log.Append(LedgerHouse.Key("release"), _ => LedgerHouse.Refuse("a known key is not admitted again")));
        Assert.True(again.Already);
        Assert.Equal(first.Entry, again.Entry);
        Assert.Equal(2ul, again.Head.Size);
        LedgerHouse.Includes(log, again.Entry, again.Head);
    }

    [Fact]
    public async Task The_same_act_from_many_hands_at_once_is_one_entry()
    {
        await using var log = _house.Open();
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ =>
            Task.Run(() => LedgerHouse.Appended(log, "release"))));
        Assert.Single(_house.Store.Entries);
        Assert.Single(answers, answer => !answer.Already);
        Assert.All(answers, answer => Assert.Equal(0ul, answer.Entry.Index));
    }

    [Fact]
    public async Task A_refusal_is_the_callers_own_and_nothing_is_stored()
    {
        await using var log = _house.Open();
        var answer = await log.Append(LedgerHouse.Key("release"), _ => LedgerHouse.Refuse("legal has not signed"));
        Assert.Equal(
            "legal has not signed", Assert.IsType<AppendAnswer<string, string>.Refused>(answer).Refusal);
        Assert.Empty(_house.Store.Entries);
        Assert.Empty(_house.Signed);
    }

    [Fact]
    public async Task A_later_candidate_sees_those_admitted_before_it_in_the_same_commit()
    {
        await using var log = _house.Open();
        var pending = QueueBehindABusyLedger(log, out var busy);
        var hold = log.Append(LedgerHouse.Key("hold"), _ => LedgerHouse.Admit("hold"));
        var release = log.Append(LedgerHouse.Key("release"), at =>
            at.Before.Any(entry => entry.Record == "hold")
                ? LedgerHouse.Refuse($"held at {at.Before[^1].Index}, would be {at.Index}")
                : LedgerHouse.Admit("release"));
        busy.SetResult();
        await pending;
        Assert.IsType<AppendAnswer<string, string>.Appended>(await hold);
        Assert.Equal(
            "held at 1, would be 2", Assert.IsType<AppendAnswer<string, string>.Refused>(await release).Refusal);
    }

    [Fact]
    public async Task A_candidate_that_throws_hurts_nobody_but_its_caller()
    {
        await using var log = _house.Open();
        var pending = QueueBehindABusyLedger(log, out var busy);
        var mistaken = log.Append(LedgerHouse.Key("mistake"), _ => throw new FormatException("mistake"));
        var other = LedgerHouse.Appended(log, "other");
        busy.SetResult();
        await pending;
        await Assert.ThrowsAsync<FormatException>(() => mistaken);
        Assert.Equal(1ul, (await other).Entry.Index);
        Assert.Null(log.StoppedBecause);
    }

    [Fact]
    public async Task All_who_wait_are_served_by_one_commit_in_the_order_they_came()
    {
        await using var log = _house.Open();
        var pending = QueueBehindABusyLedger(log, out var busy);
        var waiting = Enumerable.Range(0, 64).Select(i => LedgerHouse.Appended(log, $"act {i}")).ToArray();
        busy.SetResult();
        await pending;
        var answers = await Task.WhenAll(waiting);
        Assert.Equal(Enumerable.Range(1, 64).Select(i => (ulong)i), answers.Select(answer => answer.Entry.Index));
        Assert.Equal(2, _house.Store.Commits);
        Assert.Equal(2, _house.Signed.Count);
    }

    [Fact]
    public async Task Sixty_four_writers_get_distinct_indexes_and_one_commit_serves_many()
    {
        _house.Store.Flush = TimeSpan.FromMilliseconds(2);
        await using var log = _house.Open();
        var writers = Enumerable.Range(0, 64).Select(writer => Task.Run(async () =>
        {
            var answers = new List<AppendAnswer<string, string>.Appended>();
            for (var i = 0; i < 10; i++)
                answers.Add(await LedgerHouse.Appended(log, $"{writer} {i}"));
            return answers;
        })).ToArray();
        var all = (await Task.WhenAll(writers)).SelectMany(answers => answers).ToArray();
        Assert.Equal(
            Enumerable.Range(0, 640).Select(i => (ulong)i), all.Select(answer => answer.Entry.Index).Order());
        Assert.True(_house.Store.Commits < 160, $"{_house.Store.Commits} commits for 640 acts");
        foreach (var answer in all)
            LedgerHouse.Includes(log, answer.Entry, answer.Head);
        _house.SignedNothingTwice();
    }

    [Fact]
    public async Task When_another_process_is_quicker_the_candidate_is_admitted_again_against_the_new_head()
    {
        await using var mine = _house.Open();
        await using var theirs = _house.Open();
        _house.Store.BeforeNextCommit = () => LedgerHouse.Appended(theirs, "hold").GetAwaiter().GetResult();
        var seen = new List<ulong>();
        var answer = await mine.Append(LedgerHouse.Key("release"), at =>
        {
            seen.Add(at.Head.Size);
            return at.Head.Size == 0 ? LedgerHouse.Admit("release") : LedgerHouse.Refuse("held meanwhile");
        });
        Assert.Equal("held meanwhile", Assert.IsType<AppendAnswer<string, string>.Refused>(answer).Refusal);
        Assert.Equal([0ul, 1ul], seen);
        Assert.Equal(["hold"], _house.Store.Entries.Select(entry => entry.Record));
        _house.SignedNothingTwice();
    }

    [Fact]
    public async Task Two_processes_over_one_store_never_contradict_each_other()
    {
        await using var one = _house.Open();
        await using var two = _house.Open();
        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(i =>
            Task.Run(() => LedgerHouse.Appended(i % 2 == 0 ? one : two, $"act {i / 4}"))));
        Assert.Equal(100, _house.Store.Entries.Count);
        Assert.Equal(100, answers.Count(answer => !answer.Already));
        foreach (var same in answers.GroupBy(answer => answer.Entry.Key))
            Assert.Single(same.Select(answer => answer.Entry.Index).Distinct());
        await Task.WhenAll(LedgerHouse.Appended(one, "last"), LedgerHouse.Appended(two, "last"));
        foreach (var answer in answers)
        {
            LedgerHouse.Extends(one, answer.Head, one.Head);
            LedgerHouse.Includes(two, answer.Entry, two.Head);
        }
        _house.SignedNothingTwice();
        Assert.Null((await one.Publish()).Trouble);
        Assert.Null((await two.Publish()).Trouble);
        Assert.Equal(101ul, _house.Published().Size);
    }

    [Fact]
    public async Task A_closed_ledger_answers_what_it_took_and_takes_no_more()
    {
        var log = _house.Open();
        var taken = Enumerable.Range(0, 20).Select(i => LedgerHouse.Appended(log, $"act {i}")).ToArray();
        await log.DisposeAsync();
        await Task.WhenAll(taken);
        Assert.Equal(20ul, _house.Published().Size);
        Assert.IsType<AppendAnswer<string, string>.Stopped>(await LedgerHouse.Append(log, "late"));
    }

    [Fact]
    public async Task Every_entry_and_every_earlier_size_is_proved_across_tile_borders()
    {
        await using var log = _house.Open();
        await LedgerHouse.Fill(log, 700);
        await log.Publish();
        var leaves = _house.Store.Entries.Select(entry => Merkle.LeafHash(entry.EntryHash)).ToArray();
        int[] sizes = [1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 699, 700];
        foreach (var size in sizes)
        {
            var root = Merkle.Root(leaves.AsSpan(0, size));
            foreach (var index in sizes.Where(index => index < size))
            {
                var path = log.ProveInclusion((ulong)index, (ulong)size)!.ToArray();
                Assert.True(Merkle.VerifyInclusion((ulong)index, (ulong)size, leaves[index], path, root));
            }
            foreach (var old in sizes.Where(old => old <= size))
            {
                var path = log.ProveConsistency((ulong)old, (ulong)size)!.ToArray();
                var oldRoot = Merkle.Root(leaves.AsSpan(0, old));
                Assert.True(Merkle.VerifyConsistency((ulong)old, (ulong)size, oldRoot, root, path));
            }
        }
    }

    [Fact]
    public async Task What_is_not_in_the_ledger_has_no_proof()
    {
        await using var log = _house.Open();
        Assert.Null(log.ProveInclusion(0, 0));
        Assert.Equal([], log.ProveConsistency(0, 0));
        await LedgerHouse.Fill(log, 3);
        Assert.Null(log.ProveInclusion(3, 3));
        Assert.Null(log.ProveInclusion(0, 4));
        Assert.Null(log.ProveInclusion(2, 2));
        Assert.Null(log.ProveConsistency(2, 4));
        Assert.Null(log.ProveConsistency(3, 2));
        Assert.Equal([], log.ProveConsistency(0, 3));
    }

    /// <summary>Holds the worker inside an admission, so that what comes now is queued behind it.</summary>
    private static Task<AppendAnswer<string, string>> QueueBehindABusyLedger(
        TransparencyLog<string, string> log, out TaskCompletionSource busy)
    {
        var released = busy = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        var first = log.Append(LedgerHouse.Key("first"), _ =>
        {
            entered.TrySetResult();
            released.Task.GetAwaiter().GetResult();
            return LedgerHouse.Admit("first");
        });
        entered.Task.GetAwaiter().GetResult();
        return first;
    }
}
