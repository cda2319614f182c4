namespace NativeAttention;

/// <summary>
/// Everything a backward run reads: what forward read, what it wrote, and the gradient of its output. What the
/// problem does not have is left empty. Spans may be longer than needed.
/// </summary>
/// <remarks>
/// Tensors lie as in the forward problem: of dense attention as its layout says, with the log-sum-exp dense
/// [batch, query heads, queries]; of neighborhood attention heads-last.
/// </remarks>
/// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
public readonly ref struct BackwardInputs<T>
    where T : unmanaged
{
    /// <summary>Queries, as forward read them.</summary>
    public ReadOnlySpan<T> Query { get; init; }

    /// <summary>Keys, as forward read them.</summary>
    public ReadOnlySpan<T> Key { get; init; }

    /// <summary>Values, as forward read them.</summary>
    public ReadOnlySpan<T> Value { get; init; }

    /// <summary>
    /// The output that forward wrote. Of attention that was merged from parts the merged output: each part's
    /// backward takes it, and the gradients of the query add up.
    /// </summary>
    public ReadOnlySpan<T> Output { get; init; }

    /// <summary>The natural-log log-sum-exp that forward wrote, or the merged one.</summary>
    public ReadOnlySpan<float> Lse { get; init; }

    /// <summary>Gradient of the output, laid out as the output.</summary>
    public ReadOnlySpan<T> OutputGradient { get; init; }

    /// <summary>Gradient of the log-sum-exp, laid out as it; empty means 0.</summary>
    public ReadOnlySpan<float> LseGradient { get; init; }

    /// <summary>Additional keys of a neighborhood problem.</summary>
    public ReadOnlySpan<T> ExtraKey { get; init; }

    /// <summary>Additional values of a neighborhood problem.</summary>
    public ReadOnlySpan<T> ExtraValue { get; init; }

    /// <summary>Relative position bias of a neighborhood problem.</summary>
    public ReadOnlySpan<float> RelativeBias { get; init; }
}
