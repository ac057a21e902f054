using System.Globalization;
using Countersign.Recognition;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["recognise", .. var rest]:
        return Recognise.Run(rest);
    case ["residue", .. var rest]:
        return ResidueTable.Run(rest);
    case ["readers-pdf", .. var rest]:
        return ReadersPdf.Run(rest);
}
Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- recognise [--report] [--misses] | residue | readers-pdf");
return 2;
