using System.Globalization;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- TABLE");
return 2;
