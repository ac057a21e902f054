using Xunit;

namespace Countersign.Testing;

/// <summary>Finds the shared corpora beside the checkout. They are not part of the project: tests that need them skip, and say so.</summary>
public static class Corpora
{
    /// <summary>The repository's root: the nearest folder above the test binaries that holds Countersign.slnx.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The path of a file or folder below the corpora; skips the running test where it is absent.</summary>
    public static string Require(string relative)
    {
        var path = Path.Combine(Repository, "..", "shared", "corpora", relative);
        Assert.SkipUnless(Path.Exists(path), $"needs the shared corpora ({relative}), which are not beside this checkout");
        return Path.GetFullPath(path);
    }

    private static string FindRepository()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
            if (File.Exists(Path.Combine(dir.FullName, "Countersign.slnx")))
                return dir.FullName;
        throw new InvalidOperationException("The tests run from inside a checkout of the repository.");
    }
}
