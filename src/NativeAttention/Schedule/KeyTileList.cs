namespace NativeAttention;

/// <summary>
/// An explicit list of key tiles for every query tile, in compressed rows: what a block-sparse pattern lowers
/// to. The band of the schedule holds within the listed tiles too.
/// </summary>
internal sealed class KeyTileList
{
    private readonly int[] offsets;
    private readonly KeyTileVisit[] visits;

    private KeyTileList(int[] offsets, KeyTileVisit[] visits)
    {
        this.offsets = offsets;
        this.visits = visits;
    }

    /// <summary>
    /// Makes a list. Tiles of which the band shows nothing are left out; the others are full or partial as
    /// the band has them.
    /// </summary>
    /// <param name="schedule">The grid of tiles, and the band.</param>
    /// <param name="offsets">Where the tiles of each query tile begin in <paramref name="tiles"/>, and their
    /// number: one entry more than there are query tiles.</param>
    /// <param name="tiles">Key tiles, ascending within a query tile.</param>
    /// <exception cref="ArgumentException">Offsets or tiles are not as said above.</exception>
    public static KeyTileList Create(TileSchedule schedule, ReadOnlySpan<int> offsets,
        ReadOnlySpan<int> tiles)
    {
        CheckOffsets(schedule, offsets, tiles.Length);
        int[] kept = new int[offsets.Length];
        List<KeyTileVisit> visits = new(tiles.Length);
        for (int m = 0; m < schedule.QueryTiles; m++)
        {
            ReadOnlySpan<int> row = tiles[offsets[m]..offsets[m + 1]];
            CheckRow(schedule, m, row);
            KeyTileRange range = schedule.KeyTiles(m);
            foreach (int n in row)
            {
                if (n >= range.Begin && n < range.End)
                {
                    visits.Add(new KeyTileVisit(n, range.IsFull(n)));
                }
            }

            kept[m + 1] = visits.Count;
        }

        return new KeyTileList(kept, [.. visits]);
    }

    /// <summary>The tiles of one query tile, ascending.</summary>
    public ArraySegment<KeyTileVisit> Of(int queryTile) =>
        new(visits, offsets[queryTile], offsets[queryTile + 1] - offsets[queryTile]);

    private static void CheckOffsets(TileSchedule schedule, ReadOnlySpan<int> offsets, int tiles)
    {
        if (offsets.Length != schedule.QueryTiles + 1)
        {
            throw new ArgumentException($"{offsets.Length} offsets for {schedule.QueryTiles} query tiles: "
                + "there must be one more than query tiles.", nameof(offsets));
        }

        if (offsets[0] != 0 || offsets[^1] != tiles)
        {
            throw new ArgumentException($"The offsets go from {offsets[0]} to {offsets[^1]}: they must go "
                + $"from 0 to the number of tiles, {tiles}.", nameof(offsets));
        }

        for (int m = 1; m < offsets.Length; m++)
        {
            if (offsets[m] < offsets[m - 1])
            {
                throw new ArgumentException($"Offset {m} is {offsets[m]}, less than {offsets[m - 1]} "
                    + "before it: offsets must not descend.", nameof(offsets));
            }
        }
    }

    private static void CheckRow(TileSchedule schedule, int queryTile, ReadOnlySpan<int> tiles)
    {
        int before = -1;
        foreach (int n in tiles)
        {
            if (n < 0 || n >= schedule.KeyTileCount)
            {
                throw new ArgumentException($"Query tile {queryTile} lists key tile {n}: there are key "
                    + $"tiles 0 to {schedule.KeyTileCount - 1}.", nameof(tiles));
            }

            if (n <= before)
            {
                throw new ArgumentException($"Query tile {queryTile} lists key tile {n} after {before}: "
                    + "tiles must ascend and none may come twice.", nameof(tiles));
            }

            before = n;
        }
    }
}
