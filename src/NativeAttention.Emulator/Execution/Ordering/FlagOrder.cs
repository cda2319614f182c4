namespace NativeAttention.Emulation;

/// <summary>What a strong access or a fence orders, beyond being atomic.</summary>
[Flags]
internal enum FlagOrder
{
    /// <summary>Nothing by itself; together with fences, what they order.</summary>
    Relaxed = 0,

    Acquire = 1,

    Release = 2,

    /// <summary>Orders between the blocks of the device and not only within one.</summary>
    Device = 4,
}
