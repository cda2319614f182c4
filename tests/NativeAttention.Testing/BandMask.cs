namespace NativeAttention.Testing;

/// <summary>
/// Any band of keys: query i sees keys i + Left to i + Right. Kernels know bands, users only some of them.
/// </summary>
/// <param name="Left">Diagonal of the first visible key.</param>
/// <param name="Right">Diagonal of the last visible key.</param>
public sealed record BandMask(long Left, long Right) : AttentionMask
{
    /// <inheritdoc/>
    public override string ToString() => $"band {Left}..{Right}";

    internal override KeyVisibility Lower(long diagonal) => new(new KeyBand(Left, Right));
}
