using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu.Backward;

/// <summary>Problems with gradients: awkward lengths, head dims, groups, layouts, and every kind of pattern.</summary>
internal static class BackwardCases
{
    /// <summary>Every pair of some lengths under every mask; head dims, groups and layouts rotate through.</summary>
    public static IEnumerable<DenseBackwardCase> Lengths(ElementType type) => Plain(AttentionGrid.LengthPairs(type));

    /// <summary>Every head dim, most with another value head dim.</summary>
    public static IEnumerable<DenseBackwardCase> HeadDims(ElementType type) => Plain(AttentionGrid.EveryHeadDim(type))
        .Concat(
        [
            new(type, new(1, 20, 41, 2, 1, 256, 192), AttentionOptions.Causal, seed: 61),
            new(type, new(1, 41, 20, 1, 1, 40, 256), seed: 62),
        ]);

    /// <summary>Windows, offsets, scales, more queries than keys, and gradients of the log-sum-exp.</summary>
    public static IEnumerable<DenseBackwardCase> Bands(ElementType type) => Plain(AttentionGrid.Bands(type)
        .Concat(AttentionGrid.Scales(type))).Concat(
        [
            new(type, new(2, 150, 70, 6, 2, 24, 17), AttentionOptions.Causal, seed: 63) { LseGradient = true },
            new(type, new(1, 70, 150, 8, 1, 16), seed: 64) { LseGradient = true, GradientFactor = 0.05 },
            new(type, new(1, 65, 130, 5, 5, 9, 33), AttentionOptions.Causal with { DiagonalOffset = -30 }, seed: 65)
            {
                LseGradient = true,
            },
        ]);

    /// <summary>Every kind of pattern on maps of one to three axes.</summary>
    public static IEnumerable<NeighborhoodCase> Patterns(ElementType type)
    {
        int seed = 100;
        NeighborhoodCase One(NeighborhoodShape shape, PatternSpec pattern) => new(type, shape, pattern, ++seed);

        yield return One(new(1, new GridShape(133), 2, 1, 20, 12), PatternSpec.Windows(7));
        yield return One(new(2, new GridShape(67), 2, 2, 8), PatternSpec.Windows(new NeighborhoodAxis(8, 3, 2, true)));
        yield return One(new(1, new GridShape(69), 1, 1, 17), PatternSpec.Windows(
            new NeighborhoodAxis(9, Edge: EdgeMode.Wrap)));
        yield return One(new(1, new GridShape(5), 3, 1, 8), PatternSpec.Windows(
            new NeighborhoodAxis(5, Edge: EdgeMode.Wrap)));
        yield return One(new(1, new GridShape(90), 1, 1, 8), PatternSpec.SlidingWindow(13, 4));
        yield return One(new(1, new GridShape(19, 29), 2, 1, 16, 8), PatternSpec.Windows(7, 5));
        yield return One(new(1, new GridShape(19, 29), 2, 1, 8), PatternSpec.Windows(
            new NeighborhoodAxis(8, Dilation: 2), new NeighborhoodAxis(8, 3, 3)));
        yield return One(new(2, new GridShape(13, 17), 1, 1, 9), PatternSpec.Windows(
            new NeighborhoodAxis(5, Causal: true), new NeighborhoodAxis(6, 2)));
        yield return One(new(1, new GridShape(14, 9), 2, 2, 8), PatternSpec.Windows(
            new NeighborhoodAxis(4, Edge: EdgeMode.Wrap), new NeighborhoodAxis(5, 2, Edge: EdgeMode.Clip)));
        yield return One(new(1, new GridShape(12, 18), 2, 1, 8), PatternSpec.Windows(
            new NeighborhoodAxis(5, Dilation: 2, Causal: true, Edge: EdgeMode.Wrap),
            new NeighborhoodAxis(6, 3, Edge: EdgeMode.Wrap)));
        yield return One(new(1, new GridShape(12, 18), 2, 1, 16), PatternSpec.Blocks(4, 6));
        yield return One(new(1, new GridShape(14, 14), 3, 3, 8), PatternSpec.ShiftedBlocks([7, 7], [3, 4]));
        yield return One(new(1, new GridShape(12, 16), 2, 1, 8), PatternSpec.Halo([4, 4], [1, 3]));
        yield return One(new(1, new GridShape(12, 16), 2, 1, 8), PatternSpec.Halo([4, 4], [2, 1], EdgeMode.Shift));
        yield return One(new(1, new GridShape(12, 20), 1, 1, 8), PatternSpec.SlidingTiles([4, 4], [3, 3]));
        yield return One(new(1, new GridShape(21, 17), 2, 1, 8), PatternSpec.Circular(4.5));
        yield return One(new(1, new GridShape(9, 31), 1, 1, 8), PatternSpec.Circular(1));
        yield return One(new(1, new GridShape(7, 9, 11), 2, 1, 8), PatternSpec.Windows(3, 4, 5));
        yield return One(new(1, new GridShape(13, 11, 9), 1, 1, 5), PatternSpec.Windows(new NeighborhoodAxis(3, 2, 3),
            new NeighborhoodAxis(4, 3, 2, true), new NeighborhoodAxis(3, 3, 2)));
        yield return One(new(1, new GridShape(1, 1, 40), 2, 1, 8), PatternSpec.Windows(1, 1, 6));
        yield return One(new(2, new GridShape(8, 12), 2, 1, 8) { KeyGrid = new GridShape(5, 30) },
            PatternSpec.Windows(3, 7));
        yield return One(NeighborhoodShape.Ragged([new(9, 12), new(5, 5), new(17, 6)], 4, 2, 8, 12),
            PatternSpec.Windows(5, new NeighborhoodAxis(3, 2)));
        yield return new NeighborhoodCase(type, new(1, new GridShape(9, 40), 4, 2, 8), PatternSpec.Windows(3, 3), ++seed)
        {
            HeadPatterns = [PatternSpec.Windows(3, 5), PatternSpec.Windows(3, 5),
                PatternSpec.Windows(4, new NeighborhoodAxis(7, 3)), PatternSpec.Windows(4, new NeighborhoodAxis(7, 3))],
            LseGradient = true,
        };
        yield return new NeighborhoodCase(type, new(1, new GridShape(5, 7), 2, 2, 8), PatternSpec.Windows(7, 9), ++seed)
        {
            ClampWindow = true,
        };
    }

    /// <summary>Additional keys, biases, and both.</summary>
    public static IEnumerable<NeighborhoodCase> Extras(ElementType type)
    {
        int seed = 200;
        NeighborhoodAxis[][] axes =
        [
            [new(7)], [new(5, 2, 2, true)], [new(6, Edge: EdgeMode.Wrap)], [new(5), new(3, 2)],
            [new(4, Dilation: 2), new(5, Causal: true)], [new(3), new(2, Dilation: 2), new(4, 2, Edge: EdgeMode.Clip)],
        ];
        foreach (NeighborhoodAxis[] each in axes)
        {
            GridShape grid = each.Length == 1 ? new(83) : each.Length == 2 ? new(11, 13) : new(5, 6, 9);
            foreach ((int extra, bool bias) in new[] { (3, false), (0, true), (70, true) })
            {
                yield return new NeighborhoodCase(type, new(2, grid, 4, 2, 12, 8) { ExtraKeys = extra },
                    PatternSpec.Windows(each), ++seed)
                { RelativeBias = bias, LseGradient = bias };
            }
        }

        yield return new NeighborhoodCase(type,
            NeighborhoodShape.Ragged([new(9, 8), new(4, 4), new(7, 11)], 2, 1, 8) with { ExtraKeys = 5 },
            PatternSpec.Windows(3, 4), ++seed)
        { RelativeBias = true };
        yield return new NeighborhoodCase(type, new(1, new GridShape(14, 14), 3, 3, 8),
            PatternSpec.ShiftedBlocks([7, 7], [3, 3]), ++seed)
        { RelativeBias = true };
        yield return new NeighborhoodCase(type, new(3, new GridShape(12, 14), 2, 2, 8) { ExtraKeys = 9 },
            PatternSpec.Circular(3.2), ++seed)
        { RelativeBias = true };
    }

    /// <summary>Some of everything.</summary>
    public static IEnumerable<PairCase> Mixed(ElementType type) =>
    [
        .. Lengths(type).Where((_, n) => n % 9 == (int)type), .. HeadDims(type).Where((_, n) => n % 5 == (int)type),
        .. Patterns(type), .. Extras(type).Where((_, n) => n % 3 != (int)type),
    ];

    private static IEnumerable<DenseBackwardCase> Plain(IEnumerable<AttentionCase> cases) => cases
        .Where(c => c.Inputs == InputKind.Normal)
        .Select(c => new DenseBackwardCase(c.ElementType, c.Shape, c.Options, c.Seed))
        .Where(c => CpuBackend.Default.CanRunBackward(c.Problem, out _));
}
