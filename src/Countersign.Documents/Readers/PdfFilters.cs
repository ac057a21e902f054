using System.IO.Compression;
using UglyToad.PdfPig.Filters;
using UglyToad.PdfPig.Tokens;

namespace Countersign.Documents.Readers;

/// <summary>PdfPig's filters, each of which pays for what it makes: a bomb ends at the reading's bounds. Foreign streams may name the same filter many times.</summary>
internal sealed class PdfFilters(Reading reading) : IFilterProvider
{
    /// <summary>Below this, even the largest expansion that deflate can reach (1032 : 1) is paid for afterwards.</summary>
    private const int SmallInput = 32 * 1024;

    private const int MostFilters = 8;

    private readonly Dictionary<IFilter, IFilter> _paying = [];

    public IReadOnlyList<IFilter> GetFilters(DictionaryToken dictionary) => Paying(DefaultFilterProvider.Instance.GetFilters(dictionary));

    public IReadOnlyList<IFilter> GetNamedFilters(IReadOnlyList<NameToken> names) => Paying(DefaultFilterProvider.Instance.GetNamedFilters(names));

    public IReadOnlyList<IFilter> GetAllFilters() => Paying(DefaultFilterProvider.Instance.GetAllFilters());

    private IFilter[] Paying(IReadOnlyList<IFilter> filters)
    {
        var paying = new IFilter[Math.Min(filters.Count, MostFilters)];
        for (var i = 0; i < paying.Length; i++)
        {
            if (!_paying.TryGetValue(filters[i], out var wrapped))
                _paying.Add(filters[i], wrapped = filters[i] is FlateFilter ? new Inflating(reading, filters[i]) : new Wrapped(reading, filters[i]));
            paying[i] = wrapped;
        }
        return paying;
    }

    /// <summary>A filter that expands little: LZW at most some hundredfold, the others less.</summary>
    private sealed class Wrapped(Reading reading, IFilter inner) : IFilter
    {
        public bool IsSupported => inner.IsSupported;

        public Memory<byte> Decode(Memory<byte> input, DictionaryToken streamDictionary, IFilterProvider filterProvider, int filterIndex)
        {
            if (input.Length > SmallInput)
                reading.Pay(input.Length * (inner is LzwFilter ? 32L : 1L));
            var decoded = inner.Decode(input, streamDictionary, filterProvider, filterIndex);
            reading.Pay(decoded.Length);
            return decoded;
        }
    }

    private sealed class Inflating(Reading reading, IFilter inner) : IFilter
    {
        public bool IsSupported => true;

        public Memory<byte> Decode(Memory<byte> input, DictionaryToken streamDictionary, IFilterProvider filterProvider, int filterIndex)
        {
            reading.Tick();
            if (input.Length > SmallInput)
                reading.Pay(Measure(input, reading));
            var decoded = inner.Decode(input, streamDictionary, filterProvider, filterIndex);
            if (input.Length <= SmallInput)
                reading.Pay(decoded.Length);
            return decoded;
        }

        /// <summary>How long the input becomes, without keeping any of it.</summary>
        private static long Measure(Memory<byte> input, Reading reading)
        {
            using var packed = new MemoryStream(input.Length < 2 ? [] : input[2..].ToArray(), writable: false);
            using var inflate = new DeflateStream(packed, CompressionMode.Decompress);
            var buffer = new byte[81_920];
            long all = 0;
            try
            {
                for (int read; (read = inflate.Read(buffer)) > 0;)
                {
                    all += read;
                    if (all % (16 * 1024 * 1024) < read)
                        reading.Pay(0);
                    if (all > int.MaxValue)
                        break;
                }
            }
            catch (InvalidDataException)
            {
                return all; // what is damaged ends here for PdfPig, too
            }
            return all;
        }
    }
}
