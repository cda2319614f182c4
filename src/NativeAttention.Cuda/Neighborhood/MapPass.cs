using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>A map as one kernel walks it: which side's tiles a block owns, and which it visits.</summary>
/// <param name="Sections">The sections, seen from the side that is owned.</param>
/// <param name="Heads">The heads that the launch is for.</param>
/// <param name="MostDistance">Largest sum of squared distances of a pair; null for any.</param>
/// <param name="Rows">Box of a tile that a block owns: extents are powers of two.</param>
/// <param name="Columns">Box of a tile that it visits.</param>
internal sealed record MapPass(
    MapSection[] Sections, int[] Heads, int? MostDistance, Extents Rows, Extents Columns)
{
    /// <summary>A pass that owns tiles of queries and visits keys, for the map's heads.</summary>
    public static MapPass OverQueries(NeighborhoodMap map, TileGeometry tiles) =>
        new(map.Sections, map.Heads, map.MostDistance, tiles.Query, tiles.Key);

    /// <summary>A pass that owns tiles of keys and visits queries.</summary>
    /// <param name="map">The map.</param>
    /// <param name="tiles">The boxes.</param>
    /// <param name="heads">The key/value heads that it is for.</param>
    public static MapPass OverKeys(NeighborhoodMap map, TileGeometry tiles, int[] heads) =>
        new([.. map.Sections.Select(section => section.Transposed())], heads, map.MostDistance, tiles.Key,
            tiles.Query);

    /// <summary>Tiles that blocks own, of all sections.</summary>
    public long Tiles => new QueryTiles(Sections, Rows).Count;

    /// <summary>Blocks of a launch: tiles times heads times batch.</summary>
    public long Blocks(int batch) => (long)Int128.Min(long.MaxValue, (Int128)Tiles * Heads.Length * batch);
}
