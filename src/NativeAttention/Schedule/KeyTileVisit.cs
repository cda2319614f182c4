namespace NativeAttention;

/// <summary>One key tile of a walk.</summary>
/// <param name="Tile">Index of the key tile.</param>
/// <param name="Full">Whether it is whole and seen by every row, so that it needs no mask.</param>
internal readonly record struct KeyTileVisit(int Tile, bool Full);
