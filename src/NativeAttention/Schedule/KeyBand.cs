namespace NativeAttention;

/// <summary>
/// The keys that query i may see: those j with i + Left &lt;= j &lt;= i + Right (and 0 &lt;= j &lt; Sk).
/// Causal masks and sliding windows are bands; so is no mask at all.
/// </summary>
/// <param name="Left">Diagonal of the first visible key, or <see cref="Open"/> negated for no bound.</param>
/// <param name="Right">Diagonal of the last visible key, or <see cref="Open"/> for no bound.</param>
internal readonly record struct KeyBand(long Left, long Right)
{
    /// <summary>
    /// A diagonal beyond every pair of int lengths that still adds to any index without overflow.
    /// </summary>
    public const long Open = 1L << 40;

    /// <summary>No bound on either side.</summary>
    public static KeyBand Unbounded => new(-Open, Open);
}
