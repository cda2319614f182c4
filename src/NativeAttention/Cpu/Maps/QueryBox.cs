using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>A box of queries of one section, head and batch index: what a tile of work computes.</summary>
/// <param name="Map">The map of the head.</param>
/// <param name="Section">The section.</param>
/// <param name="Batch">Batch index.</param>
/// <param name="Head">Query head.</param>
/// <param name="First">First coordinates in the section.</param>
/// <param name="Count">Extents, cut at the borders.</param>
internal readonly record struct QueryBox(NeighborhoodMap Map, MapSection Section, long Batch, int Head,
    Extents First, Extents Count)
{
    /// <summary>Where the queries lie.</summary>
    public BoxRuns Queries => new(Section.QueryTokens, Section.Queries, First, Count);

    /// <summary>The keys that the queries see along an axis, and those that all of them see.</summary>
    public AxisTiles Keys(int axis) =>
        AxisTiles.Of(Section.Axes[axis], First[axis], First[axis] + Count[axis] - 1);

    /// <summary>Where a box of keys lies.</summary>
    public BoxRuns KeyBox(Extents first, Extents count) => new(Section.KeyTokens, Section.Keys, first, count);
}
