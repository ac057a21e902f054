namespace Countersign.Documents.Readers;

/// <summary>Which reader reads what. A kind without a reader is unread, with the reason.</summary>
internal static class DocumentReaders
{
    public static void Read(Reading reading, DocumentKind kind)
    {
        if (kind == DocumentKind.Empty)
            return;
        if (kind == DocumentKind.Pdf)
            PdfReader.Read(reading);
        else if (kind == DocumentKind.Docx)
            WordReader.Read(reading);
        else if (kind == DocumentKind.Odt)
            OpenDocumentReader.Read(reading);
        else if (kind == DocumentKind.Fodt)
            OpenDocumentReader.ReadFlat(reading);
        else if (kind == DocumentKind.Rtf)
            RtfReader.Read(reading);
        else if (kind == DocumentKind.TooLarge)
            reading.Unreadable(UnreadReason.TooLarge, default, $"It is larger than the {reading.Bounds.MostBytes / 1024 / 1024} MB that are read.");
        else if (kind == DocumentKind.Text || kind == DocumentKind.OldText)
            PlainTextReader.Read(reading);
        else if (kind == DocumentKind.Html)
            HtmlReader.Read(reading);
        else if (kind == DocumentKind.Eml)
            MailReader.Read(reading);
        else if (kind == DocumentKind.Tnef)
            MailReader.ReadTnef(reading);
        else if (kind == DocumentKind.Msg)
            MsgReader.Read(reading);
        else if (kind == DocumentKind.Doc)
            DocReader.Read(reading);
        else if (kind == DocumentKind.Zip)
            ZipReader.Read(reading);
        else if (kind == DocumentKind.Picture)
            PictureReader.Read(reading);
        else if (kind == DocumentKind.Unknown)
            OtherReader.Read(reading);
        else
            reading.Unreadable(UnreadReason.Unknown, default, $"It is {kind.Said}, which is not read here.");
    }
}
