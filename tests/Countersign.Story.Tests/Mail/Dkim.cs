using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Security;

namespace Countersign.Story.Tests.Mail;

/// <summary>
/// Signs mail as a domain does (DKIM, RFC 6376), over every byte: the simple canonical forms of header and body, which no changed blank survives. Its public key stands where the
/// verifier here looks, in place of the DNS.
/// </summary>
internal sealed class Dkim : IDkimPublicKeyLocator
{
    private static readonly HeaderId[] Signed = [HeaderId.From, HeaderId.To, HeaderId.Subject, HeaderId.Date, HeaderId.MessageId];

    private readonly AsymmetricCipherKeyPair _keys;

    public Dkim()
    {
        var generator = new RsaKeyPairGenerator();
        generator.Init(new KeyGenerationParameters(new SecureRandom(), 2048));
        _keys = generator.GenerateKeyPair();
    }

    public void Sign(MimeMessage mail)
    {
        mail.Prepare(EncodingConstraint.EightBit);
        new DkimSigner(_keys.Private, "tfn.example", "gate", DkimSignatureAlgorithm.RsaSha256)
        {
            HeaderCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Simple,
            BodyCanonicalizationAlgorithm = DkimCanonicalizationAlgorithm.Simple,
            AgentOrUserIdentifier = "@tfn.example",
        }.Sign(mail, Signed);
    }

    /// <summary>Whether a message bears a signature of ours, and it holds.</summary>
    public bool Holds(byte[] message)
    {
        var mail = MimeMessage.Load(new MemoryStream(message));
        var at = mail.Headers.IndexOf(HeaderId.DkimSignature);
        return at >= 0 && new DkimVerifier(this).Verify(mail, mail.Headers[at]);
    }

    AsymmetricKeyParameter IDkimPublicKeyLocator.LocatePublicKey(string methods, string domain, string selector, CancellationToken cancellationToken) => _keys.Public;

    Task<AsymmetricKeyParameter> IDkimPublicKeyLocator.LocatePublicKeyAsync(string methods, string domain, string selector, CancellationToken cancellationToken) => Task.FromResult(_keys.Public);
}
