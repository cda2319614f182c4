using NativeAttention.Neighborhood;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>Every rule of a neighborhood problem has a test of its message.</summary>
[TestFixture]
internal sealed class NeighborhoodRulesTests
{
    private static readonly NeighborhoodShape Good = new(2, new GridShape(8, 9), 4, 2, 16, 8);
    private static readonly NeighborhoodPattern Fits = NeighborhoodPattern.Windows(3, 5);
    private static readonly NeighborhoodShape Ragged = NeighborhoodShape.Ragged([new(8, 9), new(4, 6)], 4, 2, 16);

    private static IEnumerable<TestCaseData> WrongLengths()
    {
        yield return Shape(Good with { Batch = -1 }, "Batch is -1: it must be at least 0.");
        yield return Shape(Good with { ExtraKeys = -3 }, "ExtraKeys is -3: it must be at least 0.");
        yield return Shape(Good with { QueryHeads = 0 }, "QueryHeads is 0: it must be at least 1.");
        yield return Shape(Good with { KeyValueHeads = 0 }, "KeyValueHeads is 0: it must be at least 1.");
        yield return Shape(Good with { HeadDim = -1 }, "HeadDim is -1: it must be at least 1.");
        yield return Shape(Good with { ValueHeadDim = 0 }, "ValueHeadDim is 0: it must be at least 1.");
        yield return Shape(Good with { Grid = new(8, 0) }, "Grid[1] is 0: it must be at least 1.");
        yield return Shape(Good with { KeyGrid = new(-2, 9) }, "KeyGrid[0] is -2: it must be at least 1.");
        yield return Shape(Ragged with { RaggedGrids = [new(8, 9), new(8, -9)] },
            "RaggedGrids[1][1] is -9: it must be at least 1.");
    }

    private static IEnumerable<TestCaseData> WrongShapes()
    {
        yield return Shape(Good with { QueryHeads = 5 },
            "QueryHeads is 5: it must be a multiple of KeyValueHeads, which is 2.");
        yield return Shape(Good with { Grid = default }, "Grid has no axes: a map has 1 to 3.");
        yield return Shape(Good with { KeyGrid = default(GridShape) }, "KeyGrid has no axes: a map has 1 to 3.");
        yield return Shape(Good with { KeyGrid = new(8) }, "KeyGrid has 1 axes, but Grid has 2: they must be as many.");
        yield return Shape(Ragged with { KeyGrid = new(8, 9) },
            "KeyGrid is set in a ragged batch: its maps serve queries and keys alike.");
        yield return Shape(Ragged with { Batch = 3 },
            "Batch is 3 and there are 2 RaggedGrids: they must be as many, at least one.");
        yield return Shape(NeighborhoodShape.Ragged([], 4, 2, 16),
            "Batch is 0 and there are 0 RaggedGrids: they must be as many, at least one.");
        yield return Shape(Ragged with { RaggedGrids = [new(8, 9), default] }, "RaggedGrids[1] has no axes: a map has 1 to 3.");
        yield return Shape(Ragged with { RaggedGrids = [new(8, 9), new(8)] },
            "RaggedGrids[1] has 1 axes, but RaggedGrids[0] has 2: they must be as many.");
        yield return Shape(Good with { Batch = int.MaxValue, Grid = new(65536, 65536) },
            "A tensor of batch 2147483647, map 65536x65536, heads 4/2, head dims 16/8 has 2361183240335310979072 bytes: "
            + "at most 2^63 - 1 are supported.");
    }

    private static IEnumerable<TestCaseData> WrongPatterns()
    {
        yield return On(NeighborhoodPattern.Windows(3),
            "The pattern 'windows 3' has 1 axes and the map 8x9 has 2: they must be as many.");
        yield return On(NeighborhoodPattern.Windows(3, 0), Misfit("windows 3 x 0", 1) + "the window is 0: it must be 1 or more.");
        yield return On(NeighborhoodPattern.Windows(new NeighborhoodAxis(3, 1, 0), 3),
            Misfit("windows 3 dilation 0 x 3", 0) + "the dilation is 0: it must be 1 or more.");
        yield return On(NeighborhoodPattern.Windows(new NeighborhoodAxis(3, 0), 3), Misfit("windows 3 stride 0 x 3", 0)
            + "the stride is 0: it must lie between 1 and the window, which is 3, or some keys would have no query.");
        yield return On(NeighborhoodPattern.Windows(new NeighborhoodAxis(3, 4), 3), Misfit("windows 3 stride 4 x 3", 0)
            + "the stride is 4: it must lie between 1 and the window, which is 3, or some keys would have no query.");
        yield return On(NeighborhoodPattern.Windows(new NeighborhoodAxis(3, Edge: (EdgeMode)7), 3),
            Misfit("windows 3 wrap x 3", 0) + "the edge mode is 7: it must be Shift, Clip or Wrap.");
        yield return On(NeighborhoodPattern.Windows(3, new NeighborhoodAxis(5, 1, 2)), Misfit("windows 3 x 5 dilation 2", 1)
            + "window 5 times dilation 2 is 10, more than the extent 9: make it smaller, or set "
            + "NeighborhoodOptions.ClampWindow.");
        yield return On(NeighborhoodPattern.Windows(int.MaxValue, 3), Misfit("windows 2147483647 x 3", 0)
            + "window 2147483647 times dilation 1 is 2147483647, more than the extent 8");
        yield return On(NeighborhoodPattern.Blocks(4, 2), Misfit("blocks 4 x 2", 1)
            + "the block is 2 and the extent 9: the block must divide it.");
        yield return On(NeighborhoodPattern.Blocks(0, 3), Misfit("blocks 0 x 3", 0) + "the block is 0: it must be 1 or more.");
        yield return On(NeighborhoodPattern.ShiftedBlocks([4, 3], [4, 0]), Misfit("blocks 4 x 3 shifted 4 x 0", 0)
            + "the shift is 4: it must lie between 0 and the block less one, which is 3.");
        yield return On(NeighborhoodPattern.ShiftedBlocks([4, 3], [0, -1]), Misfit("blocks 4 x 3 shifted 0 x -1", 1)
            + "the shift is -1: it must lie between 0 and the block less one, which is 2.");
        yield return On(NeighborhoodPattern.Halo([4, 3], [-1, 1]), Misfit("blocks 4 x 3 with halo -1 x 1", 0)
            + "the reach is -1: it must be 0 or more.");
        yield return On(NeighborhoodPattern.Halo([4, 4], [1, 1]), Misfit("blocks 4 x 4 with halo 1 x 1", 1)
            + "the block is 4 and the extent 9: the block must divide it.");
        yield return On(NeighborhoodPattern.Halo([4, 3], [3, 1], EdgeMode.Shift), Misfit("blocks 4 x 3 with halo 3 x 1", 0)
            + "window 10 times dilation 1 is 10, more than the extent 8");
        yield return On(NeighborhoodPattern.SlidingTiles([3, 3], [1, 1]), Misfit("sliding tiles 3 x 3, 1 x 1 in a window", 0)
            + "the block is 3 and the extent 8: the block must divide it.");

        static string Misfit(string pattern, int axis) => $"The pattern '{pattern}' does not fit the map 8x9: on axis {axis} ";
    }

    private static IEnumerable<TestCaseData> WrongOnTwoMaps()
    {
        yield return On(NeighborhoodPattern.Windows(new NeighborhoodAxis(3, 1, 2), 3),
            "the dilation is 2 where queries have extent 8 and keys 6: two different maps need dilation 1.");
        yield return On(NeighborhoodPattern.Blocks(2, 3),
            "queries have extent 8 and keys 6: blocks need one map for both.");
        yield return On(NeighborhoodPattern.Circular(3),
            "queries have extent 8 and keys 6: the pattern needs one map for both.");
    }

    private static IEnumerable<TestCaseData> WrongOptions()
    {
        yield return Options(new(Fits) { Scale = float.NaN }, "Scale is NaN: it must be finite (null means 1/sqrt(head dim)).");
        yield return Options(new(Fits) { Tuning = new() { MaxThreads = 0 } }, "MaxThreads is 0: it must be at least 1.");
        yield return Options(new(Fits) { HeadPatterns = [Fits, Fits] },
            "There are 2 HeadPatterns for 4 query heads: one for each is needed.");
        yield return Options(new(Fits) { HeadPatterns = [Fits, Fits, Fits, NeighborhoodPattern.Windows(9, 9)] },
            "The pattern 'windows 9 x 9' does not fit the map 8x9: on axis 0 window 9 times dilation 1 is 9");
        NeighborhoodPattern other = NeighborhoodPattern.Windows(3, 3);
        yield return Options(new(Fits) { RelativeBias = true, HeadPatterns = [Fits, Fits, Fits, other] },
            "RelativeBias is set and the windows of 'windows 3 x 5' and 'windows 3 x 3' differ: one table serves windows "
            + "of equal extents.");

        static TestCaseData Options(NeighborhoodOptions options, string message) =>
            new TestCaseData(options, message).SetArgDisplayNames(message);
    }

    private static IEnumerable<TestCaseData> Nulls()
    {
        yield return new TestCaseData(Good, null, null).SetArgDisplayNames("options");
        yield return new TestCaseData(null, new NeighborhoodOptions(Fits), null).SetArgDisplayNames("shape");
        yield return new TestCaseData(Good, new NeighborhoodOptions(null!), "Pattern is null: it is needed.")
            .SetArgDisplayNames("pattern");
        yield return new TestCaseData(Good, new NeighborhoodOptions(Fits) { Tuning = null! }, "Tuning is null: it is needed.")
            .SetArgDisplayNames("tuning");
        yield return new TestCaseData(Good, new NeighborhoodOptions(Fits) { HeadPatterns = [Fits, null!, Fits, Fits] },
            "HeadPatterns[1] is null: it is needed.").SetArgDisplayNames("head patterns");
    }

    [TestCaseSource(nameof(WrongLengths))]
    public void Lengths_out_of_range(NeighborhoodShape shape, string message) =>
        Assert.That(() => Create(shape), Throws.TypeOf<ArgumentOutOfRangeException>()
            .With.Message.StartsWith(message).And.Property("ParamName").EqualTo("shape"));

    [TestCaseSource(nameof(WrongShapes))]
    public void Shapes_that_contradict_themselves(NeighborhoodShape shape, string message) =>
        Assert.That(() => Create(shape), Throws.ArgumentException.With.Message.StartsWith(message)
            .And.Property("ParamName").EqualTo("shape"));

    [TestCaseSource(nameof(WrongPatterns))]
    public void Patterns_that_do_not_fit(NeighborhoodPattern pattern, string message) =>
        Assert.That(() => Create(Good, new(pattern)), Throws.ArgumentException.With.Message.StartsWith(message)
            .And.Property("ParamName").EqualTo("options"));

    [TestCaseSource(nameof(WrongOnTwoMaps))]
    public void Patterns_that_need_one_map(NeighborhoodPattern pattern, string message) =>
        Assert.That(() => Create(Good with { KeyGrid = new(6, 9) }, new(pattern)),
            Throws.ArgumentException.With.Message.StartsWith(
                $"The pattern '{pattern}' does not fit the map 6x9: on axis 0 {message}")
            .And.Property("ParamName").EqualTo("options"));

    [TestCaseSource(nameof(WrongOptions))]
    public void Options_that_break_a_rule(NeighborhoodOptions options, string message) =>
        Assert.That(() => Create(Good, options), Throws.ArgumentException.With.Message.StartsWith(message)
            .And.Property("ParamName").EqualTo("options"));

    [TestCaseSource(nameof(Nulls))]
    public void Nothing_needed_may_be_null(NeighborhoodShape? shape, NeighborhoodOptions? options, string? message) =>
        Assert.That(() => NeighborhoodProblem.Create(ElementType.Float32, shape!, options!),
            Throws.ArgumentNullException.With.Message.StartsWith(message ?? ""));

    [Test]
    public void The_element_type_must_be_one() =>
        Assert.That(() => NeighborhoodProblem.Create((ElementType)99, Good, new(Fits)),
            Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void Every_map_of_a_ragged_batch_must_fit() =>
        Assert.That(() => Create(Ragged, new(NeighborhoodPattern.Windows(5, 5))), Throws.ArgumentException
            .With.Message.StartsWith("The pattern 'windows 5 x 5' does not fit the map 4x6: on axis 0 window 5"));

    [Test]
    public void A_bias_needs_one_map() => Assert.Multiple(() =>
    {
        NeighborhoodOptions bias = new(Fits) { RelativeBias = true };
        Assert.That(() => Create(Good with { KeyGrid = new(4, 9) }, bias), Throws.ArgumentException.With.Message.StartsWith(
            "RelativeBias is set where queries lie on 8x9 and keys on 4x9: a bias by distance needs one map for both."));
        Assert.That(Create(Good with { KeyGrid = new(8, 9) }, bias).RelativeBiasLength, Is.EqualTo(4 * 5 * 9));
    });

    [Test]
    public void A_dilation_beyond_the_map_leaves_no_window_to_cut() =>
        Assert.That(() => Create(Good, new(NeighborhoodPattern.Windows(3, new NeighborhoodAxis(3, 1, 10)))
        {
            ClampWindow = true,
        }), Throws.ArgumentException.With.Message.Contains("window 3 times dilation 10 is 30, more than the extent 9"));

    [Test]
    public void Lengths_of_a_problem()
    {
        NeighborhoodProblem p = Create(Good with { ExtraKeys = 7, KeyGrid = new(4, 6) });
        NeighborhoodProblem ragged = Create(Ragged);
        Assert.Multiple(() =>
        {
            Assert.That((p.QueryLength, p.KeyLength, p.ValueLength, p.OutputLength, p.LseLength),
                Is.EqualTo((2L * 72 * 4 * 16, 2L * 24 * 2 * 16, 2L * 24 * 2 * 8, 2L * 72 * 4 * 8, 2L * 72 * 4)));
            Assert.That((p.ExtraKeyLength, p.ExtraValueLength, p.RelativeBiasLength),
                Is.EqualTo((2L * 7 * 2 * 16, 2L * 7 * 2 * 8, 0L)));
            Assert.That(p.Scale, Is.EqualTo(0.25f));
            Assert.That(Create(Good, new(Fits) { Scale = 0 }).Scale, Is.Zero);
            Assert.That((ragged.QueryLength, ragged.KeyLength), Is.EqualTo(((72L + 24) * 4 * 16, (72L + 24) * 2 * 16)));
            Assert.That($"{p.Shape}; {ragged.Shape}", Is.EqualTo("batch 2, map 8x9 on 4x6, heads 4/2, head dims 16/8, "
                + "7 extra keys; batch 2, map of 2 sizes, heads 4/2, head dims 16/16"));
        });
    }

    [Test]
    public void Offsets_beyond_32_bits()
    {
        NeighborhoodProblem picture = NeighborhoodProblem.Create(ElementType.Float16,
            new NeighborhoodShape(2, new GridShape(1217, 1216), 4, 4, 384),
            new(NeighborhoodPattern.Windows(new NeighborhoodAxis(7, 1, 3), 7)));
        MapProblem p = picture.Lowered;
        MapSection last = p.Maps[0].Sections.Single(s => s.QueryTokens.At(0, s.Queries.Y - 1, s.Queries.X - 1)
            == (1217 * 1216) - 1);
        long token = last.KeyTokens.At(0, last.Keys.Y - 1, last.Keys.X - 1);
        long offset = p.Strides.Key.Batch + (token * p.Strides.Key.Sequence) + (3 * p.Strides.Key.Head) + 383;
        Assert.Multiple(() =>
        {
            Assert.That(offset, Is.EqualTo(picture.KeyLength - 1).And.GreaterThan(1L << 32));
            Assert.That(p.LseOffset(1, token, 3), Is.EqualTo(picture.LseLength - 1));
        });

        // More than 2^31 tokens.
        NeighborhoodMap huge = Lowerings.Map(NeighborhoodPattern.Blocks(64, 64), new GridShape(65536, 65536));
        Assert.That(huge.Sections[0].KeyTokens.At(0, 65535, 65535), Is.EqualTo((1L << 32) - 1));
        Assert.That(huge.Pairs, Is.EqualTo((1L << 32) * 64 * 64));
        NeighborhoodMap ragged = NeighborhoodMap.Create(NeighborhoodPattern.Blocks(64, 64),
            NeighborhoodShape.Ragged([new(65536, 65536), new(64, 64)], 1, 1, 1), [0]);
        Assert.That(ragged.Sections[1].QueryTokens.At(0, 0, 1), Is.EqualTo((1L << 32) + 1));
        QueryTiles tiles = new(Lowerings.Map(NeighborhoodPattern.Blocks(1, 1), new GridShape(65536, 65536)).Sections,
            new Extents(1, 1, 1));
        Assert.That(tiles.Locate((1L << 32) - 1), Is.EqualTo((0, new Extents(0, 65535, 65535))));
    }

    private static NeighborhoodProblem Create(NeighborhoodShape shape, NeighborhoodOptions? options = null) =>
        NeighborhoodProblem.Create(ElementType.Float32, shape, options ?? new(Fits));

    private static TestCaseData Shape(NeighborhoodShape shape, string message) =>
        new TestCaseData(shape, message).SetArgDisplayNames(message);

    private static TestCaseData On(NeighborhoodPattern pattern, string message) =>
        new TestCaseData(pattern, message).SetArgDisplayNames(message);
}
