namespace NativeAttention.Testing;

/// <summary>What random inputs look like.</summary>
public enum InputKind
{
    /// <summary>Standard normal numbers.</summary>
    Normal,

    /// <summary>
    /// Queries and keys so large that logits reach about 1e4: one key wins, and exp must not overflow.
    /// </summary>
    HugeLogits,

    /// <summary>
    /// As <see cref="Normal"/>, with NaN in one query and plus infinity in another: those rows are NaN, no
    /// others.
    /// </summary>
    NanRows,
}
