namespace NativeAttention;

/// <summary>
/// Which keys a query may see by their places: a closed family with static constructors. Every member lowers
/// to a band of keys around a diagonal and a prefix, so kernels know one mask only.
/// </summary>
/// <remarks>
/// The diagonal of query i is key i + offset, where the offset is
/// <see cref="AttentionOptions.DiagonalOffset"/>: Sk - Sq when it is not given, which aligns the last query
/// with the last key as FlashAttention does.
/// </remarks>
public abstract record AttentionMask
{
    // Closed to users; kernels are tested with bands that no public mask has yet.
    private protected AttentionMask()
    {
    }

    /// <summary>Every query sees every key.</summary>
    public static AttentionMask None { get; } = new Band(null, null, "none");

    /// <summary>
    /// Query i sees keys j &lt;= i + offset, by default i + (Sk - Sq): aligned at the bottom right. With more
    /// queries than keys the first Sq - Sk queries see nothing.
    /// </summary>
    public static AttentionMask Causal { get; } = new Band(null, 0, "causal");

    /// <summary>
    /// Query i sees keys j &lt;= i: aligned at the top left, as ONNX Attention does without a past. The same
    /// as <see cref="Causal"/> with a diagonal offset of 0, which it sets.
    /// </summary>
    public static AttentionMask CausalTopLeft { get; } = new CausalFromTopLeft();

    /// <summary>Whether the diagonal offset is 0 unless it is given.</summary>
    internal virtual bool IsTopLeft => false;

    /// <summary>
    /// A sliding window: query i sees keys i + offset - left to i + offset + right. A causal window has
    /// right = 0.
    /// </summary>
    /// <param name="left">Keys before the diagonal, or null for all.</param>
    /// <param name="right">Keys after the diagonal, or null for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">A width is negative.</exception>
    public static AttentionMask Window(int? left, int? right)
    {
        CheckWidth(left, nameof(left));
        CheckWidth(right, nameof(right));
        return new Band(left, right, $"window {left?.ToString() ?? "all"},{right?.ToString() ?? "all"}");
    }

    /// <summary>
    /// This mask, with the first keys of each sequence visible to every query: a bidirectional prefix.
    /// </summary>
    /// <param name="keys">Keys of the prefix.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="keys"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">The mask has a prefix already.</exception>
    public AttentionMask WithPrefix(int keys) => WithPrefix(keys, keepsRight: false);

    /// <summary>
    /// This mask, with the first keys of each sequence visible also where they lie left of the window: the
    /// attention sinks of StreamingLLM (arXiv 2309.17453). The bound on the right, causal or not, still holds.
    /// </summary>
    /// <param name="keys">Keys of the prefix.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="keys"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">The mask has a prefix already.</exception>
    public AttentionMask WithSinkTokens(int keys) => WithPrefix(keys, keepsRight: true);

    /// <summary>The visible keys for a diagonal offset.</summary>
    internal abstract KeyVisibility Lower(long diagonal);

    private Prefixed WithPrefix(int keys, bool keepsRight)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keys);
        return this is Prefixed
            ? throw new InvalidOperationException($"The mask '{this}' has a prefix already.")
            : new Prefixed(this, keys, keepsRight);
    }

    private static void CheckWidth(int? width, string argument)
    {
        if (width < 0)
        {
            throw new ArgumentOutOfRangeException(argument, width,
                $"The window reaches {width} keys to the {argument}: it must be 0 or more, or null for all.");
        }
    }

    private sealed record Band(int? Left, int? Right, string Name) : AttentionMask
    {
        internal override KeyVisibility Lower(long diagonal) => new(new KeyBand(
            Left is int left ? diagonal - left : -KeyBand.Open,
            Right is int right ? diagonal + right : KeyBand.Open));

        public override string ToString() => Name;
    }

    private sealed record CausalFromTopLeft : AttentionMask
    {
        internal override bool IsTopLeft => true;

        internal override KeyVisibility Lower(long diagonal) => Causal.Lower(diagonal);

        public override string ToString() => "causal-top-left";
    }

    private sealed record Prefixed(AttentionMask Inner, int Keys, bool KeepsRight) : AttentionMask
    {
        internal override bool IsTopLeft => Inner.IsTopLeft;

        internal override KeyVisibility Lower(long diagonal)
        {
            KeyVisibility inner = Inner.Lower(diagonal);
            return inner with
            {
                PrefixKeys = Keys,
                PrefixRight = KeepsRight ? inner.Band.Right : KeyBand.Open,
            };
        }

        public override string ToString() => $"{Inner} + {(KeepsRight ? "sink tokens" : "prefix")} {Keys}";
    }
}
