using Countersign.Proof;
using Countersign.Server.Keeping;
namespace Countersign.Server.Letters;
public sealed partial class Office
{
    private Refusal? OpenLedger() => null;
    private static Refusal? Begin(Home home, Records records, OfficeKeys keys, FoundAct found, Approval[] approvals, DateTimeOffset now) => null;
    private Result<RecordedAct> Enter(Act act, IReadOnlyList<Approval> approvals, string? file = null) => throw new InvalidOperationException();
    public (ulong Size, Digest Root, string Note, IReadOnlyList<Digest> Path) ProveInLedger(ulong index) => throw new InvalidOperationException();
    public string NewestCheckpoint() => "";
    public ulong LedgerSize => 0;
    public Digest RootAt(ulong size) => default;
    public Ailment? LedgerTrouble() => null;
    public IReadOnlyList<string> DatabaseTroubles() => [];
}
