using Countersign.Gate.Index;
using Xunit;

namespace Countersign.Gate.Tests.Indexing;

public sealed class FuseFilterTests
{
    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(10), InlineData(1_000), InlineData(65_537), InlineData(400_000)]
    public void What_was_put_in_is_never_missed_and_little_else_passes(int count)
    {
        var filter = FuseFilter.Build([.. Enumerable.Range(0, count).Select(i => Prints.Spread((ulong)i))]);

        Assert.True(FuseFilter.IsWhole(filter));
        Assert.All(Enumerable.Range(0, count), i => Assert.True(FuseFilter.MayHold(filter, Prints.Spread((ulong)i))));
        var passing = Enumerable.Range(10_000_000, 100_000).Count(i => FuseFilter.MayHold(filter, Prints.Spread((ulong)i)));
        Assert.InRange(passing, 0, count == 0 ? 0 : 500); // 391 of 100,000 are expected, ± 20
        if (count >= 65_537)
            Assert.InRange(filter.Length * 8.0 / count, 8, 9.8);
    }

    [Fact]
    public void Keys_that_stand_close_together_make_a_filter_too()
    {
        var filter = FuseFilter.Build([.. Enumerable.Range(0, 50_000).Select(i => (ulong)i)]);

        Assert.All(Enumerable.Range(0, 50_000), i => Assert.True(FuseFilter.MayHold(filter, (ulong)i)));
    }

    [Fact]
    public void Keys_that_are_not_distinct_are_refused() => Assert.Throws<InvalidOperationException>(() => FuseFilter.Build([1, 2, 3, 2]));

    [Fact]
    public void Bytes_cut_short_are_no_filter()
    {
        var filter = FuseFilter.Build([.. Enumerable.Range(0, 100).Select(i => Prints.Spread((ulong)i))]);

        Assert.All(Enumerable.Range(0, filter.Length), length => Assert.False(FuseFilter.IsWhole(filter.AsSpan(0, length))));
    }

    /// <summary>Keys in steps of a constant are the hardest: seeds a step apart would all fail alike.</summary>
    [Fact]
    public void Keys_in_steps_of_a_constant_get_their_filter()
    {
        for (var size = 1; size < 1500; size++)
            Assert.NotEmpty(FuseFilter.Build([.. Enumerable.Range(1, size).Select(i => unchecked((ulong)i * 0x9E3779B97F4A7C15UL))]));
    }
}
