namespace Countersign.Gate.Index;

/// <summary>A set of texts that only grows. One thread adds at a time; any number ask meanwhile without a lock.</summary>
internal sealed class TextSet
{
    private int[] _slots = new int[16];
    private int _count;

    public TextSet(IEnumerable<int> texts)
    {
        foreach (var text in texts)
            Add(text);
    }

    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    public void Add(int text)
    {
        if (Contains(text))
            return;
        if (_count * 2 >= _slots.Length)
        {
            var larger = new int[checked(_slots.Length * 2)];
            foreach (var slot in _slots)
                if (slot != 0)
                    larger[Place(larger, ~slot)] = slot;
            Volatile.Write(ref _slots, larger);
        }
        Volatile.Write(ref _slots[Place(_slots, text)], ~text); // never 0, as no text is −1
        Volatile.Write(ref _count, _count + 1);
    }

    public bool Contains(int text)
    {
        var slots = Volatile.Read(ref _slots);
        return slots[Place(slots, text)] != 0;
    }

    /// <summary>Where a text is, or would be.</summary>
    private static int Place(int[] slots, int text)
    {
        var at = unchecked((int)((uint)text * 0x9E3779B1U)) & (slots.Length - 1);
        while (Volatile.Read(ref slots[at]) is var slot && slot != 0 && slot != ~text)
            at = (at + 1) & (slots.Length - 1);
        return at;
    }
}
