using System.Globalization;
using Countersign.Recognition;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["fingerprint", .. var rest]:
        return FingerprintTable.Run(rest);
    case ["recognise", .. var rest]:
        return Recognise.Run(rest);
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- fingerprint ... | recognise [--choose | --both] [--peers] [--misses]");
        return 2;
}
