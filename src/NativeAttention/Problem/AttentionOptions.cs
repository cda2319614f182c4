namespace NativeAttention;

/// <summary>What to compute beyond the shape. Immutable; valid by default; changed by <c>with</c>.</summary>
public sealed record AttentionOptions
{
    /// <summary>Full attention, scale 1/sqrt(head dim), tensors [batch, sequence, heads, dim].</summary>
    public static AttentionOptions Default { get; } = new();

    /// <summary>As <see cref="Default"/> with <see cref="AttentionMask.Causal"/>.</summary>
    public static AttentionOptions Causal { get; } = new() { Mask = AttentionMask.Causal };

    /// <summary>Which keys each query may see.</summary>
    public AttentionMask Mask { get; init; } = AttentionMask.None;

    /// <summary>
    /// Factor on every score before softmax; null means 1/sqrt(head dim). Zero and negative values are values
    /// like any other; it must be finite.
    /// </summary>
    public float? Scale { get; init; }

    /// <summary>
    /// Soft cap c on the scaled scores, s becomes c * tanh(s / c), before bias and mask; null for none. It must
    /// be finite and above 0.
    /// </summary>
    public float? SoftCap { get; init; }

    /// <summary>
    /// Diagonal offset: query i stands beside key i + offset, for causal masks, windows and ALiBi alike. Null
    /// means Sk - Sq, sequence by sequence (0 for <see cref="AttentionMask.CausalTopLeft"/>).
    /// </summary>
    public int? DiagonalOffset { get; init; }

    /// <summary>The optional operands that runs bring: bias, mask, slopes, sinks and others.</summary>
    public AttentionOperands Operands { get; init; } = AttentionOperands.None;

    /// <summary>How the four tensors lie in memory.</summary>
    public AttentionLayout Layout { get; init; } = AttentionLayout.Bshd;

    /// <summary>Choices that change the speed but never the meaning.</summary>
    public TuningHints Tuning { get; init; } = TuningHints.None;
}
