namespace Countersign.Proof;

/// <summary>
/// A QR code (ISO/IEC 18004) of one shape only: version 7, level M, byte mode, mask 0. Ours because every verifier must make the same squares
/// again: a library chooses version and mask by its own scoring.
/// </summary>
internal static class QrCode
{
    /// <summary>Modules on a side, without the quiet zone.</summary>
    public const int Side = 45;

    /// <summary>The most bytes it holds: 124 data codewords less mode, count and terminator.</summary>
    public const int Capacity = 122;

    // Version 7, level M (ISO/IEC 18004 table 9): four blocks of 31 data and 18 error correction codewords.
    private const int Blocks = 4, DataPerBlock = 31, CheckPerBlock = 18;
    private const int VersionBits = 0x07C94; // 7, with its BCH(18,6) check (table D.1)
    private const int FormatBits = 0x5412;   // level M (00), mask 000, BCH(15,5), XOR 101010000010010
    private static readonly int[] Alignment = [6, 22, 38];

    /// <summary>The modules, true for dark. Throws <see cref="ArgumentException"/> for more than <see cref="Capacity"/> bytes.</summary>
    public static bool[,] Draw(ReadOnlySpan<byte> data)
    {
        if (data.Length > Capacity)
            throw new ArgumentException($"The code holds {Capacity} bytes, not {data.Length}.", nameof(data));
        var modules = new bool[Side, Side];
        var reserved = new bool[Side, Side];
        DrawPatterns(modules, reserved);
        var codewords = Interleave(Encode(data));
        var bit = 0;
        for (var right = Side - 1; right >= 1; right -= 2)
        {
            if (right == 6)
                right = 5;
            for (var step = 0; step < Side; step++)
                for (var side = 0; side < 2; side++)
                {
                    var column = right - side;
                    var upward = ((right + 1) & 2) == 0;
                    var row = upward ? Side - 1 - step : step;
                    if (reserved[row, column])
                        continue;
                    var dark = bit < codewords.Length * 8 && ((codewords[bit >> 3] >> (7 - (bit & 7))) & 1) == 1;
                    modules[row, column] = dark ^ ((row + column) % 2 == 0);
                    bit++;
                }
        }
        return modules;
    }

    private static void DrawPatterns(bool[,] modules, bool[,] reserved)
    {
        void Put(int row, int column, bool dark)
        {
            if (row is < 0 or >= Side || column is < 0 or >= Side)
                return;
            modules[row, column] = dark;
            reserved[row, column] = true;
        }

        for (var i = 0; i < Side; i++)
        {
            Put(6, i, i % 2 == 0);
            Put(i, 6, i % 2 == 0);
        }
        foreach (var (top, left) in ((int, int)[])[(3, 3), (3, Side - 4), (Side - 4, 3)])
            for (var r = -4; r <= 4; r++)
                for (var c = -4; c <= 4; c++)
                {
                    var ring = Math.Max(Math.Abs(r), Math.Abs(c));
                    Put(top + r, left + c, ring is not 2 and not 4);
                }
        foreach (var row in Alignment)
            foreach (var column in Alignment)
            {
                if ((row, column) is (6, 6) or (6, 38) or (38, 6))
                    continue;
                for (var r = -2; r <= 2; r++)
                    for (var c = -2; c <= 2; c++)
                        Put(row + r, column + c, Math.Max(Math.Abs(r), Math.Abs(c)) != 1);
            }
        for (var i = 0; i < 15; i++)
        {
            var dark = ((FormatBits >> i) & 1) == 1;
            Put(i < 6 ? i : i < 8 ? i + 1 : Side - 15 + i, 8, dark);
            Put(8, i < 8 ? Side - 1 - i : i == 8 ? 7 : 14 - i, dark);
        }
        Put(Side - 8, 8, true);
        for (var i = 0; i < 18; i++)
        {
            var dark = ((VersionBits >> i) & 1) == 1;
            Put(i / 3, Side - 11 + (i % 3), dark);
            Put(Side - 11 + (i % 3), i / 3, dark);
        }
    }

    private static byte[] Encode(ReadOnlySpan<byte> data)
    {
        var codewords = new byte[Blocks * DataPerBlock];
        var bit = 0;
        void Append(int value, int count)
        {
            for (var i = count - 1; i >= 0; i--, bit++)
                if (((value >> i) & 1) == 1)
                    codewords[bit >> 3] |= (byte)(0x80 >> (bit & 7));
        }
        Append(0b0100, 4);
        Append(data.Length, 8);
        foreach (var b in data)
            Append(b, 8);
        Append(0, 4);
        for (var (i, pad) = (bit / 8, 0xEC); i < codewords.Length; i++, pad ^= 0xEC ^ 0x11)
            codewords[i] = (byte)pad;
        return codewords;
    }

    private static byte[] Interleave(byte[] data)
    {
        var check = Enumerable.Range(0, Blocks).Select(b => Remainder(data.AsSpan(b * DataPerBlock, DataPerBlock))).ToArray();
        var output = new List<byte>();
        for (var i = 0; i < DataPerBlock; i++)
            for (var b = 0; b < Blocks; b++)
                output.Add(data[(b * DataPerBlock) + i]);
        for (var i = 0; i < CheckPerBlock; i++)
            for (var b = 0; b < Blocks; b++)
                output.Add(check[b][i]);
        return [.. output];
    }

    /// <summary>Reed–Solomon over GF(256) with x⁸+x⁴+x³+x²+1, generator of degree 18 with roots 2⁰ … 2¹⁷.</summary>
    private static byte[] Remainder(ReadOnlySpan<byte> data)
    {
        var generator = new byte[CheckPerBlock];
        generator[^1] = 1;
        byte root = 1;
        for (var i = 0; i < CheckPerBlock; i++)
        {
            for (var j = 0; j < CheckPerBlock; j++)
                generator[j] = (byte)(Multiply(generator[j], root) ^ (j + 1 < CheckPerBlock ? generator[j + 1] : 0));
            root = Multiply(root, 2);
        }
        var remainder = new byte[CheckPerBlock];
        foreach (var b in data)
        {
            var factor = (byte)(b ^ remainder[0]);
            Array.Copy(remainder, 1, remainder, 0, CheckPerBlock - 1);
            remainder[^1] = 0;
            for (var j = 0; j < CheckPerBlock; j++)
                remainder[j] ^= Multiply(generator[j], factor);
        }
        return remainder;
    }

    private static byte Multiply(byte a, byte b)
    {
        var product = 0;
        for (var i = 7; i >= 0; i--)
        {
            product = (product << 1) ^ ((product >> 7) * 0x11D);
            product ^= ((b >> i) & 1) * a;
        }
        return (byte)product;
    }
}
