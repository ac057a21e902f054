using System.Globalization;
using Countersign.Recognition;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var root = Environment.CurrentDirectory;
while (!File.Exists(Path.Combine(root, "Countersign.slnx")) && Path.GetDirectoryName(root) is { } above)
    root = above;
var corpora = Path.GetFullPath(Path.Combine(root, "..", "shared", "corpora"));
switch (args)
{
    case ["fingerprint", .. var rest]:
        return FingerprintTable.Run(rest);
    case ["index", .. var rest]:
        return IndexTable.Run(rest);
    case ["readers-mail", ..]:
        return MailReaders.Run(corpora);
    case ["readers-office", ..]:
        return ReadersOffice.Run(corpora);
    case ["readers-pdf", ..]:
        return ReadersPdf.Run(corpora);
    case ["recognise", .. var rest]:
        return Recognise.Run(rest);
    case ["residue", .. var rest]:
        return ResidueTable.Run(rest);
}
Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- fingerprint | index | readers-mail | readers-office | readers-pdf | recognise [--choose | --both] [--peers] [--misses] [--files [N]] | residue");
return 2;
