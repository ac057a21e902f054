using Countersign.Bench;

// Measures hot paths, each beside a peer in the same run, interleaved. Tells medians and ratios; judges nothing.
switch (args)
{
    case ["verify", .. var rest]:
        return VerifyBench.Run(rest);
    case ["acts", .. var rest]:
        return ActsBench.Run(rest);
    case ["seal", .. var rest]:
        return SealBench.Run(rest);
    case ["letter", var folder, .. var rest]:
        return SealBench.WriteLetter(folder, rest);
    default:
        Console.Error.WriteLine("""
            Usage: dotnet run -c Release --project bench/Countersign.Bench -- NAME [options]

              verify [--program FILE]  countersign-verify, a whole process, beside pdfsig. Publishes the native program unless one is named.
              acts [--count N] [--act draft] [--only "PART OF A NAME|ANOTHER"]
                                       durable acts (concurrences, or drafts) from 64 writers beside the same rows by plain ADO.NET, one commit each
              seal [--program FILE]    sealing and verifying a letter of 1 MB beside openssl cms and .NET's SignedCms
              letter FOLDER [--bytes N]
                                       measures nothing: writes a sealed letter of N bytes (20,000,000) and its trust file, for bench/verify-js/run.mjs

            --rounds N   how many rounds are counted, after one to warm up; 7 where it is not given
            """);
        return 2;
}
