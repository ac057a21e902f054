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
