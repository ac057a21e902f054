using System.Diagnostics;
using System.Globalization;
using Countersign.Documents;
using Countersign.Gate;

namespace Countersign.GateBench;

/// <summary>What judging costs without any mail server: each step of the gatekeeper on its own, one thread, the same messages and drafts. Says where the gate's time goes.</summary>
internal static class Judging
{
    public static void Run(Options options)
    {
        var words = Words.Of(options.Corpora);
        using var known = DraftsHome.Open(DraftsHome.Made(options.Cache, options.Program, words, options.Drafts));
        var mails = new Mails(words, wire => DraftsHome.Hits(known, wire));
        var looks = new LookAlikes(new OfficeLook("Task Force North", "TFN", ["D. Drafter"], []));
        Console.WriteLine($"{known.Drafts:N0} drafts known\n\n| µs of processor time a message, warm (bytes allocated) | reading | folding | look-up of drafts | look-alikes | all |\n|---|---|---|---|---|---|");
        foreach (var make in (Func<MailSet>[])[() => mails.Small(200), () => mails.SmallWithHits(200), () => mails.Mix(40), () => mails.Large(4), () => mails.SmallWithStock(10)])
            Print(make(), known, looks, options.Time);
    }

    private static void Print(MailSet set, KnownTexts known, LookAlikes looks, TimeSpan time)
    {
        var recipients = Audience.Of([Mails.Recipient]);
        var messages = set.All.Select(m => (ReadOnlyMemory<byte>)m.AsMemory(0, m.Length - 3)).ToList();
        var (ticks, bytes, count) = (new long[4], new long[4], 0L);
        for (var warm = true; ; warm = false)
        {
            (ticks, bytes, count) = (new long[4], new long[4], 0);
            for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < time; count++)
            {
                var message = messages[(int)(count % messages.Count)];
                var document = Step(0, () => Document.Read(message, "message.eml"));
                var normal = Step(1, () => DraftsHome.Text(document));
                var matched = Step(2, () => known.Match(normal, recipients));
                if (matched.Leaks.Count > 0)
                    throw new InvalidOperationException($"{set.Name}: an everyday message was taken for {matched.Leaks[0].Reference}.");
                Step(3, () => document.Whole().SelectMany(d => looks.In(d with { Parts = [] })).ToList());
            }
            if (!warm)
                break;
        }
        var cells = Enumerable.Range(0, 4).Select(i => Cell(ticks[i], bytes[i])).Append(Cell(ticks.Sum(), bytes.Sum()));
        Console.WriteLine($"| {set.Name} | {string.Join(" | ", cells)} |");

        T Step<T>(int step, Func<T> run)
        {
            var (start, before) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
            var result = run();
            ticks[step] += (Environment.CpuUsage.TotalTime - start).Ticks;
            bytes[step] += GC.GetTotalAllocatedBytes() - before;
            return result;
        }

        string Cell(long taken, long allocated) => string.Create(CultureInfo.InvariantCulture, $"{taken / 10.0 / count:N0} ({allocated / count:N0})");
    }
}
