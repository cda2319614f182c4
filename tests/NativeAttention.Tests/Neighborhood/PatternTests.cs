using NativeAttention.Neighborhood;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>Constructors of patterns against other ways to say the same, their equality, and their refusals.</summary>
[TestFixture]
internal sealed class PatternTests
{
    [Test]
    public void Shifted_blocks_are_rolled_blocks_with_regions()
    {
        for (int block = 1; block <= 6; block++)
        {
            for (int length = block; length <= 4 * block; length += block)
            {
                for (int shift = 0; shift < block; shift++)
                {
                    int[][] keys = Lowerings.Keys(NeighborhoodPattern.ShiftedBlocks([block], [shift]), length);
                    for (int i = 0; i < length; i++)
                    {
                        Assert.That(keys[i], Is.EqualTo(Enumerable.Range(0, length).Where(k => Cell(k) == Cell(i))),
                            $"block {block}, shift {shift}, length {length}, query {i}");
                    }

                    // Swin: roll by the shift, cut into blocks; tokens of a block see each other within a region.
                    (int Block, int Region) Cell(int token)
                    {
                        int rolled = (token - shift + length) % length;
                        return (rolled / block, rolled < length - block ? 0 : rolled < length - shift ? 1 : 2);
                    }
                }
            }
        }
    }

    [Test]
    public void Blocks_are_windows_with_the_stride_of_the_window() => Assert.That(
        Lowerings.Keys(NeighborhoodPattern.Blocks(4, 3), 8, 9),
        Is.EqualTo(Lowerings.Keys(NeighborhoodPattern.Windows(new NeighborhoodAxis(4, 4), new(3, 3)), 8, 9)));

    [Test]
    public void Sliding_tiles_are_windows_with_the_stride_of_a_tile() => Assert.That(
        Lowerings.Keys(NeighborhoodPattern.SlidingTiles([4, 3], [3, 1]), 16, 9),
        Is.EqualTo(Lowerings.Keys(NeighborhoodPattern.Windows(new NeighborhoodAxis(12, 4), new(3, 3)), 16, 9)));

    [Test]
    public void A_halo_that_is_shifted_inside_differs_only_at_the_borders()
    {
        int[][] cut = Lowerings.Keys(NeighborhoodPattern.Halo([4], [2]), 20);
        int[][] shifted = Lowerings.Keys(NeighborhoodPattern.Halo([4], [2], EdgeMode.Shift), 20);
        Assert.Multiple(() =>
        {
            Assert.That(cut[4..16], Is.EqualTo(shifted[4..16]));
            Assert.That(cut[0], Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5 }));
            Assert.That(shifted[0], Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5, 6, 7 }));
            Assert.That(cut[19], Is.EqualTo(new[] { 14, 15, 16, 17, 18, 19 }));
            Assert.That(Lowerings.Keys(NeighborhoodPattern.Halo([4], [2], EdgeMode.Wrap), 20)[19],
                Is.EqualTo(new[] { 0, 1, 14, 15, 16, 17, 18, 19 }));
        });
    }

    [TestCase(1, 1)]
    [TestCase(2, 9)]
    [TestCase(3, 25)]
    [TestCase(4, 45)]
    [TestCase(8, 193)]
    [TestCase(16, 793)]
    [TestCase(32, 3205)]
    public void Keys_of_an_inner_query_of_a_circle(int radius, int count)
    {
        int extent = (2 * radius) + 1;
        NeighborhoodMap map = Lowerings.Map(NeighborhoodPattern.Circular(radius), new GridShape(extent, extent));
        Assert.That(Lowerings.Seen(map.Sections[0], map.MostDistance, new Extents(0, radius, radius)).Count(),
            Is.EqualTo(count));
    }

    [TestCase(0.5)]
    [TestCase(1.4142135623730951)]
    [TestCase(2.2360679774997896)]
    [TestCase(3.01)]
    [TestCase(40)]
    public void Pairs_of_a_circle_are_counted(double radius)
    {
        GridShape grid = new(9, 14);
        long pairs = 0;
        for (int q = 0; q < grid.Tokens; q++)
        {
            for (int k = 0; k < grid.Tokens; k++)
            {
                int dy = (q / 14) - (k / 14), dx = (q % 14) - (k % 14);
                pairs += (dy * dy) + (dx * dx) < radius * radius ? 1 : 0;
            }
        }

        Assert.That(Lowerings.Map(NeighborhoodPattern.Circular(radius), grid).Pairs, Is.EqualTo(pairs));
    }

    [Test]
    public void A_sliding_window_with_nothing_behind_is_a_causal_window() => Assert.That(
        Lowerings.Keys(NeighborhoodPattern.SlidingWindow(4, 0), 11),
        Is.EqualTo(Lowerings.Keys(NeighborhoodPattern.Windows(new NeighborhoodAxis(5, Causal: true)), 11)));

    [Test]
    public void A_sliding_window_may_reach_beyond_everything() => Assert.That(
        Lowerings.Keys(NeighborhoodPattern.SlidingWindow(int.MaxValue, int.MaxValue), 3),
        Is.EqualTo(Enumerable.Repeat(new[] { 0, 1, 2 }, 3)));

    [Test]
    public void Patterns_are_equal_by_meaning()
    {
        NeighborhoodPattern[] different =
        [
            NeighborhoodPattern.Windows(3), NeighborhoodPattern.Windows(3, 3), NeighborhoodPattern.Windows(4),
            NeighborhoodPattern.Windows(new NeighborhoodAxis(3, 2)),
            NeighborhoodPattern.Windows(new NeighborhoodAxis(3, 1, 2)),
            NeighborhoodPattern.Windows(new NeighborhoodAxis(3, Causal: true)),
            NeighborhoodPattern.Windows(new NeighborhoodAxis(3, Edge: EdgeMode.Clip)),
            NeighborhoodPattern.Blocks(3), NeighborhoodPattern.ShiftedBlocks([3], [1]),
            NeighborhoodPattern.Halo([3], [1]), NeighborhoodPattern.SlidingTiles([1], [3]),
            NeighborhoodPattern.Circular(2), NeighborhoodPattern.Circular(1.5), NeighborhoodPattern.SlidingWindow(1, 1),
        ];
        Assert.That(different, Is.Unique);
        Assert.That(NeighborhoodPattern.Blocks(3, 2), Is.EqualTo(NeighborhoodPattern.ShiftedBlocks([3, 2], [0, 0])));
        Assert.That(NeighborhoodPattern.Windows(3, 5), Is.EqualTo(NeighborhoodPattern.Windows(new(3), new NeighborhoodAxis(5))));
        Assert.That(NeighborhoodPattern.Blocks(3, 2).GetHashCode(),
            Is.EqualTo(NeighborhoodPattern.ShiftedBlocks([3, 2], [0, 0]).GetHashCode()));
        Assert.That(NeighborhoodPattern.Circular(2), Is.EqualTo(NeighborhoodPattern.Circular(2.0)));
        Assert.That(NeighborhoodPattern.Windows(3).Equals(null), Is.False);
    }

    [Test]
    public void Patterns_have_names()
    {
        Assert.Multiple(() =>
        {
            Assert.That($"{NeighborhoodPattern.Windows(new NeighborhoodAxis(7, 2, 3, true, EdgeMode.Clip), 5)}",
                Is.EqualTo("windows 7 stride 2 dilation 3 causal clip x 5"));
            Assert.That($"{NeighborhoodPattern.Blocks(4, 4)}", Is.EqualTo("blocks 4 x 4"));
            Assert.That($"{NeighborhoodPattern.ShiftedBlocks([4], [2])}", Is.EqualTo("blocks 4 shifted 2"));
            Assert.That($"{NeighborhoodPattern.Halo([4], [1])}", Is.EqualTo("blocks 4 with halo 1"));
            Assert.That($"{NeighborhoodPattern.SlidingTiles([6], [3])}", Is.EqualTo("sliding tiles 6, 3 in a window"));
            Assert.That($"{NeighborhoodPattern.Circular(8)}", Is.EqualTo("circular 8"));
            Assert.That($"{NeighborhoodPattern.SlidingWindow(9, 0)}", Is.EqualTo("sliding window 9,0"));
        });
    }

    private static IEnumerable<TestCaseData> Refused()
    {
        yield return Case(() => NeighborhoodPattern.Windows(), "There are 0 axes: a map has 1 to 3.", "axes");
        yield return Case(() => NeighborhoodPattern.Windows(3, 3, 3, 3), "There are 4 axes: a map has 1 to 3.", "axes");
        yield return Case(() => NeighborhoodPattern.Blocks(), "There are 0 axes: a map has 1 to 3.", "axes");
        yield return Case(() => NeighborhoodPattern.ShiftedBlocks([4, 4], [2]),
            "There are 1 values for 2 axes: one for each axis is needed.", "shift");
        yield return Case(() => NeighborhoodPattern.Halo([4], [2, 2]),
            "There are 2 values for 1 axes: one for each axis is needed.", "halo");
        yield return Case(() => NeighborhoodPattern.SlidingTiles([4], []),
            "There are 0 values for 1 axes: one for each axis is needed.", "tiles");
        yield return Case(() => NeighborhoodPattern.SlidingTiles([4], [2]),
            "There are 2 tiles in a window: the number must be odd and above 0.", "tiles");
        yield return Case(() => NeighborhoodPattern.SlidingTiles([4], [-1]),
            "There are -1 tiles in a window: the number must be odd and above 0.", "tiles");
        yield return Case(() => NeighborhoodPattern.Circular(0), "A radius must be above 0 and at most 16384.", "radius");
        yield return Case(() => NeighborhoodPattern.Circular(double.NaN), "A radius must be above 0", "radius");
        yield return Case(() => NeighborhoodPattern.Circular(16385), "A radius must be above 0", "radius");
        yield return Case(() => NeighborhoodPattern.SlidingWindow(-1, 0), "left ('-1') must be a non-negative value.", "left");
        yield return Case(() => NeighborhoodPattern.SlidingWindow(0, -2), "right ('-2') must be a non-negative value.", "right");

        static TestCaseData Case(Func<NeighborhoodPattern> make, string message, string argument) =>
            new TestCaseData(make, message, argument).SetArgDisplayNames(message);
    }

    [TestCaseSource(nameof(Refused))]
    public void Constructors_refuse(Func<NeighborhoodPattern> make, string message, string argument) =>
        Assert.That(() => make(), Throws.InstanceOf<ArgumentException>().With.Message.StartsWith(message)
            .And.Property("ParamName").EqualTo(argument));
}
