using Countersign.Ledger;
using Countersign.Proof;
using CsCheck;
using Xunit;

namespace Countersign.Tests.Ledger;

/// <summary>Any sequence of appends, restarts and faults, against a model: the list of what was acknowledged.</summary>
public sealed class LedgerModelTests
{
    /// <summary>What happens next; the number says to which act or where.</summary>
    private enum Event
    {
        Append,
        AppendMany,
        Refuse,
        Repeat,
        Restart,
        CommitLost,
        CommitSignedButLost,
        CommitLostButPersisted,
        ReadFails,
        FindFails,
        PublicDiskFails,
        TileTorn,
        CheckpointFileOld,
        AnotherProcess,
    }

    [Fact]
    public Task Whatever_happens_each_acknowledged_act_stays_proved_in_every_later_checkpoint() =>
        Gen.Select(Gen.Enum<Event>(), Gen.Int[0, 400]).Array[1, 25].SampleAsync(async events =>
        {
            using var world = new World();
            foreach (var (what, number) in events)
                await world.Live(what, number);
            await world.Judge();
        }, iter: 80);

    private sealed class World : IDisposable
    {
        private readonly LedgerHouse _house = new();
        private readonly Dictionary<Digest, AppendAnswer<string, string>.Appended> _acknowledged = [];
        private readonly List<LedgerHead> _heads = [];
        private TransparencyLog<string, string> _log;
        private byte[]? _oldCheckpoint;
        private bool _diskFails;
        private int _acts;

        public World() => _log = Open();

        public async Task Live(Event what, int number)
        {
            if (_log.StoppedBecause is not null)
                await Restart();
            switch (what)
            {
                case Event.Append:
                    await Append(_log, $"act {_acts++}");
                    break;
                case Event.AppendMany:
                    var first = _acts;
                    _acts += number;
                    await Task.WhenAll(Enumerable.Range(first, number).Select(i => Append(_log, $"act {i}")));
                    break;
                case Event.Refuse:
                    var refused = await _log.Append(
                        LedgerHouse.Key($"refused {number}"), _ => LedgerHouse.Refuse("no"));
                    Assert.False(refused is AppendAnswer<string, string>.Appended);
                    break;
                case Event.Repeat:
                    await Append(_log, $"act {number % Math.Max(_acts, 1)}");
                    break;
                case Event.Restart:
                    await Restart();
                    break;
                case Event.CommitLost or Event.CommitSignedButLost or Event.CommitLostButPersisted:
                    _house.Store.NextCommit = what switch
                    {
                        Event.CommitLost => Breaks.Before,
                        Event.CommitSignedButLost => Breaks.Signed,
                        _ => Breaks.After,
                    };
                    await Append(_log, $"act {_acts++}");
                    _house.Store.Heal();
                    await Restart();
                    break;
                case Event.ReadFails:
                    await _log.Publish();
                    _house.Store.NextReadBreaks = true;
                    await Append(_log, $"act {_acts++}");
                    _house.Store.Heal();
                    await Restart();
                    break;
                case Event.FindFails:
                    _house.Store.NextFindBreaks = true;
                    await Append(_log, $"act {_acts++}");
                    _house.Store.Heal();
                    await Restart();
                    break;
                case Event.PublicDiskFails:
                    _diskFails = number % 2 == 0;
                    break;
                case Event.TileTorn:
                    var tile = Path.Combine(_house.Folder, Tiles.PathOf(0, (ulong)number / 256));
                    if (File.Exists(tile))
                        await File.WriteAllBytesAsync(tile, new byte[number]);
                    break;
                case Event.CheckpointFileOld:
                    await _log.DisposeAsync();
                    if (_oldCheckpoint is not null)
                        await File.WriteAllBytesAsync(Path.Combine(_house.Folder, "checkpoint"), _oldCheckpoint);
                    _oldCheckpoint = _house.Tiles.ReadCheckpoint();
                    _log = Open();
                    break;
                case Event.AnotherProcess:
                    await using (var other = Open())
                        await Append(other, $"act {_acts++}");
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(what));
            }
        }

        public async Task Judge()
        {
            _diskFails = false;
            await Restart();
            await _log.Rebuild();
            var head = _log.Head;
            Assert.Equal(head.Size, (ulong)_house.Store.Entries.Count);
            if (head.Size > 0)
            {
                Assert.Equal(new Checkpoint(LedgerHouse.Origin, head.Size, head.Root), _house.Published());
                var verdict = _house.Tiles.Verify(_house.Published());
                Assert.True(verdict.Sound, verdict.Sentence);
            }
            var heads = _heads.DistinctBy(h => h.Size).Append(head).ToArray();
            foreach (var older in heads)
                foreach (var newer in heads.Where(h => h.Size >= older.Size))
                    LedgerHouse.Extends(_log, older, newer);
            foreach (var same in _heads.GroupBy(h => h.Size))
                Assert.Single(same.Select(h => h.Root).Distinct());
            foreach (var (key, answer) in _acknowledged.Take(40))
            {
                Assert.Equal(key, _house.Store.Entries[(int)answer.Entry.Index].Key);
                foreach (var later in heads.Where(h => h.Size > answer.Entry.Index).Take(10))
                    LedgerHouse.Includes(_log, answer.Entry, later);
            }
            Assert.Equal(_house.Store.Entries.Count, _house.Store.Entries.DistinctBy(entry => entry.Key).Count());
        }

        public void Dispose()
        {
            _log.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _house.Dispose();
        }

        private TransparencyLog<string, string> Open() => _house.Open(new Tiles(_house.Folder, step =>
        {
            if (_diskFails)
                throw new IOException($"No {step}.");
        }));

        private async Task Restart()
        {
            await _log.DisposeAsync();
            _log = Open();
        }

        private async Task Append(TransparencyLog<string, string> log, string act)
        {
            if (await LedgerHouse.Append(log, act) is not AppendAnswer<string, string>.Appended answer)
                return;
            lock (_acknowledged)
            {
                if (_acknowledged.TryGetValue(answer.Entry.Key, out var before))
                    Assert.Equal(before.Entry.Index, answer.Entry.Index);
                else
                    _acknowledged.Add(answer.Entry.Key, answer);
                Assert.Equal(answer.Head.Root, _house.Verified(answer.Head.Note).Root);
                Assert.True(answer.Head.Size > answer.Entry.Index);
                _heads.Add(answer.Head);
            }
        }
    }
}
