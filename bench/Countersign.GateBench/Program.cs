using System.Globalization;
using System.Runtime.InteropServices;
using Countersign.GateBench;

// Measures the gate as a mail server meets it, each row beside peers in the same run, in turns. Tells medians and ratios; judges nothing.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var options = new Options(args);
if (options.Stray is { } stray)
{
    Console.Error.WriteLine($"""
        "{stray}" is no option and no row.
        Usage: dotnet run -c Release --project bench/Countersign.GateBench -- [options]

          --quick           shorter, and only the rows for which there is a target
          --judging         judging alone, step by step, without any mail server
          --only ROW,ROW    these rows: {string.Join(", ", Row.All.Select(r => r.Id))}
          --without NAME    without one or more of gate, direct, proxy, rspamd
          --rounds N        how many rounds are counted, after one to warm up
          --seconds N       how long each contestant is measured in a round
          --drafts N        how many drafts the gate knows: 100,000 where it is not given
          --cache DIR       where the gate's memory of them is kept from one run to the next
          --corpora DIR     texts for the vocabulary: ../shared/corpora, or else this repository's documents
          --program FILE    the countersign that is measured: else the one built with the bench
          --settings YAML   lines for the gate's configuration, \n between them
          --keep            keep logs and configurations

        It needs Postfix (with smtp-source and smtp-sink) and rspamd installed, not running, and root, because Postfix does: apt-get install -y --no-install-recommends postfix rspamd
        """);
    return 2;
}
if (options.Judging)
{
    Judging.Run(options);
    return 0;
}
foreach (var needed in (string[])["smtp-source", "smtp-sink", "postfix", "rspamd"])
    if (Programs.Find(needed) is null)
    {
        Console.Error.WriteLine($"{needed} is not installed. On Debian: apt-get install -y --no-install-recommends postfix rspamd");
        return 3;
    }
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var bench = new Bench(options, stop.Token);
try
{
    bench.Run([.. Row.All.Where(options.Wants)]);
    return 0;
}
catch (OperationCanceledException)
{
    return 3;
}
catch (IOException e)
{
    Console.Error.WriteLine($"{e.Message} Where another run has the gate's memory, wait for it or name another --cache.");
    return 3;
}
catch (InvalidOperationException e)
{
    Console.Error.WriteLine(e.Message);
    return 3;
}
