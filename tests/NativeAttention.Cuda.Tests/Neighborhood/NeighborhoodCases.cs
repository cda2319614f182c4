using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>What the neighborhood kernels are tried on: small, and awkward in every way that we could think of.</summary>
internal static class NeighborhoodCases
{
    public static readonly string[] Rungs = ["tiled", "reference"];

    private static readonly ElementType[] Types = Enum.GetValues<ElementType>();

    /// <summary>The patterns of the worked examples, and every other pattern there is.</summary>
    public static IEnumerable<NeighborhoodCase> Patterns() =>
        Forms().SelectMany((form, n) => Rungs.Select((rung, r) => Case(
            Types[(n + r) % 3], Shape(form.Grid, 24, 40), form.Pattern, rung, 100 + n)));

    /// <summary>Every combination of causal axes, with dilations whose classes have different lengths.</summary>
    public static IEnumerable<NeighborhoodCase> Causal() =>
        from rank in Enumerable.Range(1, 3)
        from bits in Enumerable.Range(0, 1 << rank)
        from extra in (int[])[0, 5]
        let grid = rank == 1 ? new GridShape(77) : rank == 2 ? new GridShape(13, 19) : new GridShape(5, 7, 11)
        let axes = Enumerable.Range(0, rank).Select(a => new NeighborhoodAxis(
            Window: a == 0 ? 2 : 3, Stride: a == 1 ? 2 : 1, Dilation: a == rank - 1 ? 3 : a + 1, Causal: (bits >> a & 1) == 1))
        select Case(Types[(bits + rank) % 3], Shape(grid, 16, 16, extra), PatternSpec.Windows([.. axes]), "tiled",
            (10 * rank) + bits);

    /// <summary>Each type at each size of module, smaller and odd head dims.</summary>
    public static IEnumerable<NeighborhoodCase> HeadDims() =>
        from type in Types
        from rung in Rungs
        from dims in ((int, int)[])[(1, 1), (3, 5), (20, 8), (32, 32), (33, 64), (64, 7), (72, 72), (128, 128), (127, 129),
            (8, 200), (256, 256)]
        select Case(type, new NeighborhoodShape(1, new GridShape(11, 14), 2, 1, dims.Item1, dims.Item2),
            PatternSpec.Windows(5, new(3, 2, 2)), rung, dims.Item1);

    /// <summary>What a problem may have besides: heads, extra keys, bias, scale, ragged and two maps.</summary>
    public static IEnumerable<NeighborhoodCase> Features() =>
        from type in Types
        from rung in Rungs
        from test in FeaturesOf(type, rung)
        select test;

    /// <summary>Fixed problems of the reference library at sizes that the emulator can hold.</summary>
    public static IEnumerable<NeighborhoodCase> Fixed()
    {
        (int[] Grid, NeighborhoodAxis[] Axes)[] problems =
        [
            ([256], [new(255, 82)]), ([128], [new(63, 31)]), ([128], [new(3, 2, 10)]), ([128], [new(8, 7, 5)]),
            ([128], [new(61, 33)]), ([256], [new(128, 127)]), ([256], [new(136, 136)]), ([64], [new(7)]), ([67], [new(9, 3)]),
            ([69], [new(23, 1, 3)]), ([125], [new(12, 5, 10)]), ([17], [new(16, 16)]),
            ([5, 25], [5, new(16, 16)]), ([84, 19], [new(7, 1, 5), 3]), ([19, 29], [new(8, 1, 2), new(8, 1, 3)]),
            ([67, 80], [new(12, 8, 5), new(7, 4, 11)]), ([48, 17], [new(24, 1, 2), 16]), ([33, 33], [24, 16]),
            ([8, 8], [8, 8]), ([16, 16], [new(16, 12), new(16, 13)]),
            ([32, 10, 10], [new(7, 5), new(3, 1, 2), new(3, 1, 3)]),
            ([13, 11, 9], [new(3, 2, 3), new(4, 3, 2), new(3, 3, 2)]), ([8, 4, 8], [7, 3, 7]),
            ([30, 48, 18], [new(3, 1, 8), new(2, 1, 18), new(8, 1, 2)]),
        ];
        return problems.Select((problem, n) => Case(Types[n % 3],
            new NeighborhoodShape(1, GridShape.Of(problem.Grid), 1, 1, n % 2 == 0 ? 32 : 8), PatternSpec.Windows(problem.Axes),
            "tiled", 300 + n));
    }

    /// <summary>Random problems of a rank; the case's name says everything.</summary>
    public static IEnumerable<NeighborhoodCase> Random(int rank, int count)
    {
        int longest = rank == 1 ? 400 : rank == 2 ? 40 : 14;
        for (int seed = 0; seed < count; seed++)
        {
            System.Random random = new((rank * 100_000) + seed);
            int[] grid = [.. Enumerable.Range(0, rank).Select(_ => random.Next(1, longest))];
            NeighborhoodAxis[] axes = [.. grid.Select(length => Axis(random, length))];
            int heads = random.Next(1, 4), group = random.Next(1, 3);
            NeighborhoodShape shape = new(random.Next(1, 3), GridShape.Of(grid), heads * group, heads,
                random.Next(1, 80), random.Next(1, 80))
            {
                ExtraKeys = random.Next(3) == 0 ? random.Next(1, 70) : 0,
            };
            yield return Case(Types[random.Next(3)], shape, PatternSpec.Windows(axes), "tiled", seed,
                bias: random.Next(4) == 0);
        }
    }

    /// <summary>A case with what most do not have left out.</summary>
    public static NeighborhoodCase Case(ElementType type, NeighborhoodShape shape, PatternSpec pattern, string rung,
        int seed, bool bias = false) =>
        new(type, shape, pattern, seed) { Tuning = new TuningHints { Rung = rung }, RelativeBias = bias };

    private static NeighborhoodShape Shape(GridShape grid, int dim, int valueDim, int extra = 0) =>
        new(2, grid, 2, 1, dim, valueDim) { ExtraKeys = extra };

    private static NeighborhoodAxis Axis(System.Random random, int length)
    {
        int window = random.Next(1, length + 1);
        return new NeighborhoodAxis(window, random.Next(1, window + 1), random.Next(1, (length / window) + 1),
            random.Next(2) == 0, (EdgeMode)random.Next(3));
    }

    private static IEnumerable<(GridShape Grid, PatternSpec Pattern)> Forms()
    {
        (int Length, NeighborhoodAxis Axis)[] lines =
        [
            (7, 3), (7, new(3, 1, 2)), (7, new(3, 1, 2, true)), (8, 4), (8, new(4, 2)), (8, new(5, 2)), (8, new(4, 3)),
            (9, new(4, 4)), (8, new(4, 2, 1, true)), (7, new(4, 3, 1, true)), (10, new(3, 2, 3)), (10, new(2, 2, 3)), (6, 2),
            (1, 1), (100, 1), (100, 100), (99, new(33, 1, 3)), (150, new(64, 64)), (131, new(131, 40)),
            (90, new(21, 1, 1, false, EdgeMode.Clip)), (90, new(21, 1, 1, false, EdgeMode.Wrap)),
            (13, new(13, 1, 1, false, EdgeMode.Wrap)), (95, new(20, 4, 2, true, EdgeMode.Wrap)), (5, new(5, 1, 1, true, EdgeMode.Wrap)),
        ];
        foreach ((int length, NeighborhoodAxis axis) in lines)
        {
            yield return (new GridShape(length), PatternSpec.Windows(axis));
        }

        yield return (new GridShape(4, 5), PatternSpec.Windows(3, 3));
        yield return (new GridShape(4, 5), PatternSpec.Windows(new(3, 2), new(3, 2)));
        yield return (new GridShape(4, 5), PatternSpec.Windows(new(2, 1, 2), 3));
        yield return (new GridShape(4, 5), PatternSpec.Windows(new(3, 1, 1, true), new(2, 1, 2)));
        yield return (new GridShape(33, 37), PatternSpec.Windows(7, 7));
        yield return (new GridShape(1, 50), PatternSpec.Windows(1, 9));
        yield return (new GridShape(50, 1), PatternSpec.Windows(9, 1));
        yield return (new GridShape(1, 9, 1), PatternSpec.Windows(1, 4, 1));
        yield return (new GridShape(20, 22), PatternSpec.Windows(new(5, 1, 1, false, EdgeMode.Wrap), new(7, 1, 3, false, EdgeMode.Clip)));
        yield return (new GridShape(6, 9, 10), PatternSpec.Windows(3, 4, new(5, 2, 2, false, EdgeMode.Wrap)));
        yield return (new GridShape(12, 16), PatternSpec.Blocks(4, 8));
        yield return (new GridShape(14, 21), PatternSpec.ShiftedBlocks([7, 7], [3, 4]));
        yield return (new GridShape(12, 18), PatternSpec.Halo([4, 6], [1, 2]));
        yield return (new GridShape(12, 18), PatternSpec.Halo([4, 6], [1, 2], EdgeMode.Shift));
        yield return (new GridShape(18, 24), PatternSpec.SlidingTiles([6, 8], [3, 1]));
        yield return (new GridShape(4, 8, 12), PatternSpec.SlidingTiles([2, 4, 4], [1, 1, 3]));
        yield return (new GridShape(200), PatternSpec.SlidingWindow(31, 0));
        yield return (new GridShape(200), PatternSpec.SlidingWindow(10, 3));
        yield return (new GridShape(19, 23), PatternSpec.Circular(1));
        yield return (new GridShape(19, 23), PatternSpec.Circular(4));
        yield return (new GridShape(41, 40), PatternSpec.Circular(16.5));
    }

    private static IEnumerable<NeighborhoodCase> FeaturesOf(ElementType type, string rung)
    {
        PatternSpec windows = PatternSpec.Windows(5, new(3, 1, 2));
        NeighborhoodShape shape = new(2, new GridShape(9, 13), 4, 2, 32, 24);
        TuningHints tuning = new() { Rung = rung };
        yield return Case(type, shape with { ExtraKeys = 1 }, windows, rung, 1);
        yield return Case(type, shape with { ExtraKeys = 77, HeadDim = 20 }, windows, rung, 2);
        yield return Case(type, shape with { ExtraKeys = 70 }, PatternSpec.Windows(new(5, 2, 1, true), new(3, 3, 4)), rung, 3);
        yield return Case(type, shape, windows, rung, 4, bias: true);
        yield return Case(type, shape with { ExtraKeys = 9 }, PatternSpec.Windows(9, new(13, 1, 1, false, EdgeMode.Wrap)), rung,
            5, bias: true);
        yield return Case(type, new NeighborhoodShape(1, new GridShape(30, 31), 2, 2, 16), PatternSpec.Circular(5), rung, 6,
            bias: true);
        yield return Case(type, shape with { KeyValueHeads = 1 }, windows, rung, 7);
        yield return new(type, shape, windows, 8) { Scale = -0.7f, Tuning = tuning };
        yield return new(type, shape, windows, 9) { Scale = 0, Tuning = tuning };
        yield return new(type, shape with { ExtraKeys = 3 }, windows, 10) { Scale = 0.6931472f, RelativeBias = true, Tuning = tuning };
        yield return new(type, shape, windows, 11) { QueryFactor = 30, Tuning = tuning };
        yield return Case(type, shape with { KeyGrid = new GridShape(20, 6) }, PatternSpec.Windows(5, new(4, 2)), rung, 12);
        yield return Case(type, shape with { KeyGrid = new GridShape(3, 30), ExtraKeys = 6 },
            PatternSpec.Windows(new(3, 1, 1, true), 11), rung, 13);
        NeighborhoodShape ragged = NeighborhoodShape.Ragged(
            [new GridShape(9, 7), new GridShape(5, 21), new GridShape(6, 6), new GridShape(17, 40)], 2, 1, 40, 32);
        yield return Case(type, ragged, windows, rung, 14);
        yield return Case(type, ragged with { ExtraKeys = 11 }, windows, rung, 15, bias: true);
        yield return new(type, shape with { ExtraKeys = 2 }, windows, 16)
        {
            HeadPatterns = [windows, PatternSpec.Windows(9, 13), windows, PatternSpec.Windows(new(2, 2), 1)],
            Tuning = tuning,
        };
        yield return new(type, shape, PatternSpec.Windows(50, new(20, 20, 3)), 17) { ClampWindow = true, Tuning = tuning };
    }
}
