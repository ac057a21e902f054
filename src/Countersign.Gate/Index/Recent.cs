using System.Runtime.Intrinsics.X86;

namespace Countersign.Gate.Index;

/// <summary>
/// The postings that are in no segment yet. One thread adds at a time; any number look things up meanwhile without a lock: an entry is written before
/// what leads to it, and stays as it is.
/// </summary>
internal sealed unsafe class Recent
{
    private const int Batch = 128;

    private volatile Table _table = new(1 << 10);

    /// <summary>How many there are. Of the thread that adds.</summary>
    public int Count { get; private set; }

    /// <summary>Adds one; the same as the last of its fingerprint is not added again.</summary>
    public void Add(ulong fingerprint, int text)
    {
        var table = _table;
        if (table.Find(fingerprint) is var same and > 0 && table.Entries[same].Text == text)
            return;
        if (Count + 1 == table.Entries.Length)
            _table = table = table.Larger(Count);
        Count++;
        table.Put(Count, fingerprint, text);
    }

    /// <summary>Adds a hit for every posting of every probe.</summary>
    public void Find(ReadOnlySpan<ulong> probes, List<Hit> hits)
    {
        var table = _table;
        var at = stackalloc int[Batch];
        fixed (int* heads = table.Heads)
        fixed (Entry* entries = table.Entries)
            for (var start = 0; start < probes.Length; start += Batch)
            {
                var batch = probes.Slice(start, Math.Min(Batch, probes.Length - start));
                foreach (var probe in batch)
                    Fetch(heads + table.Place(probe));
                for (var i = 0; i < batch.Length; i++)
                {
                    at[i] = Volatile.Read(ref heads[table.Place(batch[i])]);
                    Fetch(entries + at[i]);
                }
                for (var i = 0; i < batch.Length; i++)
                    for (var entry = at[i]; entry > 0; entry = entries[entry].Next)
                        if (entries[entry].Fingerprint == batch[i])
                            hits.Add(new Hit(start + i, entries[entry].Text));
            }
    }

    /// <summary>All of them, in order. Of the thread that adds.</summary>
    public (ulong[] Fingerprints, int[] Texts) Sorted()
    {
        var (fingerprints, texts) = (new ulong[Count], new int[Count]);
        for (var i = 0; i < Count; i++)
            (fingerprints[i], texts[i]) = (_table.Entries[i + 1].Fingerprint, _table.Entries[i + 1].Text);
        Array.Sort(fingerprints, texts);
        for (int from = 0, to; from < Count; from = to)
        {
            for (to = from + 1; to < Count && fingerprints[to] == fingerprints[from];)
                to++;
            if (to - from > 1)
                Array.Sort(texts, from, to - from);
        }
        return (fingerprints, texts);
    }

    private static void Fetch(void* memory)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(memory);
    }

    private struct Entry
    {
        public ulong Fingerprint;
        public int Text;
        public int Next;
    }

    /// <summary>Chains of entries; entry 0 is none.</summary>
    private sealed class Table(int size)
    {
        public readonly int[] Heads = new int[size];
        public readonly Entry[] Entries = new Entry[size];
        private readonly int _shift = 64 - System.Numerics.BitOperations.Log2((uint)size);

        public int Place(ulong fingerprint) => unchecked((int)((fingerprint * 0x9E3779B97F4A7C15UL) >> _shift));

        public int Find(ulong fingerprint)
        {
            var at = Heads[Place(fingerprint)];
            while (at > 0 && Entries[at].Fingerprint != fingerprint)
                at = Entries[at].Next;
            return at;
        }

        public void Put(int at, ulong fingerprint, int text)
        {
            ref var head = ref Heads[Place(fingerprint)];
            Entries[at] = new Entry { Fingerprint = fingerprint, Text = text, Next = head };
            Volatile.Write(ref head, at);
        }

        public Table Larger(int count)
        {
            var larger = new Table(checked(Entries.Length * 2));
            for (var i = 1; i <= count; i++)
                larger.Put(i, Entries[i].Fingerprint, Entries[i].Text);
            return larger;
        }
    }
}
