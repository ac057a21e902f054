using System.Globalization;
using Countersign.Recognition;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var root = Environment.CurrentDirectory;
while (!File.Exists(Path.Combine(root, "Countersign.slnx")) && Path.GetDirectoryName(root) is { } above)
    root = above;
var corpora = Path.GetFullPath(Path.Combine(root, "..", "shared", "corpora"));
switch (args)
{
    case ["readers-pdf", ..]:
        return ReadersPdf.Run(corpora);
}
Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- TABLE");
return 2;
