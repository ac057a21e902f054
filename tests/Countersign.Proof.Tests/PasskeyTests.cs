using System.Formats.Cbor;
using System.Text;
using System.Text.RegularExpressions;
using Countersign.Proof.Tests.Bench;
using Countersign.Testing;
using Xunit;

namespace Countersign.Proof.Tests;

/// <summary>A passkey approves one act, at one site, by one person who was there and was verified; nothing else that its key ever signed approves anything.</summary>
public sealed partial class PasskeyTests
{
    private static readonly PasskeySite Site = new("approve.staff.example", ["https://approve.staff.example"]);
    private static readonly Digest Act = Digest.Of("an act"u8);

    private static bool Approves(SoftAuthenticator passkey, Ceremony? ceremony = null, PasskeySite? site = null) =>
        Passkey.Verify(passkey.CoseKey, passkey.BackupEligible, Site, Act, passkey.Assert(site ?? Site, Act, ceremony));

    /// <summary>W3C Web Authentication Level 3 §16, packed.ES256: UP, UV and BE set, a member that nobody knows in the client data.</summary>
    [Fact]
    public void The_published_assertion_of_a_verified_user_approves_at_its_own_site_and_nowhere_else()
    {
        var key = Convert.FromHexString("a50102032620012158201cf27f25da591208a4239c2e324f104f585525479a29edeedd830f48e77aeae522582059e4b7da6c0106e206ce390c93ab98a15a5ec3887e57f0cc2bece803b920c423");
        var challenge = new Digest(Convert.FromHexString("b1106fa46a57bef1781511c0557dc898a03413d5f0f17d244630c194c7e1adb5"));
        var data = Convert.FromHexString("bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50d00000000");
        var client = Encoding.ASCII.GetBytes(
            "{\"type\":\"webauthn.get\",\"challenge\":\"sRBvpGpXvvF4FRHAVX3ImKA0E9Xw8X0kRjDBlMfhrbU\",\"origin\":\"https://example.org\",\"crossOrigin\":false,"
            + "\"extraData\":\"clientDataJSON may be extended with additional fields in the future, such as this: AZMwyMxIbD8-uguFNp6r8Q\"}");
        Assert.Equal("1f830b6dcd0c81fde2f326f7d7bb47c94534ea17cb4a74fc35b5f0850e22932d", Digest.Of(client).ToString());
        var evidence = Passkey.Encode(data, client, Convert.FromHexString(
            "30450220694969d3ee928de6f02ef23a9c644d7d779916451734a94b432542f498a1ebe90221008b0819c824218a97152cd099c55bfb1477b29d900a49a64018314f9bfccda163"));
        var site = new PasskeySite("example.org", ["https://example.org"]);

        Assert.True(Passkey.Verify(key, true, site, challenge, evidence));
        Assert.False(Passkey.Verify(key, false, site, challenge, evidence)); // enrolled as one that stays in its device
        Assert.False(Passkey.Verify(key, true, Site, challenge, evidence));
        Assert.False(Passkey.Verify(key, true, site with { Origins = ["https://example.org:444"] }, challenge, evidence));
        Assert.False(Passkey.Verify(key, true, site with { RelyingParty = "example" }, challenge, evidence));
        Assert.False(Passkey.Verify(key, true, site, Act, evidence));
    }

    public static TheoryData<string, string> PublishedVectors => new()
    {
        { "02-ES256_Credential_with_No_Attestation.txt", "the user is not verified" },
        { "04-ES256_Credential_with_crossOrigin_true_in_clientDa.txt", "it was given in another site's frame" },
        { "06-ES256_Credential_with_very_long_credential_ID.txt", "approves" },
        { "08-Packed_Attestation_with_ES384_Credential.txt", "the key is of a kind that we do not take" },
        { "10-Packed_Attestation_with_RS256_Credential.txt", "the key is of a kind that we do not take" }, // RSA of 3487 bits, which no authenticator makes
        { "12-Packed_Attestation_with_Ed448_Credential.txt", "the key is of a kind that we do not take" },
        { "14-Android_Key_Attestation_with_ES256_Credential.txt", "the user is not verified" },
        { "16-FIDO_U2F_Attestation_with_ES256_Credential.txt", "the user is not verified" },
    };

    /// <summary>
    /// The assertions that the standard publishes. Their signatures are good, all of them: where one is refused, the table says why, and the flags and
    /// client data bear it out.
    /// </summary>
    [Theory]
    [MemberData(nameof(PublishedVectors))]
    public void Each_published_assertion_is_judged_by_more_than_its_signature(string name, string answer)
    {
        var text = File.ReadAllText(Corpora.Require($"vectors/w3c-webauthn/{name}"));
        byte[] Get(string field) => Convert.FromHexString(Regex.Matches(text, $@"^{field} = h'([0-9a-f]+)'", RegexOptions.Multiline).Last().Groups[1].Value);
        var (challenge, data, client) = (new Digest(Get("challenge")), Get("authenticatorData"), Get("clientDataJSON"));
        var (key, id, eligible) = Registered(Get("attestationObject"));
        var verified = (data[32] & SoftAuthenticator.Verified) != 0;
        var framed = Encoding.UTF8.GetString(client).Contains("\"crossOrigin\":true", StringComparison.Ordinal);

        var approves = Passkey.Verify(key, eligible, new PasskeySite("example.org", ["https://example.org"]), challenge, Passkey.Encode(data, client, Get("signature")));

        Assert.Equal(answer == "approves", approves);
        Assert.Equal(answer, !Passkey.IsKey(key) ? "the key is of a kind that we do not take"
            : framed ? "it was given in another site's frame" : !verified ? "the user is not verified" : "approves");
        Assert.Equal(Passkey.IsKey(key), Credential.ForPasskey(key, id, eligible, default) is not null);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void An_honest_assertion_approves_whatever_its_counter_says(int kind, bool backupEligible)
    {
        var passkey = new SoftAuthenticator((PasskeyKind)kind, backupEligible);
        Assert.True(Approves(passkey));
        Assert.True(Approves(passkey, new Ceremony { Counter = 7 }));
        Assert.True(Approves(passkey, new Ceremony { Counter = 3 }));
        Assert.True(Approves(passkey, new Ceremony { Counter = uint.MaxValue }));
        Assert.True(Approves(passkey, new Ceremony { Rest = "\"crossOrigin\":false,\"other_keys_can_be_added_here\":\"do not compare clientDataJSON against a template\"}" }));
        if (backupEligible)
            Assert.True(Approves(passkey, new Ceremony { Flags = SoftAuthenticator.Present | SoftAuthenticator.Verified | SoftAuthenticator.Eligible | SoftAuthenticator.BackedUp }));
    }

    public static TheoryData<int, string> Wrong => new(Enum.GetValues<PasskeyKind>().SelectMany(kind => WrongCeremonies.Of(kind).Select(w => ((int)kind, w.Name))));

    [Theory]
    [MemberData(nameof(Wrong))]
    public void An_assertion_that_is_wrong_in_one_thing_approves_nothing(int kind, string name)
    {
        var passkey = new SoftAuthenticator((PasskeyKind)kind);
        Assert.True(Approves(passkey));
        Assert.False(Approves(passkey, WrongCeremonies.Of((PasskeyKind)kind).Single(w => w.Name == name).Ceremony), $"An approval {name}.");
    }

    /// <summary>base64url differs from base64 in two letters; a challenge that has one of them shows whether both are taken.</summary>
    [Fact]
    public void A_challenge_in_the_other_base64_alphabet_approves_nothing()
    {
        var passkey = new SoftAuthenticator();
        var act = Enumerable.Range(0, 1000).Select(i => Digest.Of([(byte)i, (byte)(i >> 8)])).First(d => Convert.ToBase64String(d.ToArray()) is var t && t.Contains('+') && t.Contains('/'));
        Assert.True(Passkey.Verify(passkey.CoseKey, false, Site, act, passkey.Assert(Site, act)));
        Assert.False(Passkey.Verify(passkey.CoseKey, false, Site, act, passkey.Assert(Site, act, new Ceremony { Challenge = d => Convert.ToBase64String(d.ToArray()).TrimEnd('=') })));
    }

    [Fact]
    public void A_page_of_any_founded_origin_may_ask_and_no_other()
    {
        var passkey = new SoftAuthenticator();
        var site = new PasskeySite("staff.example", ["https://approve.staff.example", "https://staff.example:8443"]);
        foreach (var (origin, approves) in new[] { ("https://approve.staff.example", true), ("https://staff.example:8443", true), ("https://staff.example", false), ("https://approve.staff.example:8443", false) })
            Assert.Equal(approves, Passkey.Verify(passkey.CoseKey, false, site, Act, passkey.Assert(site, Act, new Ceremony { Origin = origin })));
    }

    public static TheoryData<string, byte[]> NoKeys
    {
        get
        {
            var (es, ed, rs) = (new SoftAuthenticator().CoseKey, new SoftAuthenticator(PasskeyKind.EdDsa).CoseKey, new SoftAuthenticator(PasskeyKind.Rs256).CoseKey);
            return new()
            {
                { "nothing", [] },
                { "a compressed point", [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, .. es[10..42], 0x22, 0xF5] },
                { "another curve", [.. es[..7], 0x02, .. es[8..]] },
                { "another algorithm on the curve", [.. es[..4], 0x27, .. es[5..]] },
                { "the algorithm of fixed curve", [.. es[..4], 0x28, .. es[5..]] },
                { "a member more", [0xA6, .. es[1..], 0x04, 0x40] },
                { "bytes behind it", [.. es, 0] },
                { "a private key", [0xA6, .. es[1..], 0x23, 0x58, 0x20, .. new byte[32]] },
                { "Ed448", [0xA4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x07, 0x21, 0x58, 0x39, .. new byte[57]] },
                { "an Ed25519 key that is too short", ed[..^1] },
                { "RSA of 1024 bits", new SoftAuthenticator(PasskeyKind.Rs256, rsaBits: 1024).CoseKey },
                { "RSA of 2056 bits", [.. rs[..9], 0x01, 0x01, 0x80, .. rs[11..]] },
                { "RSA of 2048 bits of which the first is zero", [.. rs[..11], 0x7F, .. rs[12..]] },
                { "RSA of 8192 bits", [.. rs[..9], 0x04, 0x00, 0x80, .. new byte[1023], .. rs[^5..]] },
                { "RSA with the exponent 3", [.. rs[..^5], 0x21, 0x43, 0x00, 0x00, 0x03] },
                { "RSA with the exponent in one byte", [.. rs[..^5], 0x21, 0x41, 0x03] },
                { "RSA for PSS", [.. rs[..4], 0x38, 0x24, .. rs[7..]] },
            };
        }
    }

    [Theory]
    [MemberData(nameof(NoKeys))]
    public void A_key_of_another_kind_or_form_is_none(string what, byte[] key)
    {
        Assert.False(Passkey.IsKey(key), what);
        Assert.Null(Credential.ForPasskey(key, new byte[16], false, default));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(1023, true)]
    [InlineData(1024, false)]
    public void A_credential_id_has_1_to_1023_bytes(int length, bool taken) =>
        Assert.Equal(taken, Credential.ForPasskey(new SoftAuthenticator().CoseKey, new byte[length], false, default) is not null);

    /// <summary>A key whose every signature holds for everything would be a person whom anybody can be.</summary>
    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void A_key_of_small_order_approves_nothing(string point)
    {
        var key = Convert.FromHexString("a4010103272006215820" + point);
        Assert.True(Passkey.IsKey(key));
        // R = the neutral element and S = 0 fit every message under such a key, for whoever checks the equation alone.
        var neutral = new byte[64];
        neutral[0] = 1;
        for (var counter = 0u; counter < 16; counter++)
            Assert.False(Passkey.Verify(key, false, Site, Act, new SoftAuthenticator().Assert(Site, Act, new Ceremony { Counter = counter, Signature = _ => neutral })));
    }

    [Fact]
    public void A_point_off_the_curve_and_a_modulus_that_is_none_approve_nothing()
    {
        var es = new SoftAuthenticator();
        byte[] off = [.. es.CoseKey[..^1], (byte)(es.CoseKey[^1] ^ 1)];
        Assert.True(Passkey.IsKey(off));
        Assert.False(Passkey.Verify(off, false, Site, Act, es.Assert(Site, Act)));
        Assert.False(Passkey.Verify([.. es.CoseKey[..10], .. new byte[32], .. es.CoseKey[42..45], .. new byte[32]], false, Site, Act, es.Assert(Site, Act)));

        var rs = new SoftAuthenticator(PasskeyKind.Rs256);
        foreach (var last in (byte[])[0, 1, 2, 255])
        {
            byte[] modulus = [.. rs.CoseKey[..11], 0x80, .. new byte[254], last, .. rs.CoseKey[^5..]];
            Assert.True(Passkey.IsKey(modulus));
            Assert.False(Passkey.Verify(modulus, false, Site, Act, rs.Assert(Site, Act)));
            Assert.False(Passkey.Verify(modulus, false, Site, Act, rs.Assert(Site, Act, new Ceremony { Signature = _ => [.. new byte[255], 1] })));
        }
    }

    [Fact]
    public void A_key_checks_no_assertion_of_another_kind()
    {
        var all = Enum.GetValues<PasskeyKind>().Select(kind => new SoftAuthenticator(kind)).ToArray();
        foreach (var key in all)
            foreach (var signer in all)
                Assert.Equal(key == signer, Passkey.Verify(key.CoseKey, false, Site, Act, signer.Assert(Site, Act)));
    }

    [Theory]
    [InlineData("https://approve.staff.example", true)]
    [InlineData("https://a.b.approve.staff.example", true)]
    [InlineData("https://approve.staff.example:8443", true)]
    [InlineData("https://approve.staff.example:65535", true)]
    [InlineData("https://approve.staff.example:65536", false)]
    [InlineData("https://approve.staff.example:443", false)]
    [InlineData("https://approve.staff.example:0", false)]
    [InlineData("https://approve.staff.example:08443", false)]
    [InlineData("https://approve.staff.example:", false)]
    [InlineData("https://approve.staff.example:84a", false)]
    [InlineData("https://approve.staff.example/", false)]
    [InlineData("https://approve.staff.example/page", false)]
    [InlineData("https://user@approve.staff.example", false)]
    [InlineData("https://Approve.staff.example", false)]
    [InlineData("https://evilapprove.staff.example", false)]
    [InlineData("https://staff.example", false)]
    [InlineData("https://approve.staff.example\",\"x\":\"", false)]
    [InlineData("http://approve.staff.example", false)]
    [InlineData("http://localhost", false)]
    [InlineData("https://", false)]
    [InlineData("approve.staff.example", false)]
    [InlineData("", false)]
    public void An_office_founds_origins_of_its_own_in_the_form_that_browsers_write(string origin, bool taken) =>
        Assert.Equal(taken, PasskeySite.IsOrigin(origin, "approve.staff.example"));

    [Theory]
    [InlineData("http://localhost", true)]
    [InlineData("http://localhost:8080", true)]
    [InlineData("http://localhost:80", false)]
    [InlineData("https://localhost", false)]
    [InlineData("http://localhost.evil.example", false)]
    public void An_office_on_ones_own_machine_has_origins_there_alone(string origin, bool taken) => Assert.Equal(taken, PasskeySite.IsOrigin(origin, "localhost"));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void An_office_whose_policy_asks_for_passkeys_sends_with_them_and_names_them(int kind)
    {
        var office = OfficeInMemory.Staffed(Strict, passkeys: new Dictionary<string, SoftAuthenticator> { [OfficeInMemory.General] = new((PasskeyKind)kind) });
        var pdf = SmallPdf.Of("We do NOT withdraw");
        office.Send("l1", pdf);
        var verdict = office.Verify(office.Sealed("l1", pdf));
        Assert.Equal(VerdictKind.GenuineInForce, verdict.Kind);
        Assert.Equal(
            [("Name of general", Assurance.Passkey), ("Name of lawyer", Assurance.Software)],
            verdict.Approvals.Select(a => (a.Person!, a.Assurance)).OrderBy(a => a.Item1, StringComparer.Ordinal));
    }

    [Fact]
    public void Founders_with_passkeys_found_an_office()
    {
        var office = OfficeInMemory.Staffed(passkeys: new Dictionary<string, SoftAuthenticator>
        {
            [OfficeInMemory.RegistrarOne] = new(backupEligible: true),
            [OfficeInMemory.RegistrarTwo] = new(PasskeyKind.EdDsa),
        });
        var pdf = SmallPdf.Of("We do NOT withdraw");
        office.Send("l1", pdf);
        Assert.Equal(VerdictKind.GenuineInForce, office.Verify(office.Sealed("l1", pdf)).Kind);
    }

    [Fact]
    public void Where_the_policy_asks_for_a_passkey_a_key_in_software_does_not_count()
    {
        var office = OfficeInMemory.Staffed(Strict);
        office.Draft("l1", SmallPdf.Of("We do NOT withdraw"));
        var release = office.Release("l1", OfficeInMemory.General);
        Assert.Contains("commander", office.Refusal(release, office.Sign(release, OfficeInMemory.General, OfficeInMemory.Lawyer)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_role_that_asks_for_a_passkey_is_lent_only_to_whoever_has_one()
    {
        var office = OfficeInMemory.Staffed(Strict, passkeys: new Dictionary<string, SoftAuthenticator> { [OfficeInMemory.General] = new(), [OfficeInMemory.Staff] = new() });
        office.Lend(OfficeInMemory.General, OfficeInMemory.Operator, "commander");
        office.Lend(OfficeInMemory.General, OfficeInMemory.Staff, "commander");
        office.Draft("l1", SmallPdf.Of("We do NOT withdraw"));
        var release = office.Release("l1", OfficeInMemory.Lawyer);
        Assert.Contains("commander", office.Refusal(release, office.Sign(release, OfficeInMemory.Operator, OfficeInMemory.Lawyer)), StringComparison.Ordinal);
        Assert.Null(office.Refusal(release, office.Sign(release, OfficeInMemory.Staff, OfficeInMemory.Lawyer)));
    }

    private static PolicyParts Strict => OfficeInMemory.DefaultPolicy with { Assurances = new Dictionary<string, Assurance> { ["commander"] = Assurance.Passkey } };

    /// <summary>Key, credential id and the flag BE of a registration (§6.5).</summary>
    private static (byte[] Key, byte[] Id, bool Eligible) Registered(byte[] attestationObject)
    {
        var reader = new CborReader(attestationObject, CborConformanceMode.Lax);
        byte[]? data = null;
        for (var left = reader.ReadStartMap() ?? 0; left > 0; left--)
        {
            if (reader.ReadTextString() == "authData")
                data = reader.ReadByteString();
            else
                reader.SkipValue();
        }
        var length = (data![53] << 8) | data[54];
        var key = new CborReader(data.AsMemory(55 + length), CborConformanceMode.Lax).ReadEncodedValue().ToArray();
        return (key, data[55..(55 + length)], (data[32] & SoftAuthenticator.Eligible) != 0);
    }
}
