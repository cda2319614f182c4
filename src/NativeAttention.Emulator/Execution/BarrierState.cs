namespace NativeAttention.Emulation;

/// <summary>One of the sixteen barriers of a block.</summary>
internal sealed class BarrierState(EventVector arrivals)
{
    /// <summary>What the warps that have arrived know.</summary>
    public EventVector Arrivals { get; } = arrivals;

    /// <summary>What the warps that have arrived have fenced for other blocks.</summary>
    public RemoteKnowledge? Published { get; set; }

    /// <summary>Threads the current phase expects; 0 while nobody has arrived.</summary>
    public int Expected;

    /// <summary>True when the threads expected were given by the instruction rather than being the whole
    /// block.</summary>
    public bool HasCount;

    /// <summary>Threads that have arrived.</summary>
    public int Arrived;

    /// <summary>Warps that wait.</summary>
    public uint Waiting;

    /// <summary>True when the phase is one of <c>bar.red</c>.</summary>
    public bool IsReduction;

    /// <summary>Threads whose predicate was true.</summary>
    public int Votes;

    /// <summary>Threads that voted.</summary>
    public int Voters;

    public void Reset()
    {
        (Expected, Arrived, Waiting, Votes, Voters) = (0, 0, 0, 0, 0);
        (HasCount, IsReduction) = (false, false);
        Arrivals.Clear();
        Published = null;
    }
}
