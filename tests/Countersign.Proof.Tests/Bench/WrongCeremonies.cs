using System.Buffers.Text;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// Every assertion that must approve nothing, though the person's own key signed most of them: one row for each check of W3C Web Authentication
/// Level 3 §7.2, and for each trap of STANDARDS §4. The names end a sentence that begins "An approval …".
/// </summary>
internal static class WrongCeremonies
{
    private const byte Present = SoftAuthenticator.Present, Verified = SoftAuthenticator.Verified;
    private static readonly BigInteger Order = BigInteger.Parse("0ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", System.Globalization.NumberStyles.HexNumber);

    /// <summary>The domain of sign-in is the parent of the site's: <c>staff.example</c> of <c>approve.staff.example</c>.</summary>
    private const string Domain = "staff.example";

    private static readonly (string Name, Ceremony Ceremony)[] OfEs256 =
    [
        // 2: the type
        ("is a registration", new Ceremony { Type = "webauthn.create" }),
        ("is a payment's confirmation", new Ceremony { Type = "payment.get" }),
        ("has a type in capitals", new Ceremony { Type = "WEBAUTHN.GET" }),
        // 3: the challenge
        ("is of another act", new Ceremony { Challenge = _ => Base64Url.EncodeToString(Digest.Of("another act"u8).ToArray()) }),
        ("has no challenge", new Ceremony { Challenge = _ => "" }),
        ("has its challenge in padded base64url", new Ceremony { Challenge = d => Base64Url.EncodeToString(d.ToArray()) + "=" }),
        ("has its challenge in base64url with spare bits set", new Ceremony { Challenge = d => SpareBits(Base64Url.EncodeToString(d.ToArray())) }),
        ("has its challenge in hexadecimal", new Ceremony { Challenge = d => d.ToString() }),
        ("has its challenge cut short", new Ceremony { Challenge = d => Base64Url.EncodeToString(d.ToArray())[..42] }),
        ("has a challenge that goes on", new Ceremony { Challenge = d => Base64Url.EncodeToString(d.ToArray()) + "A" }),
        // 4: the origin
        ("was asked for by another site", new Ceremony { Origin = "https://evil.example" }),
        ("was asked for below its site", new Ceremony { Origin = "https://www.approve.staff.example" }),
        ("was asked for above its site", new Ceremony { Origin = "https://staff.example" }),
        ("was asked for by a site whose name ends alike", new Ceremony { Origin = "https://evilapprove.staff.example" }),
        ("was asked for by a site whose name begins alike", new Ceremony { Origin = "https://approve.staff.example.evil.example" }),
        ("was asked for at another port", new Ceremony { Origin = "https://approve.staff.example:8443" }),
        ("was asked for at the usual port, spelt out", new Ceremony { Origin = "https://approve.staff.example:443" }),
        ("was asked for without encryption", new Ceremony { Origin = "http://approve.staff.example" }),
        ("was asked for by an app", new Ceremony { Origin = "android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" }),
        ("has its origin in capitals", new Ceremony { Origin = "https://APPROVE.staff.example" }),
        ("has a slash behind its origin", new Ceremony { Origin = "https://approve.staff.example/" }),
        ("has a dot behind its origin", new Ceremony { Origin = "https://approve.staff.example." }),
        // 5: the frame
        ("was given in another site's frame", new Ceremony { Rest = "\"crossOrigin\":true}" }),
        ("was given in another site's frame that is named", new Ceremony { Rest = "\"crossOrigin\":true,\"topOrigin\":\"https://evil.example\"}" }),
        ("names the frame around it", new Ceremony { Rest = "\"crossOrigin\":false,\"topOrigin\":\"https://evil.example\"}" }),
        ("names the frame around it later", new Ceremony { Rest = "\"crossOrigin\":false,\"more\":\"\",\"topOrigin\":\"https://evil.example\"}" }),
        ("does not say in whose frame it was given", new Ceremony { ClientData = t => t.Replace(",\"crossOrigin\":false", "", StringComparison.Ordinal) }),
        ("says that it was not asked for across origins in words", new Ceremony { Rest = "\"crossOrigin\":\"false\"}" }),
        // the client data's form
        ("has its members in another order", new Ceremony { ClientData = t => t.Replace("\"type\":\"webauthn.get\",", "", StringComparison.Ordinal).Replace("}", ",\"type\":\"webauthn.get\"}", StringComparison.Ordinal) }),
        ("has a blank in its client data", new Ceremony { ClientData = t => t.Replace("{", "{ ", StringComparison.Ordinal) }),
        ("has a byte order mark in its client data", new Ceremony { ClientData = t => "\uFEFF" + t }),
        ("has client data that does not end", new Ceremony { ClientData = t => t[..^1] }),
        ("has bytes behind its client data", new Ceremony { ClientData = t => t + " " }),
        ("has another act's challenge before its own", new Ceremony { ClientData = t => t.Replace("\"challenge\"", "\"challenge\":\"AAAA\",\"challenge\"", StringComparison.Ordinal) }),
        ("has another act's challenge behind its own", new Ceremony { Rest = "\"crossOrigin\":false,\"challenge\":\"AAAA\"}" }),
        ("has a second type", new Ceremony { Rest = "\"crossOrigin\":false,\"type\":\"webauthn.create\"}" }),
        ("has a second origin", new Ceremony { Rest = "\"crossOrigin\":false,\"origin\":\"https://evil.example\"}" }),
        ("has a second word on its frame", new Ceremony { Rest = "\"crossOrigin\":false,\"crossOrigin\":true}" }),
        ("has an escaped letter in its client data", new Ceremony { ClientData = t => t.Replace("webauthn.get", "webauthn\\u002eget", StringComparison.Ordinal) }),
        ("has more client data than a browser writes", new Ceremony { Rest = $"\"crossOrigin\":false,\"more\":\"{new string('a', 5000)}\"}}" }),
        // 6: the relying party
        ("is a sign-in that the server kept", new Ceremony { Origin = $"https://{Domain}", RelyingParty = Domain }),
        ("is a sign-in made on the page of approvals", new Ceremony { RelyingParty = Domain }),
        ("is for another site's relying party", new Ceremony { RelyingParty = "evil.example" }),
        ("is for a relying party in capitals", new Ceremony { RelyingParty = "APPROVE.staff.example" }),
        ("is for an origin in place of a relying party", new Ceremony { RelyingParty = "https://approve.staff.example" }),
        // 7, 8: the user
        ("was given with nobody present", new Ceremony { Flags = Verified }),
        ("was given by nobody who was verified", new Ceremony { Flags = Present }),
        ("was given by nobody", new Ceremony { Flags = 0 }),
        // 9: the backup
        ("is of a key that was copied and cannot be", new Ceremony { Flags = Present | Verified | SoftAuthenticator.BackedUp }),
        ("is of a key that can be copied, as it could not when it was enrolled", new Ceremony { Flags = Present | Verified | SoftAuthenticator.Eligible }),
        ("is of a key that was copied, as it could not be when it was enrolled", new Ceremony { Flags = Present | Verified | SoftAuthenticator.Eligible | SoftAuthenticator.BackedUp }),
        // the authenticator data's form
        ("announces a new credential", new Ceremony { Flags = Present | Verified | SoftAuthenticator.Attested }),
        ("brings a new credential", new Ceremony { Flags = Present | Verified | SoftAuthenticator.Attested, Data = d => [.. d, .. new byte[16], 0, 1, 7, 0xA0] }),
        ("announces extensions", new Ceremony { Flags = Present | Verified | SoftAuthenticator.Extended }),
        ("brings extensions", new Ceremony { Flags = Present | Verified | SoftAuthenticator.Extended, Data = d => [.. d, 0xA0] }),
        ("has a byte behind its authenticator data", new Ceremony { Data = d => [.. d, 0] }),
        ("has authenticator data that is cut short", new Ceremony { Data = d => d[..^1] }),
        ("has no authenticator data", new Ceremony { Data = _ => [] }),
        // 10: the signature
        ("signs the act and not what was asked", new Ceremony { Signed = m => m[37..] }),
        ("signs the authenticator data alone", new Ceremony { Signed = m => m[..37] }),
        ("signs the client data before the authenticator data", new Ceremony { Signed = m => [.. m[37..], .. m[..37]] }),
        ("has no signature", new Ceremony { Signature = _ => [] }),
        ("has a signature with a bit changed", new Ceremony { Signature = s => [.. s[..^1], (byte)(s[^1] ^ 1)] }),
        ("has a signature as raw numbers", new Ceremony { Signature = s => [.. Half(s, 0), .. Half(s, 1)] }),
        ("has a signature with a length in its long form", new Ceremony { Signature = s => [0x30, 0x81, .. s[1..]] }),
        ("has a signature of no stated length", new Ceremony { Signature = s => [0x30, 0x80, .. s[2..], 0, 0] }),
        ("has a signature with a negative number", new Ceremony { Signature = s => Der([0xFF, .. Half(s, 0)], Integer(Half(s, 1))) }),
        ("has a signature with a zero too many", new Ceremony { Signature = s => Der([0, 0, .. Half(s, 0)], Integer(Half(s, 1))) }),
        ("has a signature whose first number is zero", new Ceremony { Signature = s => Der([0], Integer(Half(s, 1))) }),
        ("has a signature whose second number is zero", new Ceremony { Signature = s => Der(Integer(Half(s, 0)), [0]) }),
        ("has a signature of two zeros", new Ceremony { Signature = _ => Der([0], [0]) }),
        ("has a signature whose number goes round the curve once more", new Ceremony { Signature = s => Der(Plus(Half(s, 0)), Integer(Half(s, 1))) }),
        ("has a signature whose second number goes round once more", new Ceremony { Signature = s => Der(Integer(Half(s, 0)), Plus(Half(s, 1))) }),
        ("has a signature of three numbers", new Ceremony { Signature = s => Sequence(3, Integer(Half(s, 0)), Integer(Half(s, 1)), [1]) }),
        ("has a signature of one number", new Ceremony { Signature = s => Sequence(1, Integer(Half(s, 0)), [], []) }),
        ("has bytes behind its signature", new Ceremony { Signature = s => [.. s, 0] }),
        ("has a signature in a set", new Ceremony { Signature = s => [0x31, .. s[1..]] }),
        ("is signed by another key", new Ceremony { Signed = m => m, Signature = _ => new SoftAuthenticator().Sign([1]) }),
        // the evidence's form
        ("has four parts", new Ceremony { Evidence = e => [0x84, .. e[1..], 0x40] }),
        ("has two parts", new Ceremony { Evidence = e => [0x82, .. e[1..]] }),
        ("is a list of no stated length", new Ceremony { Evidence = e => [0x9F, .. e[1..], 0xFF] }),
        ("bears a tag", new Ceremony { Evidence = e => [0xD2, .. e] }),
        ("has a length in more bytes than it needs", new Ceremony { Evidence = e => [0x83, 0x59, 0x00, 0x25, .. e[3..]] }),
        ("has bytes behind it", new Ceremony { Evidence = e => [.. e, 0] }),
        ("is cut short", new Ceremony { Evidence = e => e[..^1] }),
        ("is empty", new Ceremony { Evidence = _ => [] }),
    ];

    private static readonly (string Name, Ceremony Ceremony)[] OfEdDsa =
    [
        ("by EdDSA is of another act", new Ceremony { Challenge = _ => "AAAA" }),
        ("by EdDSA was given by nobody who was verified", new Ceremony { Flags = Present }),
        ("by EdDSA has its signature in DER", new Ceremony { Signature = s => Der(Integer(s[..32]), Integer(s[32..])) }),
        ("by EdDSA has bytes behind its signature", new Ceremony { Signature = s => [.. s, 0] }),
        ("by EdDSA has a signature that is cut short", new Ceremony { Signature = s => s[..^1] }),
        ("by EdDSA has a second number that goes round once more", new Ceremony { Signature = PlusL }),
        ("by EdDSA has a signature of zeros", new Ceremony { Signature = s => new byte[s.Length] }),
        ("by EdDSA signs its message's digest", new Ceremony { Signed = SHA256.HashData }),
    ];

    private static readonly (string Name, Ceremony Ceremony)[] OfRs256 =
    [
        ("by RSA is of another act", new Ceremony { Challenge = _ => "AAAA" }),
        ("by RSA was given by nobody who was verified", new Ceremony { Flags = Present }),
        ("by RSA has a zero before its signature", new Ceremony { Signature = s => [0, .. s] }),
        ("by RSA has a signature that is cut short", new Ceremony { Signature = s => s[..^1] }),
        ("by RSA has a signature of zeros", new Ceremony { Signature = s => new byte[s.Length] }),
    ];

    /// <summary>The wrong assertions of an authenticator of this kind.</summary>
    public static IReadOnlyList<(string Name, Ceremony Ceremony)> Of(PasskeyKind kind) => kind switch
    {
        PasskeyKind.EdDsa => OfEdDsa,
        PasskeyKind.Rs256 => OfRs256,
        _ => OfEs256,
    };

    private static string SpareBits(string text)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return text[..^1] + alphabet[alphabet.IndexOf(text[^1]) | 1];
    }

    /// <summary>r or s of a signature in DER, 32 bytes.</summary>
    private static byte[] Half(byte[] der, int half)
    {
        var sequence = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        var r = sequence.ReadInteger();
        var number = half == 0 ? r : sequence.ReadInteger();
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - bytes.Length], .. bytes];
    }

    /// <summary>The content of a DER INTEGER.</summary>
    private static byte[] Integer(byte[] unsigned) => new BigInteger(unsigned, isUnsigned: true, isBigEndian: true).ToByteArray(isBigEndian: true);

    private static byte[] Plus(byte[] unsigned) => (new BigInteger(unsigned, isUnsigned: true, isBigEndian: true) + Order).ToByteArray(isBigEndian: true);

    private static byte[] Der(byte[] r, byte[] s) => Sequence(2, r, s, []);

    private static byte[] Sequence(int count, byte[] a, byte[] b, byte[] c)
    {
        byte[] body = [.. new[] { a, b, c }.Take(count).SelectMany(n => (byte[])[0x02, (byte)n.Length, .. n])];
        return [0x30, (byte)body.Length, .. body];
    }

    /// <summary>S + L: the same number to whoever does not ask that it be the smallest (RFC 8032 §5.1.7).</summary>
    private static byte[] PlusL(byte[] signature)
    {
        var order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);
        var s = (new BigInteger(signature.AsSpan(32), isUnsigned: true) + order).ToByteArray(isUnsigned: true);
        return [.. signature[..32], .. s, .. new byte[32 - s.Length]];
    }
}
