using System.Globalization;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["residue", .. var rest]:
        return Countersign.Recognition.ResidueTable.Run(rest);
}
Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- TABLE");
return 2;
