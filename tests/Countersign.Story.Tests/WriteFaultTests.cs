using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Countersign.Proof;
using Countersign.Server.Keeping;
using Countersign.Server.Letters;
using Countersign.Testing;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>
/// The built program, on a real disk, with real faults in its system calls: nothing that it acknowledged is lost, and no checkpoint that anybody may have
/// seen is contradicted. The table of faults is in docs/FAULTS.md. COUNTERSIGN_FAULTS=all tries every point; otherwise they are spread evenly over each
/// command, from another first point in each run (COUNTERSIGN_SEED names it).
/// </summary>
public sealed class WriteFaultTests(WriteFaultTests.Prepared prepared, ITestOutputHelper output) : IClassFixture<WriteFaultTests.Prepared>
{
    private static readonly bool All = Environment.GetEnvironmentVariable("COUNTERSIGN_FAULTS") == "all";

    private static readonly int Seed =
        int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount & 0xffff;

    /// <summary>The place that every test copies, and what was in it and public before anything failed.</summary>
    public sealed class Prepared : IDisposable
    {
        private readonly Lazy<Place> _place = new(Place.Prepare);
        private readonly ConcurrentDictionary<string, (int Acts, IReadOnlyList<string> Notes)> _before = new(StringComparer.Ordinal);

        internal Place Place => _place.Value;

        /// <summary>How many acts of the deed's kind there were before it, and the checkpoints that were public or in the database.</summary>
        internal (int Acts, IReadOnlyList<string> Notes) Before(Deed deed) => _before.GetOrAdd(deed.Name, _ =>
        {
            var home = Place.Home(deed);
            if (!home.Exists)
                return (0, []);
            using var office = Office.Open(home, TimeProvider.System).Value!;
            return (deed.Kind is null ? 0 : office.Records.Acts.Count(a => a.Kind == deed.Kind), [.. office.Records.Checkpoints.Select(c => c.Note), Place.Published(home) ?? ""]);
        });

        private readonly ConcurrentDictionary<string, int> _states = new(StringComparer.Ordinal);

        /// <summary>Between how many states a command goes.</summary>
        internal int States(Deed deed) => _states.GetOrAdd(deed.Name, _ =>
        {
            using var place = Place.Copy(deed);
            return Strace.Step(place, deed, (_, _) => false).States;
        });

        internal void Counted(Deed deed, int states) => _states[deed.Name] = states;

        public void Dispose()
        {
            if (_place.IsValueCreated)
                _place.Value.Dispose();
        }
    }

    public static TheoryData<string> Deeds => [.. Deed.All.Select(d => d.Name)];

    [Theory]
    [MemberData(nameof(Deeds))]
    public void Killed_between_any_two_of_its_steps_a_command_loses_nothing_and_can_be_given_again(string command)
    {
        Strace.RequireStrace();
        var deed = Deed.Of(command);
        var clock = Stopwatch.StartNew();

        // One run shows every state that a kill can leave: the program stands still after each durable call, and the place is copied as it lies.
        var states = new List<(Place Place, Answered Answer)>();
        Answered whole;
        using (var place = prepared.Place.Copy(deed))
        {
            (var count, whole) = Strace.Step(place, deed, (i, said) =>
            {
                Forget(states, i);
                states.Add((place.Copy(deed), said));
                return false;
            });
            Forget(states, count);
            prepared.Counted(deed, count);
            Assert.True(whole.ExitCode == 0, $"{command}: {whole}");
            Examine(place, deed, whole, "not killed at all");
        }
        var chosen = Spread(states.Count, 5);
        output.WriteLine($"{command}: {states.Count} states in {clock.ElapsedMilliseconds} ms");
        Parallel.ForEach(chosen, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
            Examine(states[i].Place, deed, states[i].Answer, $"stopped in state {i} of {states.Count}"));

        // And truly killed: where it is not for all, the three whose loss would be the worst.
        var kills = Spread(states.Count, command is "init" or "release" or "hold" ? 1 : 0);
        foreach (var at in kills)
        {
            using var place = prepared.Place.Copy(deed);
            var (reached, answer) = Strace.Step(place, deed, (i, _) => i == at);
            Examine(place, deed, answer, $"killed in state {reached - 1} of {states.Count}");
        }
        output.WriteLine($"{command}: {chosen.Count} states examined, {kills.Count} real kills, seed {Seed}, {clock.ElapsedMilliseconds} ms");
        Forget(states, 0);
    }

    [Theory]
    [InlineData("draft")]
    [InlineData("review")]
    [InlineData("release")]
    [InlineData("hold")]
    [InlineData("init")]
    public void With_the_disk_full_from_any_write_on_a_command_says_so_and_goes_on_once_there_is_room(string command)
    {
        Strace.RequireStrace();
        var deed = Deed.Of(command);
        var calls = Most(deed, Strace.Growing);
        var chosen = Spread(calls, 2);
        foreach (var at in chosen)
        {
            using var place = prepared.Place.Copy(deed);
            var answer = Strace.Run(place, deed, "-e", $"inject={Strace.Growing}:error=ENOSPC:when={at + 1}+");
            Refused(answer, $"{command}, no room from call {at + 1} on");
            Examine(place, deed, answer, $"no room from call {at + 1} on");
        }
        output.WriteLine($"{command}: {chosen.Count} of {calls} points, seed {Seed}");
    }

    [Theory]
    [InlineData("draft")]
    [InlineData("review")]
    [InlineData("release")]
    [InlineData("hold")]
    public void On_a_small_disk_that_runs_full_at_any_step_a_command_says_so_and_goes_on_once_there_is_room(string command)
    {
        Strace.RequireStrace();
        var deed = Deed.Of(command);
        using var disk = SmallDisk.Mount(prepared.Place);
        var filler = Path.Combine(disk.Folder, "filler");
        var states = prepared.States(deed);
        var chosen = Spread(states, 1);
        foreach (var at in chosen)
        {
            using var place = prepared.Place.Copy(deed, disk.Folder);
            var (_, answer) = Strace.Step(place, deed, (i, _) =>
            {
                if (i == at)
                    SmallDisk.Fill(filler);
                return false;
            });
            Refused(answer, $"{command}, full in state {at} of {states}");
            File.Delete(filler);
            Examine(place, deed, answer, $"disk full in state {at} of {states}");
        }
        output.WriteLine($"{command}: {chosen.Count} of {states} points, seed {Seed}");
    }

    [Theory]
    [InlineData("release")]
    [InlineData("draft")]
    [InlineData("hold")]
    [InlineData("rekey")]
    [InlineData("init")]
    [InlineData("restore")]
    public void After_a_failed_flush_nothing_is_acknowledged_that_may_not_be_on_the_disk(string command)
    {
        Strace.RequireStrace();
        var deed = Deed.Of(command);
        var most = Most(deed, "fsync,fdatasync");
        var chosen = Spread(most, 2);
        var failed = 0;
        foreach (var at in chosen)
        {
            using var place = prepared.Place.Copy(deed);
            var (answer, calls) = Strace.RunTraced(place, deed, "-y", "-e", "trace=fsync,fdatasync", "-e", $"inject=fsync,fdatasync:error=EIO:when={at + 1}");
            Refused(answer, $"{command}, flush {at + 1} failed");
            // What follows from the ledger may be lost; what SQLite flushes when it closes its files, or by the name of its log, it keeps safe otherwise.
            var home = place.Home(deed);
            var flushed = calls.Where(l => l.Contains("INJECTED", StringComparison.Ordinal)).Select(l => l.Split('<', '>')[1])
                .Where(f => f.StartsWith(home.Path + "/", StringComparison.Ordinal) && !f.StartsWith(home.Public, StringComparison.Ordinal) && !f.StartsWith(home.Database, StringComparison.Ordinal)).ToList();
            Assert.True(flushed.Count == 0 || !answer.Acknowledged || answer.Error.Contains("Warning", StringComparison.Ordinal), $"{command}: the flush of {string.Join(", ", flushed)} failed, and nobody was told");
            failed += answer.Acknowledged ? 0 : 1;
            Examine(place, deed, answer, $"flush {at + 1} of a thread failed");
        }
        output.WriteLine($"{command}: {chosen.Count} of {most} points, {failed} refused, seed {Seed}");
    }

    [Theory]
    [InlineData("init")]
    [InlineData("draft")]
    [InlineData("release")]
    [InlineData("hold")]
    [InlineData("rekey")]
    [InlineData("restore")]
    public void What_a_command_acknowledges_it_flushed_before_with_every_name_on_the_way(string command)
    {
        Strace.RequireStrace();
        var deed = Deed.Of(command);
        using var place = prepared.Place.Copy(deed);
        var home = place.Home(deed).Path;
        var unflushed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var line in Strace.Calls(place, deed, "pwrite64,fsync,fdatasync,rename,mkdir,unlink").Where(l => l.EndsWith(" = 0", StringComparison.Ordinal) || l.Contains("pwrite64", StringComparison.Ordinal)))
        {
            var call = line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..].TrimStart().Split('(')[0];
            string[] paths = [.. line.Split('"', '<', '>').Where(p => p.StartsWith(home, StringComparison.Ordinal))];
            // What follows from the ledger may be lost: it is made again. What the gate knows is one of those, and SQLite's index of its log.
            if (paths.Length == 0 || paths[0].StartsWith(place.Home(deed).Public, StringComparison.Ordinal) || paths[0].EndsWith("-shm", StringComparison.Ordinal)
                || paths[0].StartsWith(place.Home(deed).In("known"), StringComparison.Ordinal))
                continue;
            if (call is "fsync" or "fdatasync")
                unflushed.Remove(paths[0]);
            else if (call is "unlink")
                unflushed.RemoveWhere(p => p == paths[0]);
            else if (call is "mkdir" && paths[0] != home)
                unflushed.Add(Path.GetDirectoryName(paths[0])!);
            else if (call is "pwrite64")
                unflushed.Add(paths[0]);
            else if (call is "rename")
            {
                Assert.False(unflushed.Contains(paths[0]), $"{command}: {paths[1]} got its name before its bytes were flushed");
                unflushed.Add(Path.GetDirectoryName(paths[1])!);
            }
        }
        Assert.True(unflushed.Count == 0, $"{command}: acknowledged without a flush of {string.Join(", ", unflushed)}");
    }

    [Fact]
    public void A_database_log_that_was_cut_or_spoiled_anywhere_opens_with_what_was_committed_or_says_that_acts_are_missing()
    {
        var deed = Deed.Of("release");
        using var place = prepared.Place.Copy(deed);
        using var before = prepared.Place.Copy(deed);
        Place after;
        ulong size;
        using (var open = Open(place.Home(deed), "prepared")) // whoever has the database open keeps the log from being taken into the file
        {
            Assert.Equal(0, place.Give(deed).ExitCode);
            after = place.Copy(deed);
            using var office = Open(place.Home(deed), "released");
            size = office.LedgerSize;
        }
        var log = after.Home(deed).Database + "-wal";
        var whole = File.ReadAllBytes(log);
        Assert.InRange(whole.Length, 4096, 10_000_000);
        var cuts = Spread(whole.Length / 512, 8).Select(c => c * 512 + 17).ToList();
        foreach (var cut in cuts)
            foreach (var spoil in (bool[])[false, true])
                foreach (var published in (bool[])[true, false])
                {
                    using var torn = after.Copy(deed);
                    var home = torn.Home(deed);
                    byte[] bytes = spoil ? [.. whole] : whole[..cut];
                    for (var i = cut; spoil && i < Math.Min(cut + 64, bytes.Length); i++)
                        bytes[i] ^= 0x5a;
                    File.WriteAllBytes(home.Database + "-wal", bytes);
                    if (!published)
                    {
                        // The machine stopped before anything of it was public.
                        Directory.Delete(home.PublicLedger, recursive: true);
                        Directory.Move(before.Copy(deed).Home(deed).PublicLedger, home.PublicLedger);
                    }
                    var when = $"log {(spoil ? "spoiled" : "cut")} at {cut} of {whole.Length}, {(published ? "" : "not ")}published";
                    using var office = Open(home, when);
                    var trouble = office.LedgerTrouble(mend: false);
                    if (office.LedgerSize < size && published)
                    {
                        Assert.True(trouble is { Code: "ledger.unsure", Remedy.Length: > 0 }, $"{when}: acts are missing and nobody says so: {trouble?.What}");
                        Assert.Equal(3, torn.Give("office", "review", Place.Letters[2], "--as", "L. Legal", "--concur").ExitCode);
                    }
                    else
                    {
                        office.Dispose();
                        Look(home, deed, [.. prepared.Before(deed).Notes], when);
                    }
                }
        output.WriteLine($"{cuts.Count} places in a log of {whole.Length} bytes, each cut and spoiled, published and not");
        after.Dispose();
    }

    [Theory]
    [InlineData("public/ledger/tile/0/000.p/*", "mended")]
    [InlineData("public/ledger/tile/entries/000.p/*", "mended")]
    [InlineData("public/status/1", "mended")]
    [InlineData("public/.well-known/countersign", "mended")]
    [InlineData("released/*", "mended")]
    [InlineData("public/ledger/checkpoint", "ledger.unsure")]
    [InlineData("blobs/*", "copy.missing")]
    [InlineData("keys/office/ledger.key", "home.office-key")]
    public void A_torn_file_is_made_again_or_named_with_its_remedy(string pattern, string comes)
    {
        var deed = Deed.Of("release");
        using var whole = prepared.Place.Copy(deed);
        var path = Path.Combine(whole.Home(deed).Path, pattern);
        var file = pattern.Contains('*', StringComparison.Ordinal)
            ? Directory.EnumerateFiles(Path.GetDirectoryName(path)!, "*", SearchOption.AllDirectories).OrderBy(f => f.Length).ThenBy(f => f, StringComparer.Ordinal).Last() : path;
        var relative = Path.GetRelativePath(whole.Folder, file);
        foreach (var tear in (ReadOnlySpan<(string Name, Func<byte[], byte[]> Make)>)[("empty", b => []), ("half", b => b[..(b.Length / 2)]), ("one short", b => b[..^1]), ("zeros at its end", b => [.. b[..(b.Length / 2)], .. new byte[b.Length - b.Length / 2]])])
        {
            using var torn = prepared.Place.Copy(deed);
            var target = torn.In(relative);
            File.WriteAllBytes(target, tear.Make(File.ReadAllBytes(target)));
            var doctor = torn.Give("office", "doctor");
            var when = $"{relative}, {tear.Name}: {doctor}";
            if (comes == "mended")
            {
                Assert.True(doctor.ExitCode == 0, when);
                Look(torn.Home(deed), deed, [.. prepared.Before(deed).Notes], when);
                Assert.True(relative.EndsWith(".pdf", StringComparison.Ordinal) || relative.Contains("status", StringComparison.Ordinal) || relative.Contains(".well-known", StringComparison.Ordinal)
                    || File.ReadAllBytes(target).AsSpan().SequenceEqual(File.ReadAllBytes(file)), when);
                continue;
            }
            Assert.True(doctor.ExitCode is 1 or 3 && doctor.Json!.ToJsonString().Contains(comes, StringComparison.Ordinal), when);
            if (comes == "ledger.unsure")
            {
                Assert.Equal(3, torn.Give("office", "review", Place.Letters[2], "--as", "L. Legal", "--concur").ExitCode);
                // What the refusal says: where nothing is missing, the file may go, and is made anew.
                File.Delete(target);
                Look(torn.Home(deed), deed, [.. prepared.Before(deed).Notes], when);
            }
            if (comes == "copy.missing")
            {
                // Whoever brings the bytes again makes it whole.
                new Home(torn.In("office")).KeepBlob(File.ReadAllBytes(file));
                Look(torn.Home(deed), deed, [], when);
            }
        }
    }

    [Fact]
    public void Unfinished_files_of_a_crash_are_taken_for_nothing()
    {
        var deed = Deed.Of("release");
        using var place = prepared.Place.Copy(deed);
        var home = place.Home(deed);
        foreach (var file in Directory.GetFiles(home.Path, "*", SearchOption.AllDirectories).Where(f => !f.Contains("countersign.db", StringComparison.Ordinal) && new FileInfo(f).Length > 0))
            File.WriteAllBytes($"{file}.4711-1.unfinished", File.ReadAllBytes(file)[..^1]);
        Examine(place, deed, new Answered(-1, null, ""), "beside unfinished files");
    }

    [Fact]
    public void Beside_a_public_checkpoint_that_is_newer_the_database_of_last_night_signs_nothing()
    {
        var deed = Deed.Of("release");
        using var last = prepared.Place.Copy(deed);
        using var place = prepared.Place.Copy(deed);
        Assert.Equal(0, place.Give(deed).ExitCode);
        var home = place.Home(deed);
        var newer = Place.Published(home);
        File.Copy(last.Home(deed).Database, home.Database, overwrite: true);
        foreach (var refused in (string[][])[place.Arguments(deed), ["review", Place.Letters[2], "--as", "L. Legal", "--concur"], ["rekey", "--as", "C. Commander", "--as", "L. Legal"], ["ledger", "verify"]])
        {
            var answer = place.Give("office", refused);
            Assert.True(answer is { ExitCode: 3, Acknowledged: false } && answer.Json!["next"]!.ToString().Length > 0, answer.ToString());
        }
        // A hold counts all the same, on this disk.
        Assert.Equal(0, place.Give("office", "hold", Place.Letters[2], "--as", "L. Legal").ExitCode);
        Assert.Equal(newer, Place.Published(home));
        using var office = Open(home, "last night's database");
        Assert.Single(office.WaitingHolds(office.FindLetter(Place.Letters[2]).Value!.Letter));
    }

    [Fact]
    public void Two_processes_that_release_at_once_in_one_office_lose_nothing_and_agree_on_every_checkpoint()
    {
        using var place = Place.New();
        var home = new Home(place.In("office"));
        var workers = new List<Process>();
        var seen = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var worker = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Countersign.Worker"), [home.Path, place.In($"acknowledged-{i}")]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            workers.Add(worker);
            Assert.Equal("ready", worker.StandardOutput.ReadLine());
        }
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(4) || (clock.Elapsed < TimeSpan.FromSeconds(60) && !Enumerable.Range(0, 2).All(i => Acknowledged(place, i).Length > 6)); Thread.Sleep(50))
        {
            seen.Add(Place.Published(home) ?? "");
            var stopped = workers.Find(w => w.HasExited);
            Assert.True(stopped is null, $"a worker stopped: {stopped?.StandardError.ReadToEnd()}");
        }
        foreach (var worker in workers)
        {
            worker.Kill();
            worker.WaitForExit();
            worker.Dispose();
        }
        Look(home, Deed.Of("init"), seen, "two workers");
        using var office = Open(home, "two workers");
        var acts = office.Records.Acts.ToList();
        Assert.Equal(Enumerable.Range(0, acts.Count).Select(i => (long)i), acts.Select(a => a.Index).Order());
        var both = Enumerable.Range(0, 2).SelectMany(i => Acknowledged(place, i)).ToList();
        Assert.Equal(both.Count, both.Distinct().Count());
        foreach (var (what, name) in both.Select(l => (l.Split(' ')[0], l.Split(' ')[1])))
            if (what == "release")
                Assert.True(Receipt.Verify(File.ReadAllBytes(office.SealedCopy(name)), office.Trust(), null, office.Now).Kind == VerdictKind.GenuineInForce, name);
            else
                Assert.Single(acts, a => a.Digest == name && a.Kind == what);
        output.WriteLine($"{both.Count} acts acknowledged by two processes, {seen.Distinct().Count()} checkpoints seen");
    }

    private static string[] Acknowledged(Place place, int worker)
    {
        var log = place.In($"acknowledged-{worker}");
        return File.Exists(log) ? [.. Place.Text(log).Split('\n')[..^1]] : [];
    }

    /// <summary>It was done, perhaps with a warning, or it is refused in a sentence, as something that could not be done: never with a stack trace.</summary>
    private static void Refused(Answered answer, string when)
    {
        Assert.False(answer.Error.Contains("   at ", StringComparison.Ordinal) || answer.Error.Contains("Unhandled", StringComparison.Ordinal), $"{when}: it fell over: {answer}");
        Assert.True(answer.Json is not null, $"{when}: it answered nothing: {answer}");
        Assert.True(answer.ExitCode == (answer.Acknowledged ? 0 : 3), $"{when}: {answer}");
        Assert.True(answer.Acknowledged || answer.Json!["why"]!.ToString().Length is > 0 and < 400, $"{when}: {answer}");
    }

    /// <summary>What must hold after any fault: see docs/FAULTS.md.</summary>
    private void Examine(Place place, Deed deed, Answered answer, string when)
    {
        when = $"{deed.Name}, {when}";
        var home = place.Home(deed);
        List<string> seen = [.. prepared.Before(deed).Notes, Place.Published(home) ?? ""];
        var entered = 0;
        if (home.Exists)
            entered = Look(home, deed, seen, when);
        Assert.True(entered > 0 || !answer.Acknowledged, $"{when}: it was acknowledged and is missing: {answer}");
        Assert.InRange(entered, 0, 1);

        var again = place.Give(deed);
        if (again.Code == "restore.not-empty" && !home.Exists)
        {
            // An unfinished copy is never taken for an office; the refusal says to move it aside.
            Directory.Move(home.Path, place.In("aside"));
            again = place.Give(deed);
        }
        Assert.True(again.ExitCode == 0 || deed.Done.Contains(again.Code), $"{when}: given again: {again}");
        var after = Look(home, deed, seen, $"{when}, given again");
        Assert.True(after == 1 || (after == 2 && entered == 1 && deed.Repeats), $"{when}: it was entered {after} times");
        if (deed.Name == "release")
        {
            using var office = Open(home, when);
            var verdict = Receipt.Verify(File.ReadAllBytes(office.SealedCopy(Place.Letters[0])), office.Trust(), null, office.Now);
            Assert.True(verdict.Kind == VerdictKind.GenuineInForce, $"{when}: {verdict.Words}");
            Assert.Equal([$"{Place.Letters[0]}.pdf", $"{Place.Letters[1]}.pdf"], Directory.GetFiles(home.Released, "*.pdf").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        }
    }

    private static Office Open(Home home, string when)
    {
        var opened = Office.Open(home, TimeProvider.System);
        Assert.True(opened.Refusal is null, $"{when}: {opened.Refusal?.Code} {opened.Refusal?.Why}");
        return opened.Value!;
    }

    /// <summary>Opens the office, which must be whole, hold every checkpoint that was ever seen, and verify. Answers how often the deed stands in it.</summary>
    private int Look(Home home, Deed deed, List<string> seen, string when)
    {
        using var office = Open(home, when);
        var trouble = office.LedgerTrouble(mend: false);
        Assert.True(trouble is null, $"{when}: {trouble?.What}");
        var damage = new Doctor(office).Examine().Where(a => a.Gravity == Gravity.Damage).ToList();
        Assert.True(damage.Count == 0, $"{when}: {string.Join("; ", damage.Select(d => d.What))}");
        seen.AddRange([office.NewestCheckpoint(), Place.Published(home) ?? ""]);
        foreach (var note in seen.Where(n => n.Length > 0).Distinct())
        {
            var checkpoint = office.Roster.Keys.Select(k => Receipt.OpenCheckpoint(note, k.Keys.Origin, k.Keys.Ledger)).FirstOrDefault(c => c is not null);
            Assert.True(checkpoint is not null, $"{when}: a checkpoint that was seen is not the office's any more");
            Assert.True(
                checkpoint.Size <= office.LedgerSize && office.RootAt(checkpoint.Size) == checkpoint.Root,
                $"{when}: the ledger contradicts a checkpoint of size {checkpoint.Size} that was seen");
        }
        return deed.Kind is null ? 1 : office.Records.Acts.Count(a => a.Kind == deed.Kind) - prepared.Before(deed).Acts;
    }

    private static void Forget(List<(Place Place, Answered Answer)> states, int from)
    {
        states.Skip(from).ToList().ForEach(s => s.Place.Dispose());
        states.RemoveRange(from, states.Count - from);
    }

    private int Most(Deed deed, string calls)
    {
        using var place = prepared.Place.Copy(deed);
        return Strace.MostCalls(place, deed, calls);
    }

    /// <summary>Indexes of <paramref name="count"/> points: all of them, or some evenly spread.</summary>
    private static List<int> Spread(int count, int some)
    {
        if (All || count <= some)
            return [.. Enumerable.Range(0, count)];
        var step = (double)count / some;
        var first = Seed % 997 / 997.0 * step;
        return [.. Enumerable.Range(0, some).Select(i => (int)(first + i * step))];
    }
}

/// <summary>A disk of a few megabytes, in memory; the running test is skipped where none can be mounted.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    public static SmallDisk Mount(Place holds)
    {
        var bytes = Directory.EnumerateFiles(holds.Folder, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length + 4096);
        var folder = Directory.CreateTempSubdirectory("countersign-disk-").FullName;
        var mounted = Tool.Exists("mount") ? Tool.Run("mount", "-t", "tmpfs", "-o", $"size={bytes + 4_000_000}", "tmpfs", folder) : null;
        if (mounted is not { ExitCode: 0 })
            Directory.Delete(folder);
        Assert.SkipUnless(mounted is { ExitCode: 0 }, $"a small disk cannot be mounted here: {mounted?.Error.Trim()}");
        return new SmallDisk(folder);
    }

    /// <summary>Takes all the room that is left.</summary>
    public static void Fill(string file)
    {
        using var filler = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        foreach (var size in (int[])[1 << 16, 1 << 12])
            try
            {
                for (var bytes = new byte[size]; ;)
                    filler.Write(bytes);
            }
            catch (IOException)
            {
                // As was wanted.
            }
    }

    public void Dispose()
    {
        Tool.Run("umount", Folder);
        Directory.Delete(Folder);
    }
}
