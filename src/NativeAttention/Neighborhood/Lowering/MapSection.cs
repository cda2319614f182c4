namespace NativeAttention.Neighborhood;

/// <summary>
/// One class of one map: a box of queries and a box of keys with an interval table for each axis, and no
/// dilation left. Tiles never cross sections. A map without dilation is one section; a ragged batch has those
/// of all its maps.
/// </summary>
/// <param name="Sample">Which map of a ragged batch; 0 otherwise.</param>
/// <param name="Queries">Extents of the box of queries.</param>
/// <param name="Keys">Extents of the box of keys.</param>
/// <param name="QueryTokens">Where the queries lie among the tokens of a batch index.</param>
/// <param name="KeyTokens">Where the keys lie.</param>
/// <param name="Axes">The intervals of the three axes, the slowest first.</param>
internal sealed record MapSection(int Sample, Extents Queries, Extents Keys, TokenSteps QueryTokens,
    TokenSteps KeyTokens, AxisIntervals[] Axes)
{
    /// <summary>Pairs of a query and a key that it sees, but for a limit on the distance.</summary>
    public long Pairs => checked(Axes[0].Pairs * Axes[1].Pairs * Axes[2].Pairs);

    /// <summary>The section seen from the keys: their roles changed over.</summary>
    public MapSection Transposed() => new(Sample, Keys, Queries, KeyTokens, QueryTokens,
        [.. Axes.Select(axis => axis.Transposed())]);
}
