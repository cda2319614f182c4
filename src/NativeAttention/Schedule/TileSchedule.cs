namespace NativeAttention;

/// <summary>
/// Which key tiles a query tile must visit, and which of them lie wholly inside the band and need no mask
/// (as in FlashAttention-2, for any band). Every tiled kernel walks this, on the CPU and on the GPU.
/// </summary>
/// <remarks>All arithmetic is in 64 bits: no pair of int lengths and no band overflows it.</remarks>
/// <param name="QueryLength">Queries of one sequence (Sq).</param>
/// <param name="KeyLength">Keys of one sequence (Sk).</param>
/// <param name="Band">The visible keys.</param>
/// <param name="QueryTile">Rows of a query tile (BM).</param>
/// <param name="KeyTile">Keys of a key tile (BN).</param>
internal readonly record struct TileSchedule(int QueryLength, int KeyLength, KeyBand Band, int QueryTile,
    int KeyTile)
{
    /// <summary>Number of query tiles; the last may be partial.</summary>
    public int QueryTiles => (int)CeilDivide(QueryLength, QueryTile);

    /// <summary>Number of key tiles; the last may be partial.</summary>
    public int KeyTileCount => (int)CeilDivide(KeyLength, KeyTile);

    /// <summary>The tiles to visit, where the band alone does not say it; null where it does.</summary>
    public KeyTileList? List { get; init; }

    /// <summary>Keys of the prefix, which are visible beside those of the band.</summary>
    public int PrefixKeys { get; init; }

    /// <summary>Bound of the prefix on the right, as that of a band.</summary>
    public long PrefixRight { get; init; }

    /// <summary>The schedule of a sequence of its own lengths.</summary>
    public TileSchedule Of(AttentionProblem problem, in SequenceBounds sequence)
    {
        KeyVisibility visible = problem.Visibility(sequence.QueryLength, sequence.KeyLength);
        return this with
        {
            QueryLength = sequence.QueryLength,
            KeyLength = sequence.KeyLength,
            Band = visible.Band,
            PrefixKeys = Math.Min(visible.PrefixKeys, sequence.KeyLength),
            PrefixRight = visible.PrefixRight,
        };
    }

    /// <summary>
    /// The key tiles to visit for one query tile: those of the list, or else of prefix and band.
    /// </summary>
    /// <param name="queryTile">Index of the query tile, from 0 to <see cref="QueryTiles"/> - 1.</param>
    public KeyTileWalk Walk(int queryTile) => List is not null ? new KeyTileWalk(List.Of(queryTile))
        : new KeyTileWalk(PrefixTiles(queryTile), KeyTiles(queryTile));

    // A prefix is a band without a left edge that ends with the prefix: only whole tiles of it are full.
    private KeyTileRange PrefixTiles(int queryTile) => PrefixKeys == 0 ? default
        : (this with { KeyLength = PrefixKeys, Band = new KeyBand(-KeyBand.Open, PrefixRight) })
            .KeyTiles(queryTile);

    /// <summary>The key tiles of one query tile of which the band shows something.</summary>
    /// <param name="queryTile">Index of the query tile, from 0 to <see cref="QueryTiles"/> - 1.</param>
    public KeyTileRange KeyTiles(int queryTile)
    {
        long firstRow = (long)queryTile * QueryTile;
        long lastRow = Math.Min(firstRow + QueryTile, QueryLength) - 1;

        // Keys that some row sees: from the band's start at the first row to its end at the last.
        long keyBegin = Math.Clamp(firstRow + Band.Left, 0, KeyLength);
        long keyEnd = Math.Clamp(lastRow + Band.Right + 1, 0, KeyLength);
        if (keyEnd <= keyBegin)
        {
            return default;
        }

        // Keys that every row sees: from the band's start at the last row to its end at the first.
        long fullBegin = Math.Clamp(lastRow + Band.Left, 0, KeyLength);
        long fullEnd = Math.Clamp(firstRow + Band.Right + 1, 0, KeyLength);
        int begin = (int)(keyBegin / KeyTile);
        int end = (int)CeilDivide(keyEnd, KeyTile);
        int fullLow = Math.Min((int)CeilDivide(fullBegin, KeyTile), end);
        int fullHigh = Math.Max((int)(fullEnd / KeyTile), fullLow);
        return new KeyTileRange(begin, end, fullLow, Math.Min(fullHigh, end));
    }

    private static long CeilDivide(long a, long b) => (a + b - 1) / b;
}
