namespace NativeAttention.Neighborhood;

/// <summary>
/// How many pairs of a query tile and a key tile a kernel visits, and how many of those need no mask: the cost model
/// that chooses tiles. Exact: what is visited is a product over the axes, so each axis is counted alone.
/// </summary>
/// <param name="Visited">Pairs visited.</param>
/// <param name="Full">Of those, the pairs in which every query sees every key.</param>
/// <param name="Dense">Pairs that dense attention visits.</param>
internal readonly record struct TileCounts(long Visited, long Full, long Dense)
{
    /// <summary>The counts of one section.</summary>
    public static TileCounts Of(MapSection section, TileGeometry tiles) => Count(section, tiles, Unaligned);

    /// <summary>
    /// The counts of key tiles that begin at multiples of their extent, as kernels have them that permute tokens
    /// into tiles: for comparison.
    /// </summary>
    public static TileCounts OfAligned(MapSection section, TileGeometry tiles) => Count(section, tiles, Aligned);

    /// <summary>The counts of all sections of a map, for one batch index and head.</summary>
    public static TileCounts Of(NeighborhoodMap map, TileGeometry tiles)
    {
        TileCounts sum = default;
        foreach (MapSection section in map.Sections)
        {
            TileCounts one = Of(section, tiles);
            sum = new TileCounts(sum.Visited + one.Visited, sum.Full + one.Full, sum.Dense + one.Dense);
        }

        return sum;
    }

    private static TileCounts Count(MapSection section, TileGeometry tiles,
        Func<AxisTiles, int, int, (int Visited, int Full)> ofTile)
    {
        TileCounts product = new(1, 1, 1);
        for (int a = 0; a < Extents.Axes; a++)
        {
            AxisIntervals axis = section.Axes[a];
            int query = tiles.Query[a], key = tiles.Key[a];
            long visited = 0, full = 0, queryTiles = 0;
            for (int first = 0; first < axis.Queries; first += query, queryTiles++)
            {
                int last = Math.Min(first + query, axis.Queries) - 1;
                (int some, int whole) = ofTile(AxisTiles.Of(axis, first, last), key, axis.Keys);
                visited += some;
                full += whole;
            }

            product = new TileCounts(product.Visited * visited, product.Full * full,
                product.Dense * queryTiles * ((axis.Keys + key - 1) / key));
        }

        return product;
    }

    // As AxisTiles.IsFull says of each tile, without asking each: long lines have many.
    private static (int Visited, int Full) Unaligned(AxisTiles tiles, int extent, int keys)
    {
        int count = tiles.Count(extent);
        int first = CeilDivide(Math.Max(0, tiles.FullBegin - tiles.KeyBegin), extent);
        int end = tiles.FullEnd >= tiles.KeyEnd ? count : Math.Max(0, tiles.FullEnd - tiles.KeyBegin) / extent;
        return (count, Math.Max(0, end - first));
    }

    private static (int Visited, int Full) Aligned(AxisTiles tiles, int extent, int keys)
    {
        if (tiles.KeyEnd <= tiles.KeyBegin)
        {
            return (0, 0);
        }

        int begin = tiles.KeyBegin / extent, end = CeilDivide(tiles.KeyEnd, extent);
        int fullBegin = CeilDivide(tiles.FullBegin, extent);
        int fullEnd = tiles.FullEnd == keys ? CeilDivide(keys, extent) : tiles.FullEnd / extent;
        return (end - begin, Math.Max(0, fullEnd - fullBegin));
    }

    private static int CeilDivide(int a, int b) => (a + b - 1) / b;
}
