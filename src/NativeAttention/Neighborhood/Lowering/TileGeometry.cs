namespace NativeAttention.Neighborhood;

/// <summary>The boxes that queries and keys are cut into; tokens of a tile lie in row-major order.</summary>
/// <param name="Query">Extents of a query tile.</param>
/// <param name="Key">Extents of a key tile.</param>
internal readonly record struct TileGeometry(Extents Query, Extents Key);
