using System.Globalization;
using System.Text;

namespace Countersign.Proof;

/// <summary>What text an act may hold, so that no two acts look alike to a person and differ in bytes.</summary>
public static class Text
{
    /// <summary>The longest id, role or domain: 64 characters.</summary>
    public const int MaxId = 64;

    /// <summary>Whether <paramref name="text"/> is an id: 1 to 64 of <c>a–z 0–9 . -</c>.</summary>
    public static bool IsId(string text) =>
        text.Length is > 0 and <= MaxId && text.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '-');

    /// <summary>Whether <paramref name="text"/> is a reference: PREFIX-YYYY-NNNN, two to eight capitals or digits, a year, four to nine digits.</summary>
    public static bool IsReference(string text)
    {
        var parts = text.Split('-');
        return parts.Length == 3
            && parts[0].Length is >= 2 and <= 8 && parts[0].All(c => c is (>= 'A' and <= 'Z') or (>= '0' and <= '9'))
            && parts[1].Length == 4 && parts[1].All(char.IsAsciiDigit)
            && parts[2].Length is >= 4 and <= 9 && parts[2].All(char.IsAsciiDigit);
    }

    /// <summary>Why <paramref name="text"/> may not stand in an act, or null when it may: it must be NFC without control or bidirectional characters.</summary>
    public static string? Fault(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c))
                return "a control character stands in it";
            if (c is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'))
                return "a character that turns the direction of writing stands in it";
        }
        try
        {
            return Nfc.Holds(text) ? null : "it is not in Unicode normal form C";
        }
        catch (ArgumentException)
        {
            return "it is not Unicode";
        }
    }

    /// <summary>Writes a moment as acts do: <c>YYYY-MM-DDThh:mm:ssZ</c>.</summary>
    public static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads a moment as acts write it, and in no other form. Digit by digit: the platform's parser asks the machine's collation tables whether a
    /// letter is that letter, which is for people's languages, not for bytes, and costs a verifier more time than all its signatures.
    /// </summary>
    public static bool TryMoment(string text, out DateTimeOffset at)
    {
        at = default;
        if (text.Length != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z')
            return false;
        if (!Number(text.AsSpan(0, 4), out var year) || !Number(text.AsSpan(5, 2), out var month) || !Number(text.AsSpan(8, 2), out var day)
            || !Number(text.AsSpan(11, 2), out var hour) || !Number(text.AsSpan(14, 2), out var minute) || !Number(text.AsSpan(17, 2), out var second))
            return false;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
            return false;
        at = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero);
        return true;

        static bool Number(ReadOnlySpan<char> digits, out int value)
        {
            value = 0;
            foreach (var c in digits)
            {
                if (!char.IsAsciiDigit(c))
                    return false;
                value = (value * 10) + (c - '0');
            }
            return true;
        }
    }

    internal static void Check(string text)
    {
        if (Fault(text) is { } fault)
            throw new MalformedException($"a text in it may not stand in an act: {fault}");
    }
}

/// <summary>
/// A salted commitment: SHA-256(label ‖ 0x00 ‖ salt[16] ‖ UTF-8 of the value). Acts hold these in place of names and addresses; whoever has
/// salt and value can show them, and erasing the salt erases the person without touching any proof.
/// </summary>
public static class Commitment
{
    /// <summary>The length of a salt in bytes.</summary>
    public const int SaltSize = 16;

    /// <summary>Commits to <paramref name="value"/> under a label such as <c>name</c>, <c>subject</c> or <c>addressee</c>.</summary>
    public static Digest Of(string label, ReadOnlySpan<byte> salt, string value)
    {
        if (salt.Length != SaltSize)
            throw new ArgumentException($"A salt has {SaltSize} bytes.", nameof(salt));
        return Digest.Of([.. Encoding.ASCII.GetBytes(label), 0, .. salt, .. Encoding.UTF8.GetBytes(value)]);
    }
}
