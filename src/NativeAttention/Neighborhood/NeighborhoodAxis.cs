namespace NativeAttention;

/// <summary>
/// The window along one axis of a map: neighborhood attention (arXiv 2204.07143) with dilation (2209.15001)
/// and stride (generalized, 2504.16922).
/// </summary>
/// <remarks>
/// An axis of dilation d falls into d classes of tokens with equal index modulo d, and everything acts within a
/// class. Queries that share a stride group share a window: that of the group's middle query, or of its last
/// one when causal. A window of w keys has w/2 keys on the left of its query and w - 1 - w/2 on the right.
/// </remarks>
/// <param name="Window">Keys in the window, at least 1; Window * Dilation may not exceed the extent.</param>
/// <param name="Stride">Queries that share a window, 1 to <paramref name="Window"/>.</param>
/// <param name="Dilation">Distance between neighbouring keys of the window, at least 1.</param>
/// <param name="Causal">
/// Whether a query sees no key behind itself on this axis: the window then ends at the query.
/// </param>
/// <param name="Edge">What happens at the borders; a causal window is cut on the left by Shift and Clip alike.</param>
public readonly record struct NeighborhoodAxis(int Window, int Stride = 1, int Dilation = 1,
    bool Causal = false, EdgeMode Edge = EdgeMode.Shift)
{
    /// <summary>An axis with a window and nothing else.</summary>
    /// <param name="window">Keys in the window.</param>
    public static implicit operator NeighborhoodAxis(int window) => new(window);

    /// <summary>An axis with a window and nothing else.</summary>
    /// <param name="window">Keys in the window.</param>
    public static NeighborhoodAxis FromInt32(int window) => new(window);

    /// <summary>The window, and what differs from the defaults.</summary>
    public override string ToString() => $"{Window}"
        + (Stride == 1 ? "" : $" stride {Stride}")
        + (Dilation == 1 ? "" : $" dilation {Dilation}")
        + (Causal ? " causal" : "")
        + (Edge == EdgeMode.Shift ? "" : Edge == EdgeMode.Clip ? " clip" : " wrap");
}
