namespace NativeAttention;

/// <summary>
/// Which keys a query may see: a closed family with static constructors. Every member lowers to a
/// <see cref="KeyBand"/>, so kernels know one mask only.
/// </summary>
public abstract record AttentionMask
{
    // Closed to users; kernels are tested with bands that no public mask has yet.
    private protected AttentionMask()
    {
    }

    /// <summary>Every query sees every key.</summary>
    public static AttentionMask None { get; } = new Full();

    /// <summary>
    /// Query i sees keys j &lt;= i + (Sk - Sq): aligned at the bottom right, as FlashAttention does. With
    /// more queries than keys the first Sq - Sk queries see nothing.
    /// </summary>
    public static AttentionMask Causal { get; } = new CausalBottomRight();

    /// <summary>
    /// Query i sees keys j &lt;= i: aligned at the top left, as ONNX Attention does without a past.
    /// </summary>
    public static AttentionMask CausalTopLeft { get; } = new CausalFromTopLeft();

    /// <summary>The band of visible keys for the given lengths.</summary>
    internal abstract KeyBand Lower(int queryLength, int keyLength);

    private sealed record Full : AttentionMask
    {
        internal override KeyBand Lower(int queryLength, int keyLength) => KeyBand.Unbounded;

        public override string ToString() => "none";
    }

    private sealed record CausalBottomRight : AttentionMask
    {
        internal override KeyBand Lower(int queryLength, int keyLength) =>
            KeyBand.Unbounded with { Right = (long)keyLength - queryLength };

        public override string ToString() => "causal";
    }

    private sealed record CausalFromTopLeft : AttentionMask
    {
        internal override KeyBand Lower(int queryLength, int keyLength) =>
            KeyBand.Unbounded with { Right = 0 };

        public override string ToString() => "causal-top-left";
    }
}
