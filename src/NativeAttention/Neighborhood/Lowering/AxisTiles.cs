namespace NativeAttention.Neighborhood;

/// <summary>
/// The key tiles that one query tile visits along one axis. Key tiles are not aligned: they begin at the first key
/// that any query of the tile sees, so a window never touches more of them than it must. A tile is full on the
/// axis when every query of the tile sees all of it.
/// </summary>
/// <param name="KeyBegin">First key that a query of the tile sees.</param>
/// <param name="KeyEnd">One past the last.</param>
/// <param name="FullBegin">First key that all see.</param>
/// <param name="FullEnd">One past the last; not beyond the begin when there is none.</param>
internal readonly record struct AxisTiles(int KeyBegin, int KeyEnd, int FullBegin, int FullEnd)
{
    /// <summary>The tiles of queries [first, last] of an axis.</summary>
    public static AxisTiles Of(AxisIntervals axis, int first, int last) => new(
        axis.KeyBegin[first], axis.KeyEnd[last], axis.KeyBegin[last], axis.KeyEnd[first]);

    /// <summary>Number of tiles.</summary>
    public int Count(int tile) => KeyEnd <= KeyBegin ? 0 : (KeyEnd - KeyBegin + tile - 1) / tile;

    /// <summary>First key of a tile.</summary>
    public int Begin(int tile, int n) => KeyBegin + (n * tile);

    /// <summary>One past the last key of a tile; the last tile is cut.</summary>
    public int End(int tile, int n) => Math.Min(KeyBegin + ((n + 1) * tile), KeyEnd);

    /// <summary>Whether all queries see all of a tile.</summary>
    public bool IsFull(int tile, int n) => Begin(tile, n) >= FullBegin && End(tile, n) <= FullEnd;
}
