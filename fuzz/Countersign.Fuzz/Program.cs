using System.Diagnostics;
using System.Runtime.InteropServices;
using Countersign.Fuzz;
using SharpFuzz;

// Three uses; fuzz/run makes the first two, a person the third:
//   seeds WORK [CORPORA]           writes WORK/office and WORK/seeds/TARGET
//   engine WORK TARGET             answers AFL++, out of process
//   try WORK TARGET FILE...        runs the promise over files and says what happens to each
switch (args)
{
    case ["seeds", var work, .. var corpus]:
        Seeds.Make().Write(work, corpus.FirstOrDefault() is { } corpora ? Path.Combine(corpora, "pdf") : null);
        DocumentSeeds.Write(work, corpus.FirstOrDefault());
        return 0;
    case ["engine", var work, var name]:
        TraceNowhere();
        var target = Named(work, name);
        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var input = new MemoryStream();
            stream.CopyTo(input);
            SharpFuzz.Common.Trace.PrevLocation = 0; // an input's path does not depend on the input before it
            target.Check(input.ToArray());
        });
        return 0;
    case ["try", var work, var name, .. var files]:
        var tried = Named(work, name);
        return files.Select(file => Try(tried, file)).ToList().TrueForAll(kept => kept) ? 0 : 1;
    case ["limit", var work, var name]:
        Console.WriteLine(Named(work, name).MaxBytes);
        return 0;
    default:
        Console.Error.WriteLine("Usage: seeds WORK [CORPORA] | engine WORK TARGET | try WORK TARGET FILE... | limit WORK TARGET");
        return 2;
}

// Instrumented code writes to the engine's map; until the engine brings one, to this.
static unsafe void TraceNowhere() => SharpFuzz.Common.Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(1 << 16);

static Target Named(string work, string name) =>
    Target.Documents.Concat(Target.OfTheGate).Concat(Target.All(Setting.Read(Path.Combine(work, "office")))).FirstOrDefault(t => t.Name == name) ?? throw new ArgumentException($"There is no target {name}.");

static bool Try(Target target, string file)
{
    var watch = Stopwatch.StartNew();
    try
    {
        var accepted = target.Check(File.ReadAllBytes(file));
        Console.WriteLine($"{file}: {(accepted ? "accepted" : "refused")} in {watch.ElapsedMilliseconds} ms");
        return true;
    }
    catch (Exception e)
    {
        Console.WriteLine($"{file}: {e}");
        return false;
    }
}
