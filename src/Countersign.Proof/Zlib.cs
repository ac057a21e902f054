using System.IO.Compression;

namespace Countersign.Proof;

/// <summary>
/// Unpacks one ZLIB stream (RFC 1950). A stream that is cut short is refused: how much of it comes out differs from one library to the next, and so
/// would verdicts.
/// </summary>
internal static class Zlib
{
    /// <summary>
    /// What <paramref name="packed"/> unpacks to, and whether the stream ends with it (else bytes follow); null when it is no whole stream of at most
    /// <paramref name="most"/> bytes.
    /// </summary>
    public static byte[]? Unpack(ReadOnlyMemory<byte> packed, int most, out bool endsThere)
    {
        var input = new Input(packed);
        endsThere = false;
        using var output = new MemoryStream();
        try
        {
            using var zlib = new ZLibStream(input, CompressionMode.Decompress);
            var buffer = new byte[16_384];
            int read;
            while ((read = zlib.Read(buffer)) > 0)
            {
                output.Write(buffer, 0, read);
                if (output.Length > most)
                    return null;
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException) // .NET tells a preset dictionary by the latter
        {
            return null;
        }
        endsThere = input.Position == packed.Length;
        return input.AskedBehindEnd ? null : output.ToArray();
    }

    /// <summary>
    /// Gives the last bytes one by one, so that it shows where the stream ended: an unpacker that has not seen the end asks for more, one that has does not.
    /// </summary>
    private sealed class Input(ReadOnlyMemory<byte> bytes) : Stream
    {
        private const int Checksum = 4;
        private int _position;

        public bool AskedBehindEnd { get; private set; }

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => bytes.Length;
        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            if (buffer.IsEmpty)
                return 0;
            var count = Math.Min(buffer.Length, Math.Max(1, bytes.Length - Checksum - _position));
            if (_position == bytes.Length)
            {
                AskedBehindEnd = true;
                return 0;
            }
            bytes.Span.Slice(_position, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
