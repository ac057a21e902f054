namespace Countersign.Documents.Typesetting;

/// <summary>A letter's body, free of Markdown. Sizes in styles are factors of the body's size.</summary>
internal abstract record Block
{
    internal sealed record Paragraph(StyledText Text) : Block;

    internal sealed record Heading(int Level, StyledText Text) : Block;

    internal sealed record List(bool Ordered, int First, IReadOnlyList<IReadOnlyList<Block>> Items) : Block;

    internal sealed record Quote(IReadOnlyList<Block> Blocks) : Block;

    internal sealed record Verbatim(IReadOnlyList<StyledText> Lines) : Block;

    internal sealed record Table(
        IReadOnlyList<IReadOnlyList<StyledText>> Rows, int HeaderRows, IReadOnlyList<CellAlign> Columns) : Block;

    internal sealed record Rule : Block;
}

/// <summary>Own: where the text's own direction begins; the others follow the letter's direction.</summary>
internal enum CellAlign { Start, Centre, End, Own }

/// <summary>Carries a refusal from the depth of reading or setting to the door, which answers with it.</summary>
internal sealed class LetterRefusedException(string code, string why, string next) : Exception(why)
{
    public TypesetRefusal Refusal { get; } = new(code, why, next);
}
