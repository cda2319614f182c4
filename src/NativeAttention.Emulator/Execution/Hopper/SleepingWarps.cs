namespace NativeAttention.Emulation;

/// <summary>What to do when no warp of a block is ready: some may sleep at mbarriers.</summary>
internal static unsafe class SleepingWarps
{
    /// <summary>Rounds in which every sleeper has tried once more and nothing at all happened.</summary>
    private const int Patience = 2;

    /// <summary>
    /// Lets copies arrive that sleepers wait for; without any, ends the sleep of all, since try_wait may give
    /// false after a time. False when that has been tried in vain.
    /// </summary>
    public static bool Wake(Cta cta)
    {
        if (cta.Bulk.DeliverToSleepers())
        {
            return true;
        }
        Worker worker = cta.Worker;
        long mark = worker.MbarrierEvents + worker.BarrierArrivals + worker.GlobalBytesRead
            + worker.GlobalBytesWritten + worker.SharedBytesRead + worker.SharedBytesWritten
            + (cta.ExitedWarps * (1L << 40));
        cta.IdleRounds = mark == cta.IdleMark ? cta.IdleRounds + 1 : 0;
        cta.IdleMark = mark;
        bool any = false;
        for (int i = 0; i < cta.WarpCount && cta.IdleRounds < Patience; i++)
        {
            Warp w = cta.Warps[i];
            if (w.State == WarpState.AtMbarrier)
            {
                MbarrierHandlers.Wake(cta, i);
                w.HasTimedOut = true;
                any = true;
            }
        }
        return any;
    }

    /// <summary>Reports that the warps left can never run again.</summary>
    public static void ReportDeadlock(Cta cta)
    {
        Warp stuck = cta.Warps.Find(
            w => w.State is WarpState.AtMbarrier or WarpState.AtRegisters or WarpState.AtCluster)
            ?? cta.Warps.Find(w => w.State == WarpState.AtBarrier)!;
        string what = stuck.State != WarpState.AtBarrier ? $"warp {stuck.Index} {Describe(stuck)}"
            : $"the warps at barrier {stuck.Barrier} wait for arrivals that never come";
        Faults.Raise(stuck, stuck.BarrierOp, EmulatorFaultKind.Deadlock, stuck.Live, null,
            $"no warp of the block can run: {what}");
    }

    /// <summary>What a sleeping warp waits for.</summary>
    public static string Describe(Warp w) =>
        w.State == WarpState.AtMbarrier ? MbarrierHandlers.Describe(w)
            : w.State == WarpState.AtRegisters ? RegisterPool.Describe(w) : ClusterBarrier.Describe(w);

    /// <summary>A block must not end with bytes missing at an mbarrier, or too many.</summary>
    public static void CheckMbarriers(Cta cta)
    {
        foreach (Mbarrier mbarrier in cta.Mbarriers.Live)
        {
            if (mbarrier.Bytes != 0)
            {
                Faults.Raise(cta, EmulatorFaultKind.MbarrierMisuse, $"the block has ended with {mbarrier}");
            }
        }
    }
}
