using System.CommandLine;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Releasing;

/// <summary>The last signature: <c>release</c>.</summary>
public static class ReleaseCommands
{
    /// <summary>Adds the room's command.</summary>
    public static void MapReleasing(this RootCommand root, Commands.CommandLine line)
    {
        var reference = Options.Reference();
        var to = new Option<string?>("--out") { Description = "Also put the sealed copy here.", HelpName = "FILE" };
        var command = new Command("release", "Adds your approval; releases and seals when nobody is missing. Repeating it is no error.") { reference, Options.AsOne(), Options.Key(), to }
            .Example("countersign release TFN-2026-0001 --as \"B. de Vries\" --out letter.pdf");
        line.InOffice(command, (parse, office) =>
        {
            if (!line.Signer(parse, office).Is(out var signer, out var refusal)
                || !office.FindLetter(parse.GetRequiredValue(reference)).Is(out var history, out refusal)
                || !new Releases(office).Release(signer, history).Is(out var released, out refusal))
                return refusal;
            var name = released.View.Draft.Reference;
            if (released.SealedCopy is not { } sealedCopy)
                return LetterAnswers.Of(office, released.View, 1, $"The approval of {office.NameOf(signer.Person)} is kept. {name} is not released yet.",
                    $"countersign release {name} --as PERSON, or countersign review {name} --as PERSON --concur", released.Missing);
            if (released.View.State != LetterState.Released)
                return LetterAnswers.Of(office, released.View, 1,
                    $"{name} was released and is now {released.View.Word}.{(parse.GetValue(to) is { } refused ? $" {refused} is not written: nothing that does not stand leaves by this command." : "")}",
                    $"countersign show {name}", [], sealedCopy);
            if (parse.GetValue(to) is { } copy)
            {
                Home.Write(Path.GetFullPath(copy), File.ReadAllBytes(sealedCopy));
                sealedCopy = Path.GetFullPath(copy);
            }
            return LetterAnswers.Of(office, released.View, 0, $"{name} is released: {sealedCopy}", $"countersign verify {Options.ForShell(sealedCopy)}", [], sealedCopy);
        });
        root.Add(command);
    }
}
