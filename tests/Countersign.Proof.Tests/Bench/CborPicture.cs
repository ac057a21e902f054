using System.Formats.Cbor;
using System.Globalization;
using System.Text;

namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// Draws CBOR as people read it: each item's head in hex, indented by depth, and what it is. A string that has a name is drawn as its name,
/// one that holds CBOR is opened where it is said to; everything else stands in full.
/// </summary>
internal sealed class CborPicture
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _opened = new(StringComparer.Ordinal);

    /// <summary>Gives bytes a name under which they stand elsewhere in the document.</summary>
    public CborPicture Name(ReadOnlyMemory<byte> bytes, string name)
    {
        _names.TryAdd(Convert.ToHexStringLower(bytes.Span), name);
        return this;
    }

    /// <summary>These bytes are drawn as the CBOR that they hold.</summary>
    public CborPicture Open(ReadOnlyMemory<byte> bytes)
    {
        _opened.Add(Convert.ToHexStringLower(bytes.Span));
        return this;
    }

    public string Draw(ReadOnlyMemory<byte> bytes)
    {
        var picture = new StringBuilder();
        Draw(picture, new CborReader(bytes, CborConformanceMode.Canonical), bytes, 0);
        return picture.ToString().TrimEnd('\n');
    }

    private void Draw(StringBuilder picture, CborReader reader, ReadOnlyMemory<byte> all, int depth)
    {
        var start = all.Length - reader.BytesRemaining;
        void Line(int headBytes, string what) => picture.Append(' ', 2 * depth)
            .Append(Convert.ToHexStringLower(all.Span.Slice(start, headBytes))).Append(what.Length > 0 ? "  " : "").Append(what).Append('\n');
        int Head() => all.Length - reader.BytesRemaining - start;

        switch (reader.PeekState())
        {
            case CborReaderState.Tag:
                var tag = reader.ReadTag();
                Line(Head(), $"tag {(ulong)tag}");
                Draw(picture, reader, all, depth);
                break;
            case CborReaderState.StartArray:
                var items = reader.ReadStartArray()!.Value;
                Line(Head(), $"array of {items}");
                for (var i = 0; i < items; i++)
                    Draw(picture, reader, all, depth + 1);
                reader.ReadEndArray();
                break;
            case CborReaderState.StartMap:
                var members = reader.ReadStartMap()!.Value;
                Line(Head(), $"map of {members}");
                for (var i = 0; i < members; i++)
                {
                    Draw(picture, reader, all, depth + 1);
                    Draw(picture, reader, all, depth + 2);
                }
                reader.ReadEndMap();
                break;
            case CborReaderState.ByteString:
                var bytes = reader.ReadByteString();
                DrawBytes(picture, bytes, Head() - bytes.Length, depth, Line);
                break;
            case CborReaderState.TextString:
                var text = reader.ReadTextString();
                var size = Encoding.UTF8.GetByteCount(text);
                var named = _names.TryGetValue(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)), out var name);
                Line(Head() - size, named ? $"text of {size}: {name}" : $"\"{text}\"");
                break;
            case CborReaderState.Null:
                reader.ReadNull();
                Line(Head(), "null");
                break;
            case CborReaderState.NegativeInteger:
                var below = reader.ReadInt64();
                Line(Head(), below.ToString(CultureInfo.InvariantCulture));
                break;
            default:
                var number = reader.ReadUInt64();
                Line(Head(), number.ToString(CultureInfo.InvariantCulture));
                break;
        }
    }

    private void DrawBytes(StringBuilder picture, byte[] bytes, int head, int depth, Action<int, string> line)
    {
        var hex = Convert.ToHexStringLower(bytes);
        if (_opened.Contains(hex))
        {
            line(head, $"bytes of {bytes.Length}, which are");
            Draw(picture, new CborReader(bytes, CborConformanceMode.Canonical), bytes, depth + 1);
        }
        else if (_names.TryGetValue(hex, out var name))
        {
            line(head, $"bytes of {bytes.Length}: {name}");
        }
        else
        {
            line(head, $"bytes of {bytes.Length}");
            foreach (var part in hex.Chunk(128))
                picture.Append(' ', 2 * (depth + 1)).Append(part).Append('\n');
        }
    }
}
