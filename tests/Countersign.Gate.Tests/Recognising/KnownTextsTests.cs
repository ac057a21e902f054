using System.Text;
using Countersign.Documents;
using Xunit;

namespace Countersign.Gate.Tests.Recognising;

/// <summary>What leaves and what does not, by the texts that an office's gate knows.</summary>
public sealed class KnownTextsTests : IDisposable
{
    private const string Minister = "minister@iraq.example", Stranger = "editor@press.example";

    private const string Released = """
        Sir,
        In due deference to the sovereignty of the Republic, and as requested by its Parliament and its Prime Minister, this headquarters
        will reposition 520 of its soldiers over the course of the coming days and weeks to prepare for onward movement.
        Helicopter traffic over the Green Zone will increase during the hours of darkness; the public may be told so without alarm.
        We ask that your staff name an officer with whom the times of each flight can be agreed beforehand.
        """;

    private const string Draft = """
        Sir,
        We respect your sovereign decision to order our departure, and will conduct our movement out of the country with haste.
        To do so safely, certain measures are needed to make sure that the withdrawal is carried out in an efficient manner.
        Helicopters will fly in and around the International Zone of Baghdad, and roads may be closed to traffic at short notice.
        This letter replaces what was said in January about the 300 instructors who train the second division at Taji.
        """;

    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)(i * 7))];
    private static readonly Audience ToMinister = Audience.Of(Minister), ToStranger = Audience.Of(Stranger);

    private readonly string _folder = Directory.CreateTempSubdirectory("known-texts").FullName;
    private KnownTexts _known;

    public KnownTextsTests() => _known = KnownTexts.Open(_folder, Secret);

    public void Dispose()
    {
        _known.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void LearnDraft(string letter, int version, string text) =>
        _known.Learn(new KnownText(letter, "TFN-" + letter, version, KnownTextKind.Draft), NormalText.Of(text));

    private void LearnFree(string letter, string text, Audience audience) =>
        _known.Learn(new KnownText(letter, "TFN-" + letter, 0, KnownTextKind.Free, audience), NormalText.Of(text));

    private IReadOnlyList<Leak> Leaks(string message, Audience to) => _known.Match(NormalText.Of(message), to).Leaks;

    private static string Quoted(string text) => "Thank you for this.\n\n> " + string.Join("\n> ", text.Split('\n')) + "\n";

    [Fact]
    public void A_draft_is_refused_and_the_ruling_names_its_letter_version_words_and_passage()
    {
        LearnDraft("0007", 1, "Another matter altogether: the canteen will be closed on Thursday while its floor is being laid anew.");
        LearnDraft("0007", 2, Draft);
        var message = "Hello,\nplease read this before noon.\n\n" + Draft + "\n\nBest wishes";
        var leak = Assert.Single(Leaks(message, ToStranger));
        Assert.Equal(("0007", "TFN-0007", 2), (leak.Letter, leak.Reference, leak.Version));
        Assert.InRange(leak.Share, 0.99, 1);
        Assert.InRange(leak.Words, 75, 100);
        var passage = Assert.Single(leak.Passages);
        Assert.Equal(NormalText.Of(Draft).Letters.ToString(), NormalText.Of(message[passage.From..passage.To]).Letters.ToString());
    }

    [Fact]
    public void A_draft_that_differs_from_the_released_letter_in_one_figure_never_passes()
    {
        LearnFree("0007", Released, ToMinister);
        LearnFree("0007", Released.Replace("520", "500000"), ToMinister);
        LearnDraft("0007", 9, Released);
        var version = 0;
        var differing = new[] { Released.Replace("520", "521"), Released.Replace("520", "5200"), Released.Replace("520", "5,20"), Released.Replace("520", "52"), Released.Replace("520 ", ""), Released.Replace("520", "5000"), Released.Replace("520", "50000") };
        foreach (var draft in differing)
            LearnDraft("0007", ++version, draft);
        foreach (var draft in differing)
        {
            Assert.NotEmpty(Leaks(draft, ToMinister));
            Assert.NotEmpty(Leaks(Quoted(draft), ToMinister));
            Assert.NotEmpty(Leaks("Dear all,\n" + draft.ToUpperInvariant() + "\nYours", ToMinister));
        }
        Assert.Empty(_known.Match(NormalText.Of(Released), ToMinister).Suspicions);
    }

    [Theory]
    [InlineData("1 soldier", "2 soldiers of ours will leave the city tonight and nobody is to be told of it before tomorrow morning")]
    [InlineData("nobody is told before tomorrow at 6", "nobody is told before tomorrow at 5")]
    public void A_figure_at_the_very_beginning_or_end_makes_a_draft_another_text(string released, string draft)
    {
        const string rest = " of the brigade that guards the northern bridge and the road which leads from it to the airport ";
        released = released.Length < 12 ? released + draft[10..] + rest : rest + released;
        draft = draft.StartsWith('2') ? draft + rest : rest + draft;
        LearnFree("0007", released, ToMinister);
        LearnDraft("0007", 1, draft);
        Assert.Empty(Leaks(released, ToMinister));
        Assert.NotEmpty(Leaks(draft, ToMinister));
        Assert.NotEmpty(Leaks("For your eyes:\n" + draft + "\nDestroy after reading.", ToMinister));
    }

    [Fact]
    public void A_quote_of_a_released_letter_passes_to_its_addressee_and_is_refused_to_another()
    {
        LearnDraft("0007", 1, Draft);
        LearnDraft("0007", 2, Released);
        LearnFree("0007", Released, ToMinister);
        Assert.Empty(Leaks(Quoted(Released), ToMinister));
        Assert.Empty(Leaks(Released[100..400], Audience.Of(Minister.ToUpperInvariant())));
        Assert.NotEmpty(Leaks(Quoted(Released), ToStranger));
        Assert.NotEmpty(Leaks(Quoted(Released), Audience.Of(Minister, Stranger)));
        Assert.NotEmpty(Leaks(Quoted(Released), Audience.Everyone));
        Assert.NotEmpty(Leaks(Quoted(Draft), ToMinister));
    }

    [Fact]
    public void What_was_released_to_the_public_passes_to_anybody()
    {
        LearnDraft("0007", 2, Released);
        LearnFree("0007", Released, Audience.Everyone);
        Assert.Empty(Leaks(Quoted(Released), ToStranger));
        Assert.Empty(Leaks(Quoted(Released), Audience.Everyone));
    }

    [Fact]
    public void A_quote_that_leaves_a_sentence_out_passes_and_the_whole_draft_that_lacks_it_does_not()
    {
        var whole = Released + "\n" + Draft;
        var lines = whole.Split('\n');
        var lacking = string.Join('\n', lines.Where((_, i) => i != 3));
        LearnFree("0007", whole, ToMinister);
        LearnDraft("0007", 1, lacking);
        Assert.Empty(Leaks("You wrote:\n> " + lines[2] + "\n> […]\n> " + lines[4] + "\nWe agree.", ToMinister));
        Assert.NotEmpty(Leaks(lacking, ToMinister));
    }

    [Fact]
    public void A_reworded_draft_is_refused()
    {
        LearnDraft("0007", 2, Draft);
        // One word in three is another one, is gone, or is new.
        var random = new Random(6);
        var words = Draft.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var reworded = new StringBuilder();
        foreach (var word in words)
            reworded.Append(random.Next(100) switch { < 25 => "otherwise", < 30 => "", < 35 => word + " indeed", _ => word }).Append(' ');
        Assert.NotEmpty(Leaks(reworded.ToString(), ToStranger));
    }

    [Theory]
    [InlineData("Did you know? To do so safely, certain measures are needed to make sure that the withdrawal is carried out in an efficient manner. Amazing.")]
    [InlineData("Helicopters will fly in and around the International Zone of Baghdad, and roads may be closed to traffic at short notice")]
    [InlineData("He said: \"WE RESPECT YOUR SOVEREIGN DECISION TO ORDER OUR DEPARTURE - AND WILL CONDUCT OUR MOVEMENT OUT OF THE COUNTRY WITH HASTE!\"")]
    public void A_single_sentence_of_a_draft_is_refused(string message)
    {
        LearnDraft("0007", 2, Draft);
        Assert.NotEmpty(Leaks(message, ToStranger));
    }

    [Fact]
    public void Sentences_in_another_order_are_refused()
    {
        LearnDraft("0007", 2, Draft);
        Assert.NotEmpty(Leaks(string.Join('\n', Draft.Split('\n').Reverse()), ToStranger));
    }

    [Fact]
    public void Phrases_that_everybody_writes_are_no_leak()
    {
        LearnDraft("0007", 2, "Dear Sir or Madam,\nI look forward to hearing from you. Please do not hesitate to contact me.\nYours sincerely,\n" + Draft);
        Assert.Empty(Leaks("Dear Sir or Madam,\nyour parcel has come. I look forward to hearing from you.\nYours sincerely,\nthe shop", ToStranger));
        Assert.Empty(Leaks("Please do not hesitate to contact me should the printer jam again.", ToStranger));
    }

    [Fact]
    public void A_free_text_takes_boilerplate_out_of_every_draft()
    {
        const string boilerplate = "This message is meant for its addressee alone; whoever receives it in error is asked to destroy it and to tell its sender.";
        LearnDraft("0007", 2, Draft + boilerplate);
        Assert.NotEmpty(Leaks("Lunch at noon?\n" + boilerplate, ToStranger));
        LearnFree("free-1", boilerplate, Audience.Everyone);
        Assert.Empty(Leaks("Lunch at noon?\n" + boilerplate, ToStranger));
        Assert.NotEmpty(Leaks(Draft + boilerplate, ToStranger));
    }

    [Fact]
    public void Small_pieces_in_many_messages_leak_a_letter_together()
    {
        LearnDraft("0007", 2, Draft);
        var words = Draft.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        var recognitions = words.Chunk(6).Select(piece => _known.Match(NormalText.Of("Number, please: " + string.Join(' ', piece)), ToStranger)).ToList();
        Assert.DoesNotContain(recognitions, r => r.Leaks.Count > 0);
        var suspicions = recognitions.SelectMany(r => r.Suspicions).ToList();
        Assert.All(suspicions, s => Assert.Equal("0007", s.Letter));
        Assert.True(Suspicion.LeakTogether(suspicions));
        Assert.False(Suspicion.LeakTogether(Enumerable.Repeat(suspicions[0], 50)));
    }

    [Fact]
    public void A_forgotten_letter_is_known_no_more_and_another_still_is()
    {
        LearnDraft("0007", 2, Draft);
        LearnDraft("0008", 1, Released);
        _known.Forget("0007");
        Assert.Empty(Leaks(Draft, ToStranger));
        Assert.NotEmpty(Leaks(Released, ToStranger));
        Reopen();
        Assert.Empty(Leaks(Draft, ToStranger));
        Assert.NotEmpty(Leaks(Released, ToStranger));
        Assert.Equal((1, 1), (_known.Drafts, _known.Letters));
        LearnDraft("0007", 2, Draft);
        Assert.Equal("0007", Assert.Single(Leaks(Draft, ToStranger)).Letter);
    }

    [Fact]
    public void What_a_forgotten_letter_had_freed_is_protected_again()
    {
        LearnDraft("0008", 1, Released);
        LearnFree("0007", Released, Audience.Everyone);
        Assert.Empty(Leaks(Released, ToStranger));
        _known.Forget("0007");
        Assert.NotEmpty(Leaks(Released, ToStranger));
    }

    [Fact]
    public void What_was_learnt_is_known_after_reopening_for_the_same_audience()
    {
        LearnDraft("0007", 1, Draft);
        LearnDraft("0007", 2, Released);
        LearnFree("0007", Released, ToMinister);
        Reopen();
        Assert.Equal((2, 1, 1), (_known.Drafts, _known.FreeTexts, _known.Letters));
        Assert.Equal((1, "TFN-0007"), (Leaks(Draft, ToMinister)[0].Version, Leaks(Draft, ToMinister)[0].Reference));
        Assert.Empty(Leaks(Released, ToMinister));
        Assert.NotEmpty(Leaks(Released, ToStranger));
    }

    [Fact]
    public void The_same_text_learnt_again_changes_nothing()
    {
        LearnDraft("0007", 1, Draft);
        LearnDraft("0007", 1, Draft);
        Reopen();
        LearnDraft("0007", 1, Draft);
        Assert.Equal(1, _known.Drafts);
    }

    [Fact]
    public void A_record_that_a_crash_left_half_written_is_cut_off_and_what_was_acknowledged_stays()
    {
        LearnDraft("0007", 1, Draft);
        LearnDraft("0008", 1, Released);
        _known.Dispose();
        var catalogue = Assert.Single(Directory.GetFiles(_folder, "catalogue", SearchOption.AllDirectories));
        var whole = File.ReadAllBytes(catalogue);
        var last = whole.Length;
        using (_known = KnownTexts.Open(_folder, Secret))
            LearnDraft("0009", 1, "The inspectors of the second quarter will come on the ninth of March, and the books of the depot must be closed before.");
        var grown = File.ReadAllBytes(catalogue);
        foreach (var cut in new[] { last + 1, last + 3, last + 4, last + 20, last + 33, grown.Length - 1 })
        {
            File.WriteAllBytes(catalogue, grown[..cut]);
            using (_known = KnownTexts.Open(_folder, Secret))
            {
                Assert.NotEmpty(Leaks(Draft, ToStranger));
                Assert.NotEmpty(Leaks(Released, ToStranger));
                Assert.Equal(2, _known.Drafts);
                LearnDraft("0010", 1, Draft + Released);
            }
            using (_known = KnownTexts.Open(_folder, Secret))
                Assert.Equal(3, _known.Drafts);
        }
        _known = KnownTexts.Open(_folder, Secret);
    }

    [Fact]
    public void A_damaged_catalogue_is_said_to_be_damaged()
    {
        LearnDraft("0007", 1, Draft);
        LearnDraft("0008", 1, Released);
        _known.Dispose();
        var catalogue = Assert.Single(Directory.GetFiles(_folder, "catalogue", SearchOption.AllDirectories));
        var bytes = File.ReadAllBytes(catalogue);
        bytes[40] ^= 1;
        File.WriteAllBytes(catalogue, bytes);
        Assert.Throws<InvalidDataException>(() => KnownTexts.Open(_folder, Secret));
        bytes[40] ^= 1;
        File.WriteAllBytes(catalogue, bytes);
        Assert.Throws<InvalidDataException>(() => KnownTexts.Open(_folder, new byte[32]));
        _known = KnownTexts.Open(_folder, Secret);
        Assert.NotEmpty(Leaks(Draft, ToStranger));
    }

    [Fact]
    public void Nothing_that_is_written_down_shows_a_word_or_an_address()
    {
        LearnDraft("0007", 1, Draft);
        LearnFree("0007", Released, ToMinister);
        _known.Dispose();
        foreach (var file in Directory.GetFiles(_folder, "*", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(file);
            foreach (var word in new[] { "sovereign", "helicopter", "0007", "minister", "iraq" })
                foreach (var encoding in new[] { Encoding.UTF8, Encoding.Unicode })
                    Assert.True(bytes.AsSpan().IndexOf(encoding.GetBytes(word)) < 0, $"{Path.GetFileName(file)} shows {word}");
        }
        _known = KnownTexts.Open(_folder, Secret);
    }

    [Fact]
    public void A_rebuild_takes_the_place_of_the_old_in_one_step()
    {
        LearnDraft("0007", 1, Draft);
        using (var rebuild = _known.BeginRebuild())
        {
            rebuild.Learn(new KnownText("0008", "TFN-0008", 1, KnownTextKind.Draft), NormalText.Of(Released));
            LearnDraft("0009", 1, "The inspectors of the second quarter will come on the ninth of March, and the books of the depot must be closed before.");
            Assert.NotEmpty(Leaks(Draft, ToStranger));
            Assert.Empty(Leaks(Released, ToStranger));
            rebuild.Commit();
        }
        for (var i = 0; i < 2; i++)
        {
            Assert.Empty(Leaks(Draft, ToStranger));
            Assert.NotEmpty(Leaks(Released, ToStranger));
            Assert.Equal(2, _known.Drafts);
            Reopen();
        }
        using (_known.BeginRebuild())
        {
        }
        Assert.Equal(2, _known.Drafts);
        Assert.Single(Directory.GetDirectories(_folder));
    }

    [Fact]
    public async Task Matching_goes_on_while_texts_are_learnt_forgotten_and_rebuilt()
    {
        LearnDraft("0007", 1, Draft);
        using var stop = new CancellationTokenSource();
        var matching = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var matched = 0;
            while (!stop.IsCancellationRequested || matched == 0)
            {
                Assert.Contains(Leaks(Draft, ToStranger), l => l.Letter == "0007");
                matched++;
            }
        })).ToArray();
        for (var i = 0; i < 40; i++)
        {
            LearnDraft("other-" + i, 1, Released + i);
            if (i % 3 == 0)
                _known.Forget("other-" + i);
            if (i % 13 != 5)
                continue;
            using var rebuild = _known.BeginRebuild();
            rebuild.Learn(new KnownText("0007", "TFN-0007", 1, KnownTextKind.Draft), NormalText.Of(Draft));
            rebuild.Commit();
        }
        await stop.CancelAsync();
        await Task.WhenAll(matching);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ok")]
    [InlineData("fifteen letters")]
    public void Texts_too_short_to_tell_apart_are_learnt_and_leak_nothing(string text)
    {
        LearnDraft("0007", 1, text);
        LearnFree("0007", text, Audience.Everyone);
        Assert.Empty(Leaks(text, ToStranger));
        Reopen();
        Assert.Equal((1, 1), (_known.Drafts, _known.FreeTexts));
    }

    private void Reopen()
    {
        _known.Dispose();
        _known = KnownTexts.Open(_folder, Secret);
    }
}
