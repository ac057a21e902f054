namespace Countersign.Gate;

/// <summary>How evidence is weighed. Amounts are letters of the draft. Chosen by the measurement in docs/RECOGNITION.md.</summary>
internal sealed record Weights
{
    public static readonly Weights Chosen = new();

    /// <summary>What every separate piece loses first: letters that texts share by chance or habit.</summary>
    public double PieceCosts { get; init; } = 20;

    /// <summary>What a word costs that one text has and the other has not, or that differs.</summary>
    public double OtherWord { get; init; } = 2;

    /// <summary>The most that one word counts, in letters.</summary>
    public int MostOfWord { get; init; } = 8;

    /// <summary>Following a piece from word to word ends when it has fallen so far below its best.</summary>
    public double Drop { get; init; } = 16;

    /// <summary>The amount from which a message leaks a draft.</summary>
    public double Leaks { get; init; } = 30;

    /// <summary>The least part that a piece keeps however many letters share it.</summary>
    public double LeastOfShared { get; init; } = 0.4;

    /// <summary>The part of a draft that a message carries from which it is that draft, and not a quote of the released letter that leaves something out.</summary>
    public double WholeDraft { get; init; } = 0.6;
}

/// <summary>A piece of a message that is a piece of a draft: letters [From, From + Length) of the message are letters [DraftFrom, DraftFrom + DraftLength) of the draft, word for word or reworded.</summary>
/// <param name="From">Its first letter in the message.</param>
/// <param name="Length">Its letters in the message.</param>
/// <param name="DraftFrom">Its first letter in the draft.</param>
/// <param name="DraftLength">Its letters in the draft.</param>
/// <param name="Words">Words that both have.</param>
/// <param name="Amount">Evidence, in letters.</param>
/// <param name="Own">Whether something in it is the draft's own, and not only the order in which free passages follow each other.</param>
internal readonly record struct Piece(int From, int Length, int DraftFrom, int DraftLength, int Words, double Amount, bool Own);

/// <summary>
/// Compares a message with one draft: from every protected k-gram that both have, the letters are followed as long as they are the same, and the words
/// as long as most of them are (a banded local alignment). Pieces count apart, in any order, and each part of the draft once.
/// </summary>
internal static class Likeness
{
    private const int Band = 6, Width = 2 * Band + 1;

    /// <summary>The most pieces that are held against each other.</summary>
    private const int MostPieces = 1000;

    /// <summary>A place where message and draft have the same protected k-gram.</summary>
    /// <param name="At">The letter of the message.</param>
    /// <param name="Shared">In how many letters of the office it stands.</param>
    /// <param name="Own">Whether it has a letter that is in no free passage of the message, or a figure.</param>
    internal readonly record struct Seed(int At, int Shared, bool Own);

    /// <param name="message">The message.</param>
    /// <param name="free">Which letters of the message stand in a text free for all its recipients, or null where none does.</param>
    /// <param name="draft">The draft.</param>
    /// <param name="seeds">Rising.</param>
    /// <param name="k">Letters in a k-gram.</param>
    /// <param name="weights">How evidence is weighed.</param>
    public static List<Piece> Compare(TextShape message, bool[]? free, TextShape draft, ReadOnlySpan<Seed> seeds, int k, Weights weights)
    {
        var places = new Dictionary<uint, int>(draft.Selected.Length);
        var next = new int[draft.Selected.Length];
        for (var s = draft.Selected.Length - 1; s >= 0; s--)
        {
            ref var first = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(places, draft.Grams[draft.Selected[s]], out var known);
            next[s] = known ? first : -1;
            first = s;
        }
        var found = new List<Piece>();
        foreach (var seed in seeds)
        {
            if (!places.TryGetValue(message.Grams[seed.At], out var place))
                continue;
            Piece? best = null;
            var within = -1;
            for (var tried = 0; place >= 0 && tried < 8; place = next[place], tried++)
            {
                var at = draft.Selected[place];
                within = Inside(found, seed.At, at);
                if (within >= 0)
                    break;
                var piece = Follow(message, free, draft, seed.At, at, k, weights);
                if (best is null || piece.Amount > best.Value.Amount)
                    best = piece;
            }
            if (within >= 0)
            {
                if (seed.Own && !found[within].Own)
                    found[within] = found[within] with { Own = true };
                continue;
            }
            if (best is not { } b)
                continue;
            var part = seed.Shared <= 2 ? 1 : Math.Max(weights.LeastOfShared, Math.Sqrt(2.0 / seed.Shared));
            found.Add(b with { Amount = b.Amount * part, Own = seed.Own });
        }
        return Once(found, weights);
    }

    /// <summary>The piece found lately that has this letter of the message and this letter of the draft, or −1.</summary>
    private static int Inside(List<Piece> found, int at, int draftAt)
    {
        for (var i = found.Count - 1; i >= 0 && i >= found.Count - 8; i--)
            if (at >= found[i].From && at < found[i].From + found[i].Length && draftAt >= found[i].DraftFrom && draftAt < found[i].DraftFrom + found[i].DraftLength)
                return i;
        return -1;
    }

    /// <summary>Each part of the draft and of the message once: the pieces of the largest amounts, less what every piece costs.</summary>
    private static List<Piece> Once(List<Piece> found, Weights weights)
    {
        found.Sort((a, b) => b.Amount.CompareTo(a.Amount));
        var kept = new List<Piece>();
        foreach (var piece in found.Take(MostPieces))
        {
            if (piece.Amount <= weights.PieceCosts && kept.Count > 0)
                break;
            var fresh = true;
            foreach (var k in kept)
            {
                var shared = Math.Min(k.From + k.Length, piece.From + piece.Length) - Math.Max(k.From, piece.From);
                var sharedDraft = Math.Min(k.DraftFrom + k.DraftLength, piece.DraftFrom + piece.DraftLength) - Math.Max(k.DraftFrom, piece.DraftFrom);
                if (2 * shared > piece.Length || 2 * sharedDraft > piece.DraftLength)
                {
                    fresh = false;
                    break;
                }
            }
            if (fresh)
                kept.Add(piece with { Amount = Math.Max(0, piece.Amount - weights.PieceCosts) });
        }
        kept.Sort((a, b) => a.From.CompareTo(b.From));
        return kept;
    }

    /// <summary>The piece around one k-gram that both have.</summary>
    private static Piece Follow(TextShape message, bool[]? free, TextShape draft, int at, int draftAt, int k, Weights weights)
    {
        var back = 0;
        while (back < at && back < draftAt && message.Grams[at - back - 1] == draft.Grams[draftAt - back - 1])
            back++;
        var on = 1;
        while (at + on < message.Grams.Length && draftAt + on < draft.Grams.Length && message.Grams[at + on] == draft.Grams[draftAt + on])
            on++;
        var (from, draftFrom, length) = (at - back, draftAt - back, back + on + k - 1);
        var (words, letters) = CountWords(draft.WordStarts, draftFrom, draftFrom + length, weights);
        var run = new Piece(from, length, draftFrom, length, words, letters, false);

        // From a word that stands whole inside the run and starts in both texts at the same letter.
        var word = FirstAtOrAfter(message.WordStarts, from);
        var draftWord = -1;
        for (; word < message.Words.Length && message.WordStarts[word + 1] <= from + length; word++)
        {
            var start = message.WordStarts[word] - from + draftFrom;
            var candidate = FirstAtOrAfter(draft.WordStarts, start);
            if (candidate < draft.Words.Length && draft.WordStarts[candidate] == start && draft.Words[candidate] == message.Words[word])
            {
                draftWord = candidate;
                break;
            }
        }
        if (draftWord < 0)
            return run;
        var right = Extend(message, free, draft, word, draftWord, 1, weights);
        var left = Extend(message, free, draft, word - 1, draftWord - 1, -1, weights);
        var amount = left.Amount + right.Amount;
        if (amount <= letters)
            return run;
        var first = Math.Min(from, message.WordStarts[word - left.Words]);
        var last = Math.Max(from + length, message.WordStarts[word + right.Words]);
        var draftFirst = Math.Min(draftFrom, draft.WordStarts[draftWord - left.DraftWords]);
        var draftLast = Math.Max(draftFrom + length, draft.WordStarts[draftWord + right.DraftWords]);
        return new Piece(first, last - first, draftFirst, draftLast - draftFirst, left.Same + right.Same, amount, false);
    }

    private static int FirstAtOrAfter(int[] starts, int letter)
    {
        var i = Array.BinarySearch(starts, letter);
        return i >= 0 ? i : ~i;
    }

    /// <summary>The words that lie in these letters, at least in part, and what they count: long words are names more often than sentences.</summary>
    private static (int Words, double Amount) CountWords(int[] starts, int from, int to, Weights weights)
    {
        var (words, amount) = (0, 0);
        var word = FirstAtOrAfter(starts, from + 1) - 1;
        for (; word >= 0 && word + 1 < starts.Length && starts[word] < to; word++)
        {
            var (first, last) = (Math.Max(from, starts[word]), Math.Min(to, starts[word + 1]));
            amount += Math.Min(last - first, weights.MostOfWord);
            if (last - first == starts[word + 1] - starts[word])
                words++;
        }
        return (words, amount);
    }

    private readonly record struct Reach(int Words, int DraftWords, int Same, double Amount);

    private struct Cell
    {
        public double Amount;
        public int Same;
    }

    /// <summary>Follows the words from a pair of them in one direction.</summary>
    private static Reach Extend(TextShape message, bool[]? free, TextShape draft, int word, int draftWord, int step, Weights weights)
    {
        Span<Cell> before = stackalloc Cell[Width];
        Span<Cell> now = stackalloc Cell[Width];
        const double never = -1e9;
        for (var d = 0; d < Width; d++)
            before[d].Amount = d < Band ? never : -(d - Band) * weights.OtherWord;
        for (var d = 0; d < Width; d++)
            before[d].Same = 0;
        var best = new Reach(0, 0, 0, 0);
        for (var t = 1; ; t++)
        {
            var m = word + step * (t - 1);
            if (m < 0 || m >= message.Words.Length)
                break;
            var start = message.WordStarts[m];
            var letters = message.WordStarts[m + 1] - start;
            var gain = free is not null && free[start] && free[start + letters - 1] ? 0.0 : Math.Min(letters, weights.MostOfWord);
            var rowBest = never;
            for (var d = 0; d < Width; d++)
            {
                // Cell (t, u): t words of the message and u of the draft taken.
                var u = t + d - Band;
                now[d].Amount = never;
                if (u < 0)
                    continue;
                if (u == 0)
                {
                    now[d] = new Cell { Amount = -t * weights.OtherWord };
                    rowBest = Math.Max(rowBest, now[d].Amount);
                    continue;
                }
                var w = draftWord + step * (u - 1);
                if (w >= 0 && w < draft.Words.Length)
                {
                    var same = draft.Words[w] == message.Words[m];
                    now[d] = new Cell { Amount = before[d].Amount + (same ? gain : -weights.OtherWord), Same = before[d].Same + (same ? 1 : 0) };
                    if (d > 0 && now[d - 1].Amount - weights.OtherWord > now[d].Amount)
                        now[d] = now[d - 1] with { Amount = now[d - 1].Amount - weights.OtherWord };
                }
                if (d + 1 < Width && before[d + 1].Amount - weights.OtherWord > now[d].Amount)
                    now[d] = before[d + 1] with { Amount = before[d + 1].Amount - weights.OtherWord };
                if (now[d].Amount > best.Amount)
                    best = new Reach(t, Math.Min(u, step > 0 ? draft.Words.Length - draftWord : draftWord + 1), now[d].Same, now[d].Amount);
                rowBest = Math.Max(rowBest, now[d].Amount);
            }
            if (rowBest < best.Amount - weights.Drop)
                break;
            now.CopyTo(before);
        }
        return best;
    }
}
