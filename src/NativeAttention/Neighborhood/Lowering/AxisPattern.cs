namespace NativeAttention.Neighborhood;

/// <summary>The rule of one axis of a pattern: what it allows, and the intervals it lowers to.</summary>
internal abstract record AxisPattern
{
    /// <summary>Most keys of a query; |key - query| within a class is below it.</summary>
    public abstract int Window { get; }

    /// <summary>Number of classes that the axis falls into.</summary>
    public virtual int Dilation => 1;

    /// <summary>The rule that the axis breaks on a map, in words; null when it breaks none.</summary>
    /// <param name="queries">Extent of the queries' map.</param>
    /// <param name="keys">Extent of the keys' map.</param>
    public abstract string? Broken(int queries, int keys);

    /// <summary>The axis with its window cut to what the map holds.</summary>
    /// <param name="keys">Extent of the keys' map.</param>
    public virtual AxisPattern Clamped(int keys) => this;

    /// <summary>The intervals within one class.</summary>
    /// <param name="queries">Queries of the class.</param>
    /// <param name="keys">Keys of the class.</param>
    public abstract AxisIntervals Lower(int queries, int keys);
}
