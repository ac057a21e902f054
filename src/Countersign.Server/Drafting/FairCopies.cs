using Countersign.Proof;
using Countersign.Server.Letters;
namespace Countersign.Server.Drafting;
public sealed record LetterDetails(string Reference, string Kind, string? Subject, string Language, IReadOnlyList<string> To, long Version);
public sealed record FairCopyMade(byte[] Pdf, bool IsSource, string Subject, byte[]? WorkingCopy);
public sealed class FairCopies(Office office)
{
    public Result<FairCopyMade> Make(byte[] bytes, string name, LetterDetails details) => throw new InvalidOperationException();
    public static MarkPlace? PlaceForMark(byte[] pdf) => null;
}
