using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Countersign.Gate.Index;

/// <summary>Provisional, until the index of immutable segments is joined: everything in memory, and a file from which it comes back.</summary>
public sealed class FingerprintIndex : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, List<int>> _postings = [];
    private readonly HashSet<int> _texts = [];
    private readonly FileStream _file;

    private FingerprintIndex(string folder)
    {
        Directory.CreateDirectory(folder);
        _file = new FileStream(Path.Combine(folder, "log"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        var head = new byte[8];
        var whole = 0L;
        while (_file.ReadAtLeast(head, 8, throwOnEndOfStream: false) == 8)
        {
            var (text, count) = (BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(4)));
            if (count < 0)
                _texts.Remove(text);
            else
            {
                var prints = new ulong[count];
                var bytes = MemoryMarshal.AsBytes(prints.AsSpan());
                if (_file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
                    break;
                Take(text, prints);
            }
            whole = _file.Position;
        }
        _file.SetLength(whole);
        _file.Position = whole;
    }

    public static FingerprintIndex Open(string folder) => new(folder);

    public void Add(int text, ReadOnlySpan<ulong> fingerprints)
    {
        lock (_gate)
        {
            Write(text, fingerprints.Length, fingerprints);
            Take(text, fingerprints);
        }
    }

    public void Forget(int text)
    {
        lock (_gate)
        {
            Write(text, -1, []);
            _texts.Remove(text);
        }
    }

    public bool Contains(int text)
    {
        lock (_gate)
            return _texts.Contains(text);
    }

    public void Find(ReadOnlySpan<ulong> probes, List<(int Probe, int Text)> hits)
    {
        lock (_gate)
            for (var i = 0; i < probes.Length; i++)
                if (_postings.TryGetValue(probes[i], out var texts))
                    foreach (var text in texts)
                        if (_texts.Contains(text))
                            hits.Add((i, text));
    }

    public void Dispose() => _file.Dispose();

    private void Write(int text, int count, ReadOnlySpan<ulong> prints)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(head, text);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], count);
        _file.Write(head);
        _file.Write(MemoryMarshal.AsBytes(prints));
        _file.Flush(flushToDisk: true);
    }

    private void Take(int text, ReadOnlySpan<ulong> prints)
    {
        _texts.Add(text);
        foreach (var print in prints)
        {
            if (!_postings.TryGetValue(print, out var texts))
                _postings[print] = texts = [];
            if (texts.Count == 0 || texts[^1] != text)
                texts.Add(text);
        }
    }
}
