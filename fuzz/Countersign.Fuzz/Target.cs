namespace Countersign.Fuzz;

/// <summary>A reader took bytes and did not keep what it promises about them.</summary>
internal sealed class BrokenPromiseException(string what) : Exception(what);

/// <summary>
/// One reader of foreign bytes and the check of its promise: it answers and never throws, and what it accepts, written again, is the same bytes.
/// <see cref="Check"/> returns whether the bytes were accepted; whatever leaves it as an exception is a finding.
/// </summary>
internal sealed partial record Target(string Name, int MaxBytes, Func<byte[], bool> Check)
{
    private static void Expect(bool holds, string promise)
    {
        if (!holds)
            throw new BrokenPromiseException(promise);
    }
}
