using NativeAttention.Testing;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>Small problems of every pattern, on awkward maps.</summary>
internal static class PatternGrid
{
    public static IEnumerable<(PatternSpec Pattern, GridShape Queries, GridShape? Keys)> All()
    {
        foreach (EdgeMode edge in Enum.GetValues<EdgeMode>())
        {
            foreach (bool causal in new[] { false, true })
            {
                NeighborhoodAxis odd = new(5, 2, 2, causal, edge), even = new(4, 3, 1, causal, edge);
                yield return (PatternSpec.Windows(odd), new(13), null);
                yield return (PatternSpec.Windows(even), new(4), null);
                yield return (PatternSpec.Windows(even, odd), new(7, 11), null);
                yield return (PatternSpec.Windows(odd, 1, even), new(10, 3, 5), null);
                yield return (PatternSpec.Windows(even), new(7), new(16));
                yield return (PatternSpec.Windows(even, 3), new(9, 3), new(5, 8));
            }

            yield return (PatternSpec.Windows(new NeighborhoodAxis(1, Edge: edge)), new(1), null);
            yield return (PatternSpec.Halo([3], [2], edge), new(12), null);
            yield return (PatternSpec.Halo([2, 4], [0, 2], edge), new(6, 8), null);
        }

        yield return (PatternSpec.Windows(new NeighborhoodAxis(2, 1, 3), new NeighborhoodAxis(3, 3, 2)), new(7, 6), null);
        yield return (PatternSpec.Blocks(4), new(12), null);
        yield return (PatternSpec.Blocks(2, 3, 1), new(4, 6, 3), null);
        yield return (PatternSpec.ShiftedBlocks([4, 5], [2, 0]), new(8, 10), null);
        yield return (PatternSpec.ShiftedBlocks([3], [2]), new(3), null);
        yield return (PatternSpec.SlidingTiles([3], [3]), new(15), null);
        yield return (PatternSpec.SlidingTiles([2, 4], [3, 1]), new(8, 4), null);
        yield return (PatternSpec.Circular(1), new(3, 4), null);
        yield return (PatternSpec.Circular(2.5), new(9, 2), null);
        yield return (PatternSpec.Circular(4), new(7, 11), null);
        yield return (PatternSpec.SlidingWindow(3, 0), new(9), null);
        yield return (PatternSpec.SlidingWindow(2, 30), new(9), null);
        yield return (PatternSpec.SlidingWindow(0, 0), new(3), null);
    }
}
