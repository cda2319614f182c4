namespace NativeAttention;

/// <summary>How a rotary position embedding pairs elements, and how the tensors lie.</summary>
public sealed record RotaryOptions
{
    /// <summary>Halves are paired, and tensors are [batch, sequence, heads, head dim].</summary>
    public static RotaryOptions Default { get; } = new();

    /// <summary>
    /// Whether neighbours are pairs, (2u, 2u + 1); otherwise they lie apart by half the rotary dim,
    /// (u, u + rotary dim / 2), as in most models since GPT-NeoX.
    /// </summary>
    public bool Interleaved { get; init; }

    /// <summary>
    /// Order of the axes: <see cref="AttentionLayout.Bshd"/> or <see cref="AttentionLayout.Bhsd"/>.
    /// </summary>
    public AttentionLayout Layout { get; init; } = AttentionLayout.Bshd;
}
