using System.Globalization;
using Countersign.Recognition;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["readers-mail", var corpora]:
        return MailReaders.Run(corpora);
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Countersign.Recognition -- TABLE CORPORA");
        return 2;
}
