namespace NativeAttention.Testing;

/// <summary>Managed memory that calls allocate on their own thread.</summary>
public static class Allocations
{
    private const int Rounds = 5;

    /// <summary>
    /// Bytes of the least of a few rounds, after one that does not count. What the calls allocate themselves shows in
    /// every round; a queue that grows to its final depth, or a table of the runtime, in one at most.
    /// </summary>
    /// <param name="round">The calls.</param>
    public static long Of(Action round)
    {
        ArgumentNullException.ThrowIfNull(round);
        round();
        long least = long.MaxValue;
        for (int i = 0; i < Rounds; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
