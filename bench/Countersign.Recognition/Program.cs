using System.Globalization;
using Countersign.Recognition;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var root = Environment.CurrentDirectory;
while (!File.Exists(Path.Combine(root, "Countersign.slnx")) && Path.GetDirectoryName(root) is { } above)
    root = above;
var corpora = Path.GetFullPath(Path.Combine(root, "..", "shared", "corpora"));
switch (args)
{
    case ["read", var file]:
        foreach (var d in Countersign.Documents.Document.Read(File.ReadAllBytes(file)).Whole())
        {
            foreach (var t in d.Passages)
                Console.WriteLine($"{t.Role} [{t.Place}] {t.Label}: {t.Text}");
            foreach (var u in d.Unread)
                Console.WriteLine(u);
            foreach (var o in d.Oddities)
                Console.WriteLine(o);
        }
        return 0;
    case ["readers-pdf", ..]:
        return ReadersPdf.Run(corpora);
    case ["residue", .. var rest]:
        return ResidueTable.Run(rest);
}
Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- TABLE");
return 2;
