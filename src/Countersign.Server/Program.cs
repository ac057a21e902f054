using System.CommandLine;
using System.Globalization;
using Countersign.Server.Approving;
using Countersign.Server.Checking;
using Countersign.Server.Commands;
using Countersign.Server.Coordinating;
using Countersign.Server.Drafting;
using Countersign.Server.Guarding;
using Countersign.Server.Keeping;
using Countersign.Server.Letters;
using Countersign.Server.Publishing;
using Countersign.Server.Recalling;
using Countersign.Server.Releasing;
using Countersign.Server.Replaying;
using Countersign.Server.Serving;

// Before the first socket: they complete on the threads that wait for them, which halves what a short message costs the gate (docs/decisions/0006-gate.md).
if (args.Contains("gate"))
    Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

// The house: what happens to a letter, room by room.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.OutputEncoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

return new CommandLine(TimeProvider.System, Console.Out, Console.Error, Environment.GetEnvironmentVariable).Run(args, Rooms);

static void Rooms(RootCommand root, CommandLine line)
{
    root.MapApproving(line);     // who is in office, under which policy
    root.MapDrafting(line);      // versions and their fair copies
    root.MapChecking(line);      // may it leave, is it fit to be a letter
    root.MapGuarding(line);      // the gate before the mail
    root.MapCoordinating(line);  // what colleagues say
    root.MapReleasing(line);     // the last signature, the ledger, the seal
    root.MapPublishing(line);    // what a stranger needs, and the stranger's check
    root.MapRecalling(line);     // hold, lift, withdraw, correct
    root.MapKeeping(line);       // ledger, doctor, backup
    root.MapServing(line, Doors, new Dictionary<string, Func<House, Result<IDisposable>>>
    {
        ["gate"] = house => GateCommands.Beside(house.Office, line.Clock, line.Error),
    });                          // the house on the network
    root.MapReplaying(line, Rooms);  // 6 January 2020
}

// What the rooms answer while the house serves.
static void Doors(House house)
{
    house.MapVerifying();  // the stranger's check, in the stranger's browser
    house.MapChecking();   // the gatekeeper, for programs
}
