using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Backward of neighborhood attention of the shipped PTX against float64: every kind of pattern, on maps that are no
/// multiples of tiles. A second run of some must give the same bits; the case's name holds its seed.
/// </summary>
public sealed class NeighborhoodBackwardTests : BackwardFixture
{
    // A map and what is seen on it.
    private static readonly (GridShape Grid, PatternSpec Pattern)[] Patterns =
    [
        (new(1), PatternSpec.Windows(1)),
        (new(67), PatternSpec.Windows(7)),
        (new(69), PatternSpec.Windows(new NeighborhoodAxis(8, Stride: 3))),
        (new(125), PatternSpec.Windows(new NeighborhoodAxis(5, Dilation: 10))),
        (new(70), PatternSpec.Windows(new NeighborhoodAxis(9, Stride: 2, Dilation: 3, Causal: true))),
        (new(50), PatternSpec.Windows(new NeighborhoodAxis(50, Causal: true))),
        (new(61), PatternSpec.Windows(new NeighborhoodAxis(13, Edge: EdgeMode.Clip))),
        (new(61), PatternSpec.Windows(new NeighborhoodAxis(13, Edge: EdgeMode.Wrap))),
        (new(60), PatternSpec.SlidingWindow(9, 4)),
        (new(11, 13), PatternSpec.Windows(3, 5)),
        (new(19, 9), PatternSpec.Windows(new NeighborhoodAxis(7, Stride: 5), new NeighborhoodAxis(3, Dilation: 2))),
        (new(12, 10), PatternSpec.Windows(new NeighborhoodAxis(4, Causal: true), new NeighborhoodAxis(10))),
        (new(9, 14), PatternSpec.Windows(new NeighborhoodAxis(4, Edge: EdgeMode.Wrap),
            new NeighborhoodAxis(5, Edge: EdgeMode.Wrap))),
        (new(12, 8), PatternSpec.Blocks(4, 4)),
        (new(12, 8), PatternSpec.ShiftedBlocks([4, 4], [2, 1])),
        (new(12, 12), PatternSpec.Halo([4, 4], [1, 1])),
        (new(12, 8), PatternSpec.SlidingTiles([4, 4], [3, 1])),
        (new(13, 11), PatternSpec.Circular(3.5)),
        (new(5, 6, 7), PatternSpec.Windows(3, 3, 3)),
        (new(8, 5, 9), PatternSpec.Windows(new NeighborhoodAxis(3, Dilation: 2), new NeighborhoodAxis(4, Stride: 3),
            new NeighborhoodAxis(3, Causal: true, Dilation: 3))),
    ];

    public static IEnumerable<PairCase> EveryPattern() =>
        from type in Enum.GetValues<ElementType>()
        from rung in Rungs
        from map in Patterns.Select((each, n) => (each.Grid, each.Pattern, n))
        where Takes(rung, type, map.n)
        select new NeighborhoodCase(type, new NeighborhoodShape(2, map.Grid, 2, 1, map.n % 3 == 0 ? 24 : 9, 16),
            map.Pattern, seed: 500 + map.n)
        {
            LseGradient = map.n % 2 == 0,
            Tuning = On(rung),
        };

    // The same with everything that goes beside a map.
    public static IEnumerable<PairCase> WithExtras() =>
        from type in Enum.GetValues<ElementType>()
        from rung in Rungs
        from map in Patterns.Select((each, n) => (each.Grid, each.Pattern, n))
        where Takes(rung, type, map.n) && (map.n % 2 == (type == ElementType.Float32 ? 0 : 1) || map.n == 17)
        select new NeighborhoodCase(type,
            new NeighborhoodShape(2, map.Grid, 4, 2, 16, 16) { ExtraKeys = 1 + (map.n * 7) }, map.Pattern,
            seed: 600 + map.n)
        {
            RelativeBias = map.Pattern.BiasEntries < 200,
            Tuning = On(rung),
        };

    public static IEnumerable<PairCase> Others() =>
        from type in Enum.GetValues<ElementType>()
        from rung in Rungs
        from test in OtherCases(type, On(rung))
        select test;

    [TestCaseSource(nameof(EveryPattern))]
    [TestCaseSource(nameof(WithExtras))]
    [TestCaseSource(nameof(Others))]
    public void Gradients_are_those_of_float64(PairCase test) => Run(test);

    private static IEnumerable<PairCase> OtherCases(ElementType type, TuningHints tuning)
    {
        PatternSpec window = PatternSpec.Windows(3, 3);
        yield return new NeighborhoodCase(type,
            NeighborhoodShape.Ragged([new(5, 7), new(3, 3), new(9, 6)], 4, 2, 16) with { ExtraKeys = 5 },
            PatternSpec.Windows(new NeighborhoodAxis(3), new NeighborhoodAxis(2, Dilation: 1)), seed: 701)
        {
            RelativeBias = true,
            LseGradient = true,
            Tuning = tuning,
        };
        yield return new NeighborhoodCase(type, new NeighborhoodShape(1, new(9, 10), 4, 2, 16) { ExtraKeys = 3 }, window,
            seed: 702)
        {
            HeadPatterns = [window, window, PatternSpec.Windows(new NeighborhoodAxis(3, Dilation: 2), new NeighborhoodAxis(3)),
                PatternSpec.Windows(new NeighborhoodAxis(3, Dilation: 2), new NeighborhoodAxis(3))],
            RelativeBias = true,
            Tuning = tuning,
        };
        yield return new NeighborhoodCase(type,
            new NeighborhoodShape(2, new(10, 9), 2, 2, 16) { KeyGrid = new GridShape(5, 7) }, window, seed: 703)
        {
            Tuning = tuning,
        };
        yield return new NeighborhoodCase(type, new NeighborhoodShape(0, new(4, 4), 2, 2, 16), window, seed: 704)
        {
            Tuning = tuning,
        };
    }
}
