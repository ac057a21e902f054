using System.Globalization;
using Countersign.Recognition;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["fingerprint", .. var rest]:
        return FingerprintTable.Run(rest);
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- fingerprint ...");
        return 2;
}
