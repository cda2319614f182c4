namespace NativeAttention.Emulation;

/// <summary>What bulk copies cost: whole runs of bytes, which coalesce and meet no bank conflict.</summary>
internal static class BulkCost
{
    private const int SectorBytes = 32;
    private const int PassBytes = 128;

    /// <summary>A run of bytes in global memory.</summary>
    public static MemoryTraffic Global(BulkKind kind, ulong address, int bytes)
    {
        long touched = (long)((address + (ulong)bytes - 1) / SectorBytes) - (long)(address / SectorBytes) + 1;
        bool reads = kind is BulkKind.Load or BulkKind.Reduce;
        bool writes = kind is BulkKind.Store or BulkKind.Reduce;
        return new MemoryTraffic(
            0, reads ? bytes : 0, writes ? bytes : 0, touched, (bytes + SectorBytes - 1) / SectorBytes);
    }

    /// <summary>The side in shared memory; within shared memory both are.</summary>
    public static MemoryTraffic Shared(BulkKind kind, int bytes)
    {
        bool writes = kind is BulkKind.Load or BulkKind.Within;
        bool reads = kind != BulkKind.Load;
        long passes = (bytes + PassBytes - 1) / PassBytes * (kind == BulkKind.Within ? 2 : 1);
        return new MemoryTraffic(1, reads ? bytes : 0, writes ? bytes : 0, passes, passes);
    }
}
