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

    /// <summary>How the four tensors lie in memory.</summary>
    public AttentionLayout Layout { get; init; } = AttentionLayout.Bshd;

    /// <summary>Choices that change the speed but never the meaning.</summary>
    public TuningHints Tuning { get; init; } = TuningHints.None;
}
