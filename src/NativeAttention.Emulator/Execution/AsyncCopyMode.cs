namespace NativeAttention.Emulation;

/// <summary>When the bytes of an asynchronous copy (<c>cp.async</c>) arrive. A correct kernel cannot
/// tell.</summary>
public enum AsyncCopyMode
{
    /// <summary>Early or late, drawn per launch from the seed.</summary>
    BySeed,

    /// <summary>At the instruction that issues the copy, the earliest moment allowed.</summary>
    Early,

    /// <summary>At the wait that retires the copy, the latest moment allowed; until then the destination
    /// holds poison.</summary>
    Late,
}
