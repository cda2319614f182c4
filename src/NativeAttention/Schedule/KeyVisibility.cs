namespace NativeAttention;

/// <summary>
/// A lowered mask. Query i sees key j when j lies in the band, or when j is one of the first
/// <see cref="PrefixKeys"/> and j &lt;= i + <see cref="PrefixRight"/>.
/// </summary>
/// <param name="Band">The band.</param>
/// <param name="PrefixKeys">Keys of the prefix; 0 when there is none.</param>
/// <param name="PrefixRight">Bound of the prefix on the right; <see cref="KeyBand.Open"/> for none.</param>
internal readonly record struct KeyVisibility(KeyBand Band, int PrefixKeys = 0, long PrefixRight = 0)
{
    /// <summary>Whether query i sees key j.</summary>
    public bool Sees(long i, long j) => (j >= i + Band.Left && j <= i + Band.Right)
        || (j < PrefixKeys && j <= i + PrefixRight);
}
