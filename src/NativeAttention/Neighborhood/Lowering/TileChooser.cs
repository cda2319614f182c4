namespace NativeAttention.Neighborhood;

/// <summary>Chooses the boxes of tiles of given sizes that make a kernel visit the fewest pairs.</summary>
internal static class TileChooser
{
    /// <summary>
    /// The boxes of <paramref name="queries"/> and <paramref name="keys"/> tokens with extents that are powers of
    /// two, by the fewest visited pairs of tiles, then by the most full ones.
    /// </summary>
    /// <param name="map">The lowered pattern.</param>
    /// <param name="queries">Tokens of a query tile: a power of two.</param>
    /// <param name="keys">Tokens of a key tile: a power of two.</param>
    /// <param name="leastKeyRun">Least extent of a key tile along the last axis.</param>
    /// <param name="leastQueryRun">Least extent of a query tile along the last axis.</param>
    /// <remarks>
    /// One geometry serves all sections; sections with the same tables are counted once.
    /// </remarks>
    public static TileGeometry Choose(NeighborhoodMap map, int queries, int keys, int leastKeyRun = 1,
        int leastQueryRun = 1)
    {
        (MapSection Section, long Number)[] kinds = [.. map.Sections
            .GroupBy(s => (s.Axes[0], s.Axes[1], s.Axes[2])).Select(kind => (kind.First(), kind.LongCount()))];
        TileGeometry best = default;
        (long Visited, long Full) least = (long.MaxValue, 0);
        foreach (Extents query in Boxes(queries, leastQueryRun))
        {
            foreach (Extents key in Boxes(keys, leastKeyRun))
            {
                TileGeometry tiles = new(query, key);
                (long visited, long full) = (0, 0);
                foreach ((MapSection kind, long number) in kinds)
                {
                    TileCounts counts = TileCounts.Of(kind, tiles);
                    visited += number * counts.Visited;
                    full += number * counts.Full;
                }

                if (visited < least.Visited || (visited == least.Visited && full > least.Full))
                {
                    (best, least) = (tiles, (visited, full));
                }
            }
        }

        return best;
    }

    private static IEnumerable<Extents> Boxes(int tokens, int leastRun)
    {
        for (int x = tokens; x >= Math.Min(leastRun, tokens); x /= 2)
        {
            for (int y = tokens / x; y >= 1; y /= 2)
            {
                yield return new Extents(tokens / x / y, y, x);
            }
        }
    }
}
