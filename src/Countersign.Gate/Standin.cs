using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
namespace Countersign.Gate
{
    public sealed class NormalText
    {
        public char[] Letters; public int[] Map; public int[] WordStarts;
        public NormalText(string s)
        {
            var l = new List<char>(); var m = new List<int>(); var w = new List<int>(); var inWord = false;
            for (var i = 0; i < s.Length; i++)
            {
                var c = s[i];
                if (char.IsLetterOrDigit(c)) { if (!inWord) { w.Add(l.Count); inWord = true; } foreach (var d in c < 128 ? c.ToString() : c.ToString().Normalize(NormalizationForm.FormKC)) if (char.IsLetterOrDigit(d)) { l.Add(char.ToLowerInvariant(d)); m.Add(i); } }
                else if (c is not ('\u200b' or '\u00ad')) inWord = false;
            }
            if (w.Count > 0 && w[^1] == l.Count) w.RemoveAt(w.Count - 1);
            Letters = [.. l]; Map = [.. m]; WordStarts = [.. w];
        }
        public int SourceOf(int i) => Map[i];
    }
    public sealed class Fingerprinter(ReadOnlySpan<byte> secret)
    {
        public const int K = 16, W = 15;
        readonly ulong key = BinaryPrimitives.ReadUInt64LittleEndian(secret);
        public ulong[] All(NormalText t)
        {
            var n = t.Letters.Length; var all = new ulong[n + K - 1];
            for (var g = 0; g < all.Length; g++) unchecked { var h = key; for (var j = 0; j < K; j++) { var p = g - K + 1 + j; h = (h ^ (p < 0 || p >= n ? 1u : t.Letters[p])) * 0x9E3779B97F4A7C15; h ^= h >> 29; } all[g] = h; }
            return all;
        }
        public int[] Select(ulong[] a)
        {
            var r = new List<int>(); var last = -1;
            for (var i = 0; i + W <= a.Length; i++) { var m = i; for (var j = i; j < i + W; j++) if (a[j] <= a[m]) m = j; if (m != last) { r.Add(m); last = m; } }
            return [.. r];
        }
        public uint[] Words(NormalText t)
        {
            var r = new uint[t.WordStarts.Length];
            for (var i = 0; i < r.Length; i++) unchecked { var h = key; var to = i + 1 < r.Length ? t.WordStarts[i + 1] : t.Letters.Length; for (var p = t.WordStarts[i]; p < to; p++) { h = (h ^ t.Letters[p]) * 0x9E3779B97F4A7C15; h ^= h >> 29; } r[i] = (uint)(h >> 32); }
            return r;
        }
    }
}
namespace Countersign.Gate.Index
{
    public sealed class FingerprintIndex : IDisposable
    {
        readonly Dictionary<ulong, List<int>> d = []; readonly HashSet<int> t = [];
        public static FingerprintIndex Open(string f) => new();
        public void Add(int text, ulong[] f) { lock (d) { t.Add(text); foreach (var x in f.Distinct()) { if (!d.TryGetValue(x, out var l)) d[x] = l = []; l.Add(text); } } }
        public void Forget(int text) { lock (d) t.Remove(text); }
        public bool Contains(int text) { lock (d) return t.Contains(text); }
        public void Find(ulong[] p, List<(int, int)> hits) { for (var i = 0; i < p.Length; i++) if (d.TryGetValue(p[i], out var l)) foreach (var x in l) if (t.Contains(x)) hits.Add((i, x)); }
        public void Dispose() { }
    }
}
