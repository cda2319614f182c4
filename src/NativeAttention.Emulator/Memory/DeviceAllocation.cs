namespace NativeAttention.Emulation;

/// <summary>One range of device memory handed out by <see cref="DeviceMemory"/>.</summary>
internal sealed class DeviceAllocation(ulong start, long size)
{
    private volatile bool _fullyInitialized;

    /// <summary>First address.</summary>
    public ulong Start { get; } = start;

    /// <summary>Bytes asked for.</summary>
    public long Size { get; } = size;

    /// <summary>Address after the last byte.</summary>
    public ulong End => Start + (ulong)Size;

    /// <summary>True after the allocation was freed.</summary>
    public bool IsFreed { get; set; }

    /// <summary>True once every byte is known to be written, so that reads need no look at the
    /// bits.</summary>
    public bool IsFullyInitialized
    {
        get => _fullyInitialized;
        set => _fullyInitialized = value;
    }

    public bool Contains(ulong address) => address >= Start && address < End;
}
