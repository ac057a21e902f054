using System.Globalization;
using Countersign.Recognition;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args.FirstOrDefault())
{
    case "recognise":
        return Recognise.Run(args[1..]);
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- recognise [--choose | --both] [--peers] [--misses]");
        return 2;
}
