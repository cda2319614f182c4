namespace NativeAttention.Cpu;

/// <summary>
/// Tiles of rows that read the same keys: a row is one query of one query head of a group, and a tile has a
/// few queries times a few heads. Row r of a tile is query r / Heads and head r % Heads, counted from the
/// tile's first.
/// </summary>
internal readonly record struct RowTiles
{
    /// <summary>Cuts the rows of a group.</summary>
    /// <param name="queryLength">Queries of a sequence.</param>
    /// <param name="group">Query heads that share a key/value head.</param>
    /// <param name="mostRows">Most rows of a tile.</param>
    public RowTiles(int queryLength, int group, int mostRows)
    {
        Group = group;
        Heads = Math.Min(group, mostRows);
        Queries = Math.Clamp(queryLength, 1, mostRows / Heads);
        HeadTiles = (group + Heads - 1) / Heads;
        QueryTiles = (int)(((long)queryLength + Queries - 1) / Queries);
    }

    /// <summary>Query heads that share a key/value head.</summary>
    public int Group { get; }

    /// <summary>Heads of a tile; the last may have fewer.</summary>
    public int Heads { get; }

    /// <summary>Queries of a tile; the last may have fewer.</summary>
    public int Queries { get; }

    /// <summary>Tiles along the heads.</summary>
    public int HeadTiles { get; }

    /// <summary>Tiles along the queries.</summary>
    public int QueryTiles { get; }

    /// <summary>Tiles in all.</summary>
    public long Tiles => (long)HeadTiles * QueryTiles;

    /// <summary>Most rows of a tile.</summary>
    public int Rows => Heads * Queries;

    /// <summary>Heads of one tile.</summary>
    public int HeadsOf(int headTile) => Math.Min(Heads, Group - (headTile * Heads));
}
