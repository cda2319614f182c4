namespace NativeAttention;

/// <summary>
/// Key tiles Begin to End - 1 must be visited; of these, FullBegin to FullEnd - 1 are whole and seen by every
/// row, so they need neither mask nor bounds. Begin &lt;= FullBegin &lt;= FullEnd &lt;= End; all 0 when there
/// is nothing to see.
/// </summary>
/// <param name="Begin">First tile to visit.</param>
/// <param name="End">One past the last tile to visit.</param>
/// <param name="FullBegin">First tile without a mask.</param>
/// <param name="FullEnd">One past the last tile without a mask.</param>
internal readonly record struct KeyTileRange(int Begin, int End, int FullBegin, int FullEnd)
{
    /// <summary>Whether no row of the query tile sees any key.</summary>
    public bool IsEmpty => End <= Begin;

    /// <summary>Whether a tile needs no mask.</summary>
    public bool IsFull(int tile) => tile >= FullBegin && tile < FullEnd;
}
