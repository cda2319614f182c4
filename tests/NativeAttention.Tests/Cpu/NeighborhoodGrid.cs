using NativeAttention.Testing;
using NativeAttention.Tests.Neighborhood;

namespace NativeAttention.Tests.Cpu;

/// <summary>Problems of neighborhood attention that every rung and width must get right.</summary>
internal static class NeighborhoodGrid
{
    /// <summary>Every pattern, on awkward maps, with groups and another value dim.</summary>
    public static IEnumerable<NeighborhoodCase> Patterns(ElementType type) => PatternGrid.All().Select((p, n) =>
        new NeighborhoodCase(type, new(1 + (n % 2), p.Queries, 4, 1 + (n % 2), 5 + (n % 9), 3 + (n % 20))
        {
            KeyGrid = p.Keys,
        }, p.Pattern, 100 + n));

    /// <summary>Every causal combination, with dilation classes of different lengths and extra keys, and without.</summary>
    public static IEnumerable<NeighborhoodCase> Causal(ElementType type) =>
        from rank in Enumerable.Range(1, 3)
        from causal in Enumerable.Range(0, 1 << rank)
        from dilated in new[] { false, true }
        from extra in new[] { 0, 5 }
        let axes = Enumerable.Range(0, rank).Select(axis => new NeighborhoodAxis(3 + (axis % 2), 1 + (axis % 3),
            dilated ? 2 + (axis % 2) : 1, (causal >> axis & 1) == 1)).ToArray()
        select new NeighborhoodCase(type, new(1, rank switch
        {
            1 => new(23),
            2 => new(11, 21),
            _ => new(7, 13, 11),
        }, 2, 1, 9, 17)
        {
            ExtraKeys = extra,
        }, PatternSpec.Windows(axes), 200 + causal);

    /// <summary>Head dims around the vectors, on a map of several tiles whose extents are multiples of nothing.</summary>
    public static IEnumerable<NeighborhoodCase> HeadDims(ElementType type) =>
        from dims in new[] { (1, 1), (3, 16), (16, 33), (40, 64), (64, 80), (128, 127), (200, 5) }
        select new NeighborhoodCase(type, new(1, new(19, 37), 2, 2, dims.Item1, dims.Item2),
            PatternSpec.Windows(7, 5), 300 + dims.Item1);

    /// <summary>What else a problem may have.</summary>
    public static IEnumerable<NeighborhoodCase> Options(ElementType type)
    {
        PatternSpec pattern = PatternSpec.Windows(new NeighborhoodAxis(5, 2), new NeighborhoodAxis(4, 1, 2));
        NeighborhoodShape shape = new(2, new(13, 22), 6, 2, 12, 20);
        yield return new(type, shape, pattern, 401) { RelativeBias = true };
        yield return new(type, shape with { ExtraKeys = 77 }, pattern, 402) { RelativeBias = true };
        yield return new(type, shape, pattern, 403) { Scale = 0 };
        yield return new(type, shape, pattern, 404) { Scale = -0.7f };
        yield return new(type, shape, PatternSpec.Windows(40, 40), 405) { ClampWindow = true };
        yield return new(type, shape, pattern, 406)
        {
            HeadPatterns = [pattern, PatternSpec.Circular(3.5), pattern, PatternSpec.Windows(13, 1),
                PatternSpec.Windows(1, 22), PatternSpec.Circular(3.5)],
        };
        yield return new(type, NeighborhoodShape.Ragged([new(9, 4), new(1, 1), new(5, 35), new(17, 2)], 4, 1, 8)
            with
        { ExtraKeys = 3 }, PatternSpec.Windows(5, 3), 407)
        {
            ClampWindow = true,
            RelativeBias = true,
        };
        yield return new(type, shape with { KeyGrid = new(26, 11) }, PatternSpec.Windows(5, 6), 408);
        yield return new(type, shape with { KeyGrid = new(3, 70), ExtraKeys = 2 }, PatternSpec.Windows(2, 33), 409);
        yield return new(type, shape, PatternSpec.Circular(6.5), 410) { RelativeBias = true };
        yield return new(type, shape, PatternSpec.Circular(30), 411);
        yield return new(type, shape, pattern, 412) { QueryFactor = 20 };
        yield return new(type, new(0, new(4, 4), 2, 2, 8), PatternSpec.Windows(3, 3), 413);
    }

    /// <summary>Windows at their limits, and windows whose scores fit into no scratch memory at once.</summary>
    public static IEnumerable<NeighborhoodCase> Limits(ElementType type)
    {
        yield return On(new(9, 18), 1, 1);
        yield return On(new(9, 18), new NeighborhoodAxis(3, 3), new NeighborhoodAxis(6, 6));
        yield return On(new(9, 18), 9, 18);
        yield return On(new(9, 18), new NeighborhoodAxis(3, 1, 3), new NeighborhoodAxis(2, 2, 9));
        yield return On(new(1, 1, 40), 1, 1, 7);
        yield return On(new(40, 1, 1), 7, 1, 1);
        yield return On(new(3, 30, 2), 3, 5, 1);
        yield return On(new(33, 40), 31, 38);
        yield return On(new(20, 40), new NeighborhoodAxis(19, Edge: EdgeMode.Wrap), new NeighborhoodAxis(40, Edge: EdgeMode.Wrap));
        yield return On(new(8, 9, 20), 7, 8, 13);
        yield return On(new(700), 333);
        yield return On(new(500), new NeighborhoodAxis(200, 7, 2, true));

        NeighborhoodCase On(GridShape grid, params NeighborhoodAxis[] axes) =>
            new(type, new(1, grid, 2, 1, 10, 6), PatternSpec.Windows(axes), 500);
    }

    /// <summary>The fixed problems of the reference library that are small enough, with all causal combinations.</summary>
    public static IEnumerable<NeighborhoodCase> Fixed(ElementType type)
    {
        (GridShape, NeighborhoodAxis[])[] problems =
        [
            (new(67), [new(16)]), (new(125), [new(3, 2, 10)]), (new(17), [new(17)]),
            (new(255), [new(82, 1, 1)]), (new(128), [new(31, 7, 3)]), (new(128), [new(7, 5, 8)]), (new(256), [new(128, 127)]),
            (new(5, 25), [new(5), new(16, 16)]), (new(84, 19), [new(7, 5), new(3)]),
            (new(19, 29), [new(8, 1, 2), new(8, 1, 3)]), (new(67, 80), [new(12, 8, 5), new(7, 4, 11)]),
            (new(33, 33), [new(24), new(16)]), (new(16, 16), [new(16, 12), new(16, 13)]),
            (new(32, 10, 10), [new(7, 5), new(3, 1, 2), new(3, 1, 3)]),
            (new(13, 11, 9), [new(3, 2, 3), new(4, 3, 2), new(3, 3, 2)]), (new(8, 4, 8), [new(7), new(3), new(7)]),
        ];
        foreach ((int n, (GridShape grid, NeighborhoodAxis[] axes)) in problems.Index())
        {
            for (int causal = 0; causal < 1 << axes.Length; causal++)
            {
                yield return new(type, new(1, grid, 1, 1, 8),
                    PatternSpec.Windows([.. axes.Select((axis, a) => axis with { Causal = (causal >> a & 1) == 1 })]), 600 + n);
            }
        }
    }

    /// <summary>A random problem; the seed says all.</summary>
    public static NeighborhoodCase Random(ElementType type, int rank, int seed, int mostTokens)
    {
        Random random = new(seed);
        int[] extents = new int[rank];
        do
        {
            for (int a = 0; a < rank; a++)
            {
                extents[a] = random.Next(1, rank == 1 ? 400 : rank == 2 ? 50 : 20);
            }
        }
        while (extents.Aggregate(1, (product, extent) => product * extent) > mostTokens);
        NeighborhoodAxis[] axes = [.. extents.Select(extent =>
        {
            int window = random.Next(1, Math.Min(extent, 24) + 1);
            return new NeighborhoodAxis(window, random.Next(1, window + 1), random.Next(1, (extent / window) + 1),
                random.Next(2) == 0, (EdgeMode)random.Next(3));
        })];
        int keyHeads = random.Next(1, 3);
        return new(type, new(random.Next(1, 3), GridShape.Of(extents), keyHeads * random.Next(1, 4), keyHeads,
            random.Next(1, 40), random.Next(1, 40))
        {
            ExtraKeys = random.Next(3) == 0 ? random.Next(1, 100) : 0,
        }, PatternSpec.Windows(axes), seed)
        {
            RelativeBias = random.Next(3) == 0,
        };
    }
}
