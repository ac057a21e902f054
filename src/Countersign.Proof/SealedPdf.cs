using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Proof;

/// <summary>What <see cref="SealedPdf.Open"/> found in a file: one of a closed set.</summary>
public abstract record OpenResult
{
    private OpenResult()
    {
    }

    /// <summary>The file is too large to be read.</summary>
    public sealed record Unreadable(string Why) : OpenResult;

    /// <summary>Nothing in the file claims to be a seal.</summary>
    public sealed record NotSealed : OpenResult;

    /// <summary>The file claims a seal that does not fit it.</summary>
    public sealed record Altered(string Why, long Offset) : OpenResult;

    /// <summary>The length of the bytes before the seal, and the receipt in it. Nothing is checked yet.</summary>
    public sealed record Opened(int FairCopyLength, ReadOnlyMemory<byte> Receipt) : OpenResult;
}

/// <summary>Where a file differs from what was sealed, and how.</summary>
public sealed record Alteration(string Why, long Offset);

/// <summary>A sealed copy, or why there is none.</summary>
public sealed record Sealing(byte[]? Pdf, PdfRefusal? Refusal);

/// <summary>
/// The seal: one incremental update (ISO 32000-2 §7.5.6) behind the unchanged fair copy. All of it but the CMS follows from the fair copy, the
/// receipt and the plan, by a template of one version; a verifier makes it again and compares every byte. There is no room in it for anything
/// that hides, covers or adds.
/// </summary>
public static class SealedPdf
{
    /// <summary>The most bytes a sealed file may have.</summary>
    public const int MaxBytes = PdfFile.MaxBytes + Receipt.MaxBytes + 1_000_000;

    private const int MaxMagicTries = 64;
    /// <summary>The name under which the receipt is attached.</summary>
    public const string ReceiptName = "countersign-receipt.cose";
    private const int CmsBytes = 4096;
    private const int ByteRangeWidth = 48;

    private static ReadOnlySpan<byte> Magic => "%Countersign-Seal 1 "u8;
    private static ReadOnlySpan<byte> ReceiptNameBytes => "countersign-receipt.cose"u8;

    /// <summary>Judges whether a PDF may be sealed, and tells its pages.</summary>
    public static Examination Examine(ReadOnlyMemory<byte> pdf) => PdfRules.Read(pdf, out var refusal) is { } rules
        ? new Examination(null, rules.Findings, rules.Pages)
        : new Examination(refusal, [], []);

    /// <summary>
    /// Seals a fair copy. <paramref name="certificate"/> is DER; <paramref name="sign"/> gives an ECDSA P-256 SHA-256 signature in DER over the
    /// bytes it is given (the CMS's signed attributes).
    /// </summary>
    public static Sealing Seal(
        ReadOnlyMemory<byte> fairCopy, ReadOnlyMemory<byte> receipt, SealPlan plan, ReadOnlyMemory<byte> certificate, Func<ReadOnlyMemory<byte>, byte[]> sign)
    {
        if (PdfRules.Read(fairCopy, out var refusal) is not { } rules)
            return new Sealing(null, refusal);
        var update = new Update(rules, fairCopy, receipt, plan);
        byte[] whole = [.. fairCopy.Span, .. update.Bytes];
        var cms = Cms.Sign(certificate.ToArray(), SignedDigest(whole, fairCopy.Length + update.ContentsStart), sign);
        if (cms.Length > CmsBytes)
            return new Sealing(null, new PdfRefusal("seal.certificate", "The sealing certificate is too large for a seal.", "Use a certificate of at most 3 KB."));
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(cms), whole.AsSpan(fairCopy.Length + update.ContentsStart + 1));
        return new Sealing(whole, null);
    }

    /// <summary>
    /// Looks for a seal and takes its receipt out. Any file that bears either of the seal's two marks (the line that begins it, the receipt's name)
    /// claims to be sealed, so that damage to one of them is an alteration and not a disguise.
    /// </summary>
    public static OpenResult Open(ReadOnlyMemory<byte> file)
    {
        if (file.Length > MaxBytes)
            return new OpenResult.Unreadable("The file is larger than any sealed letter can be.");
        if (file.IsEmpty)
            return new OpenResult.Unreadable("The file is empty.");
        var span = file.Span;
        var last = span.LastIndexOf(Magic);
        if (last < 0)
            return span.IndexOf(ReceiptNameBytes) is >= 0 and var named
                ? new OpenResult.Altered("The line that begins the seal is missing or changed.", named)
                : new OpenResult.NotSealed();

        // The same words may stand in a letter's subject, and so in the receipt: the line that begins the seal is the one that names its own place.
        for (var (at, tries) = (last, 0); at >= 0 && tries < MaxMagicTries; at = span[..at].LastIndexOf(Magic), tries++)
            if (ReadLine(span, at, out var fairCopy, out var receipt, out var end))
                return TakeReceipt(file, at, end, fairCopy, receipt);
        return new OpenResult.Altered("The line that begins the seal does not fit the file.", last);
    }

    /// <summary>Reads the line that begins a seal; it fits when the length it names is its own place.</summary>
    private static bool ReadLine(ReadOnlySpan<byte> span, int at, out int fairCopy, out int receipt, out int end)
    {
        (fairCopy, receipt) = (0, 0);
        end = span[at..].IndexOf((byte)10);
        var parts = end is > 0 and < 64 ? Encoding.ASCII.GetString(span.Slice(at + Magic.Length, end - Magic.Length)).Split(' ') : [];
        end += at + 1;
        return parts.Length == 2 && Length(parts[0], PdfFile.MaxBytes, out fairCopy) && Length(parts[1], Receipt.MaxBytes, out receipt)
            && at - fairCopy is 0 or 1;
    }

    private static OpenResult TakeReceipt(ReadOnlyMemory<byte> file, int at, int end, int fairCopy, int receipt)
    {
        var span = file.Span;
        // The receipt's stream is the first object behind that line.
        var head = span[end..];
        var stream = head[..Math.Min(head.Length, 512)].IndexOf("stream\n"u8);
        var start = end + stream + 7;
        return stream >= 0 && start + receipt <= span.Length
            ? new OpenResult.Opened(fairCopy, file.Slice(start, receipt))
            : new OpenResult.Altered("The seal does not hold the receipt that it speaks of.", at);
    }

    /// <summary>
    /// Makes the seal again and compares every byte; then checks the CMS over the whole file. Null when the file is exactly what was sealed. The
    /// caller holds the digest of the bytes before the seal against what was approved.
    /// </summary>
    public static Alteration? Check(ReadOnlyMemory<byte> file, OpenResult.Opened opened, SealPlan plan, ReadOnlyMemory<byte> certificate)
    {
        var fairCopy = file[..opened.FairCopyLength];
        if (PdfRules.Read(fairCopy, out var refusal) is not { } rules)
            return new Alteration($"The pages before the seal are ones that no office may seal: {refusal!.Why}", 0);
        Update update;
        try
        {
            update = new Update(rules, fairCopy, opened.Receipt, plan);
        }
        catch (ArgumentException)
        {
            return new Alteration("The seal speaks of a mark that cannot be.", opened.FairCopyLength);
        }
        var tail = file.Span[opened.FairCopyLength..];
        var hexStart = update.ContentsStart + 1;
        var hexEnd = hexStart + (2 * CmsBytes);
        var common = Math.Min(tail.Length, update.Bytes.Length);
        for (var i = 0; i < common; i++)
            if (tail[i] != update.Bytes[i] && (i < hexStart || i >= hexEnd))
                return new Alteration("The seal is not the one that belongs to this letter and receipt.", opened.FairCopyLength + i);
        if (tail.Length > update.Bytes.Length)
            return new Alteration("Something was added behind the seal.", opened.FairCopyLength + update.Bytes.Length);
        if (tail.Length < update.Bytes.Length)
            return new Alteration("The end of the file is missing.", file.Length);

        var hex = tail[hexStart..hexEnd];
        var cms = new byte[CmsBytes];
        if (hex.ContainsAnyExcept(LowerHex) || Convert.FromHexString(Encoding.ASCII.GetString(hex), cms, out _, out _) != OperationStatus.Done)
            return new Alteration("The signature in the seal is not written as a seal writes it.", opened.FairCopyLength + hexStart);
        try
        {
            return Cms.Verify(cms, certificate.ToArray(), SignedDigest(file.Span, opened.FairCopyLength + update.ContentsStart))
                ? null
                : new Alteration("The signature does not belong to these bytes: something in the file was changed.", opened.FairCopyLength + hexStart);
        }
        catch (MalformedException)
        {
            return new Alteration("The certificate in the receipt is none.", opened.FairCopyLength);
        }
    }

    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);

    private static bool Length(string text, int max, out int length) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out length) && length <= max && length.ToString(CultureInfo.InvariantCulture) == text;

    /// <summary>SHA-256 of everything but the hexadecimal string that holds the CMS, its angle brackets included.</summary>
    private static Digest SignedDigest(ReadOnlySpan<byte> file, int contentsStart)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(file[..contentsStart]);
        sha.AppendData(file[(contentsStart + 2 + (2 * CmsBytes))..]);
        return new Digest(sha.GetHashAndReset());
    }

    /// <summary>The template, version 1.</summary>
    private sealed class Update
    {
        private readonly PdfRules _rules;
        private readonly int _base;
        private readonly ArrayBufferWriter<byte> _output = new(32_768);
        private readonly SortedDictionary<int, (long Offset, int Generation)> _written = [];

        public Update(PdfRules rules, ReadOnlyMemory<byte> fairCopy, ReadOnlyMemory<byte> receipt, SealPlan plan)
        {
            (_rules, _base) = (rules, fairCopy.Length);
            var file = rules.File;
            var first = file.Highest + 1;
            int receiptNumber = first, specNumber = first + 1, regularNumber = first + 2, boldNumber = first + 3, formNumber = first + 4,
                widgetNumber = first + 5, signatureNumber = first + 6, xrefNumber = first + 7;
            var moment = plan.ReleasedAt.UtcDateTime.ToString("'D:'yyyyMMddHHmmss'Z'", CultureInfo.InvariantCulture);

            // The line that begins it, on a line of its own.
            if (fairCopy.Span[^1] is not (10 or 13))
                Put("\n");
            Put($"{Encoding.ASCII.GetString(Magic)}{fairCopy.Length} {receipt.Length}\n");

            // The receipt, unpacked, and its file specification.
            Begin(receiptNumber, 0);
            Put($"<</Type/EmbeddedFile/Subtype/application#2Fcose/Params<</Size {receipt.Length}/ModDate({moment})>>/Length {receipt.Length}>>stream\n");
            _output.Write(receipt.Span);
            Put("\nendstream\nendobj\n");
            Begin(specNumber, 0);
            Put($"<</Type/Filespec/F({ReceiptName})/UF({ReceiptName})/EF<</F {receiptNumber} 0 R/UF {receiptNumber} 0 R>>/AFRelationship/Supplement>>\nendobj\n");

            // The mark: the appearance of the signature's widget. Without a place it has no size.
            var page = rules.Pages[0];
            var rectangle = "0 0 0 0";
            var (box, drawing, matrix) = ("0 0 0 0", "", "1 0 0 1 0 0");
            if (plan.Place is { } place)
            {
                if (place.Page != 1 && place.Page != rules.Pages.Count)
                    throw new ArgumentException("The mark stands on the first or the last page.", nameof(plan));
                page = rules.Pages[place.Page - 1];
                rectangle = string.Join(' ', Mark.Rectangle(page, place.Corner).Select(Mark.Number));
                (box, drawing, matrix) = ($"0 0 {Mark.Width} {Mark.Height}", Mark.Draw(plan), Mark.Matrix(page.Rotation));
            }
            Begin(regularNumber, 0);
            Put("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>\nendobj\n");
            Begin(boldNumber, 0);
            Put("<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>\nendobj\n");
            Begin(formNumber, 0);
            Put($"<</Type/XObject/Subtype/Form/BBox[{box}]/Matrix[{matrix}]/Resources<</Font<</F1 {regularNumber} 0 R/F2 {boldNumber} 0 R>>>>" +
                $"/Length {drawing.Length}>>stream\n{drawing}\nendstream\nendobj\n");
            var pageNumber = rules.PageNumbers[page.Number - 1];
            var pageGeneration = file.GenerationOf(pageNumber);
            Begin(widgetNumber, 0);
            Put($"<</Type/Annot/Subtype/Widget/FT/Sig/T(countersign-seal)/TU({plan.Reference})/V {signatureNumber} 0 R/F 132/P {pageNumber} {pageGeneration} R" +
                $"/Rect[{rectangle}]/AP<</N {formNumber} 0 R>>>>\nendobj\n");

            // The signature: certifying, no changes permitted. Every entry is direct.
            Begin(signatureNumber, 0);
            Put("<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached" +
                $"/M({moment})/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P 1/V/1.2>>>>]/ByteRange");
            var byteRangeAt = _output.WrittenCount;
            Put(new string(' ', ByteRangeWidth));
            Put("/Contents");
            ContentsStart = _output.WrittenCount;
            Put($"<{new string('0', 2 * CmsBytes)}>>>\nendobj\n");

            // The page and the catalog, with our entries merged into theirs.
            var pageDictionary = file.Dictionary(new PdfReference(pageNumber, 0))!;
            var annotations = file.Resolve(pageDictionary["Annots"]) is PdfArray old ? old.Items : [];
            var changed = new SortedDictionary<int, PdfDictionary>
            {
                [pageNumber] = pageDictionary.With("Annots", new PdfArray([.. annotations, new PdfReference(widgetNumber, 0)])),
            };
            var root = (PdfReference)file.Trailer["Root"]!;
            var form = (file.Resolve(rules.Catalog["AcroForm"]) as PdfDictionary ?? new PdfDictionary())
                .With("Fields", new PdfArray([new PdfReference(widgetNumber, 0)])).With("SigFlags", new PdfToken("3"));
            var embedded = new PdfDictionary().With("Names", new PdfArray([new PdfString(Encoding.ASCII.GetBytes(ReceiptName)), new PdfReference(specNumber, 0)]));
            var names = (file.Resolve(rules.Catalog["Names"]) as PdfDictionary ?? new PdfDictionary()).With("EmbeddedFiles", embedded);
            changed[root.Number] = rules.Catalog.With("AcroForm", form).With("Names", names)
                .With("Perms", new PdfDictionary().With("DocMDP", new PdfReference(signatureNumber, 0)))
                .With("AF", new PdfArray([new PdfReference(specNumber, 0)]));
            foreach (var (number, dictionary) in changed)
            {
                Begin(number, file.GenerationOf(number));
                var text = new StringBuilder();
                PdfWriter.Write(text, dictionary);
                Put(text.ToString());
                Put("\nendobj\n");
            }

            WriteXref(xrefNumber, fairCopy, receipt);
            Bytes = _output.WrittenSpan.ToArray();
            var contents = fairCopy.Length + ContentsStart;
            var after = contents + 2 + (2 * CmsBytes);
            var range = $"[0 {contents} {after} {fairCopy.Length + Bytes.Length - after}]".PadRight(ByteRangeWidth);
            Encoding.ASCII.GetBytes(range, Bytes.AsSpan(byteRangeAt));
        }

        /// <summary>The update's bytes, with zeros where the CMS goes.</summary>
        public byte[] Bytes { get; }

        /// <summary>Where in <see cref="Bytes"/> the opening angle bracket of /Contents stands.</summary>
        public int ContentsStart { get; }

        private void Put(string text) => _output.Write(Encoding.Latin1.GetBytes(text));

        private void Begin(int number, int generation)
        {
            _written.Add(number, (_base + _output.WrittenCount, generation));
            Put($"{number} {generation} obj\n");
        }

        /// <summary>The cross-reference in the fair copy's own kind: a table of 20-byte lines, or an unpacked stream that lists itself.</summary>
        private void WriteXref(int xrefNumber, ReadOnlyMemory<byte> fairCopy, ReadOnlyMemory<byte> receipt)
        {
            var file = _rules.File;
            var start = _base + _output.WrittenCount;
            if (file.UsesXrefStream)
                _written.Add(xrefNumber, (start, 0));
            var size = Math.Max(_written.Keys.Max(), file.Highest) + 1;
            var trailer = new StringBuilder();
            trailer.Append(CultureInfo.InvariantCulture, $"/Size {size}/Root ");
            PdfWriter.Write(trailer, file.Trailer["Root"]);
            if (file.Trailer["Info"] is PdfReference info)
            {
                trailer.Append("/Info ");
                PdfWriter.Write(trailer, info);
            }
            var own = Digest.OfParts(fairCopy, receipt).ToArray().AsSpan(0, 16);
            var permanent = file.Resolve(file.Trailer["ID"]) is PdfArray { Items: [PdfString id, ..] } ? id.Value : own.ToArray();
            trailer.Append(CultureInfo.InvariantCulture, $"/ID[<{Convert.ToHexStringLower(permanent)}><{Convert.ToHexStringLower(own)}>]/Prev {file.LastXref}");

            var runs = new List<List<int>>();
            foreach (var number in _written.Keys)
            {
                if (runs.Count == 0 || runs[^1][^1] != number - 1)
                    runs.Add([]);
                runs[^1].Add(number);
            }
            if (!file.UsesXrefStream)
            {
                Put("xref\n");
                foreach (var run in runs)
                {
                    Put($"{run[0]} {run.Count}\n");
                    foreach (var number in run)
                        Put(string.Create(CultureInfo.InvariantCulture, $"{_written[number].Offset:D10} {_written[number].Generation:D5} n \n"));
                }
                Put($"trailer\n<<{trailer}>>\n");
            }
            else
            {
                var index = string.Join(' ', runs.Select(r => $"{r[0]} {r.Count}"));
                Put($"{xrefNumber} 0 obj\n<</Type/XRef/W[1 4 2]/Index[{index}]/Length {7 * _written.Count}{trailer}>>stream\n");
                foreach (var (offset, generation) in _written.Values)
                    _output.Write<byte>([1, (byte)(offset >> 24), (byte)((offset >> 16) & 0xFF), (byte)((offset >> 8) & 0xFF), (byte)(offset & 0xFF), (byte)(generation >> 8), (byte)(generation & 0xFF)]);
                Put("\nendstream\nendobj\n");
            }
            Put($"startxref\n{start}\n%%EOF\n");
        }
    }
}
