namespace NativeAttention.Emulation;

/// <summary>What a kernel moved in one memory space.</summary>
/// <param name="Requests">Warp instructions that accessed it with at least one lane.</param>
/// <param name="BytesRead">Bytes the lanes read; lanes that read the same byte count each.</param>
/// <param name="BytesWritten">Bytes the lanes wrote.</param>
/// <param name="Transactions">Units the hardware needs: sectors of 32 bytes in global memory, passes over the
/// 32 banks in shared memory; 0 in spaces where they are not counted.</param>
/// <param name="MinimumTransactions">Units the same requests would need at best: as many sectors as their
/// distinct bytes fill, one pass per 128 bytes.</param>
public readonly record struct MemoryTraffic(
    long Requests, long BytesRead, long BytesWritten, long Transactions, long MinimumTransactions)
{
    /// <summary>Transactions over their minimum: 1 is perfect.</summary>
    public double Ratio => MinimumTransactions == 0 ? 1 : (double)Transactions / MinimumTransactions;

    /// <summary>The sum of two.</summary>
    /// <param name="a">One.</param>
    /// <param name="b">The other.</param>
    public static MemoryTraffic operator +(MemoryTraffic a, MemoryTraffic b) => a.Add(b);

    /// <summary>The sum with another one.</summary>
    /// <param name="other">The other one.</param>
    public MemoryTraffic Add(MemoryTraffic other) => new(
        Requests + other.Requests, BytesRead + other.BytesRead, BytesWritten + other.BytesWritten,
        Transactions + other.Transactions, MinimumTransactions + other.MinimumTransactions);
}
