namespace NativeAttention;

/// <summary>What to compute on a map beyond the shape. Immutable; changed by <c>with</c>.</summary>
public sealed record NeighborhoodOptions
{
    /// <summary>Makes options with one pattern for all heads.</summary>
    /// <param name="pattern">Which keys each query sees.</param>
    public NeighborhoodOptions(NeighborhoodPattern pattern) => Pattern = pattern;

    /// <summary>Which keys each query sees, in every head.</summary>
    public NeighborhoodPattern Pattern { get; init; }

    /// <summary>
    /// Patterns that vary from head to head, one for each query head; null when <see cref="Pattern"/> serves
    /// all. Backward needs one pattern for all query heads of a key/value head.
    /// </summary>
    public IReadOnlyList<NeighborhoodPattern>? HeadPatterns { get; init; }

    /// <summary>
    /// Factor on every score before softmax; null means 1/sqrt(head dim). Zero and negative values are values
    /// like any other; it must be finite.
    /// </summary>
    public float? Scale { get; init; }

    /// <summary>
    /// Whether runs bring a relative position bias, float32 [query heads, product of 2 * window - 1 over the
    /// axes] in natural-log units, added to scaled scores: along each axis entry key - query + window - 1, in
    /// units of the dilation. Needs one map for queries and keys, and windows of equal extents in all heads.
    /// </summary>
    public bool RelativeBias { get; init; }

    /// <summary>
    /// Whether windows that are larger than the map are cut to it (and strides to the window) instead of
    /// refused: for small maps at the end of a pyramid.
    /// </summary>
    public bool ClampWindow { get; init; }

    /// <summary>Choices that change the speed but never the meaning.</summary>
    public TuningHints Tuning { get; init; } = TuningHints.None;
}
