using System.Globalization;

namespace Countersign.Bench;

/// <summary>countersign-verify, a whole process, beside poppler's pdfsig on the same sealed letter.</summary>
internal static class VerifyBench
{
    private const int RunsARound = 30;

    public static int Run(string[] args)
    {
        var work = Directory.CreateTempSubdirectory("countersign-bench-").FullName;
        try
        {
            var program = Programs.NativeVerifier(args, work);
            using var office = new BenchOffice(Path.Combine(work, "office"));
            var letter = office.Release(Path.Combine(Programs.Repository, "testdata", "letters", "helicopters.en.md"));
            var trust = Path.Combine(work, "trust.json");
            File.WriteAllBytes(trust, office.Office.Trust().ToBytes());
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"letter of {new FileInfo(letter).Length:N0} bytes; countersign-verify of {new FileInfo(program).Length:N0} bytes; {RunsARound} runs a round"));

            var rounds = Rounds.Asked(args);
            rounds.AddTimed("countersign-verify", RunsARound, () => Programs.Run(program, "Genuine and in force", "verify", letter, "--trust", trust));
            rounds.AddTimed("pdfsig", RunsARound, () => Programs.Run("pdfsig", "Signature is Valid", letter));
            rounds.AddTimed("countersign-verify --help (start alone)", RunsARound, () => Programs.Run(program, "Usage:", "--help"));
            rounds.AddTimed("/bin/true (a process alone)", RunsARound, () => Programs.Run("/bin/true", null));
            rounds.Run();
            rounds.Print("ms", "F2");
            rounds.PrintRatio("countersign-verify", "pdfsig");
            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }
}
