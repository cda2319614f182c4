using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>One thread's share of a launch: some resident blocks, run in turn. Workers are kept and reused
/// between launches.</summary>
internal sealed unsafe class Worker(LaunchState launch) : IThreadPoolWorkItem
{
    private readonly List<Cta> _slots = [];
    private Random _random = new(0);
    private long[] _blockRuns = [];
    private NativeBuffer? _caches;
    private int _resident;
    private long _sinceProgress;
    private long _progressMark;
    private int _claimed = 1;
    private int _queued;

    public LaunchState Launch { get; } = launch;

    public PtxProgram Program { get; private set; } = null!;

    /// <summary>The check flags, read by the memory handlers.</summary>
    public EmulatorChecks Checks;

    /// <summary>Address ranges last found for each memory instruction.</summary>
    public AddressRange* Ranges;

    /// <summary>First address of the arena and its "initialised" bits.</summary>
    public ulong ArenaStart;
    public byte* ArenaBits;

    /// <summary>Who accessed which global memory in this launch; null when that is not checked.</summary>
    public GlobalShadow? GlobalShadow;

    public byte* Parameters;
    public int ParameterBytes;
    public bool IsParallel;
    public bool CopiesAreLate;

    /// <summary>What every instruction of a profiled program moved.</summary>
    public AccessCounts[] Accesses = [];

    public long GlobalBytesRead;
    public long GlobalBytesWritten;
    public long SharedBytesRead;
    public long SharedBytesWritten;
    public long BarrierArrivals;

    /// <summary>Arrivals of threads and of bytes at mbarriers, a sign of progress.</summary>
    public long MbarrierEvents;

    /// <summary>Operands of wgmma at hand.</summary>
    public readonly WgmmaPanels Panels = new();
    public long WarpInstructions;
    public long BlocksRun;

    /// <summary>Gets ready for the launch with <paramref name="resident"/> blocks at a time, counted from
    /// slot <paramref name="firstSlot"/>.</summary>
    public void Prepare(int resident, int firstSlot)
    {
        LaunchState launch = Launch;
        (Program, _resident) = (launch.Program, resident);
        Checks = launch.Options.Checks;
        ArenaStart = launch.Memory.ArenaStart;
        ArenaBits = launch.Memory.InitializationBits;
        GlobalShadow = launch.GlobalShadow;
        Parameters = launch.Parameters;
        ParameterBytes = launch.ParameterBytes;
        IsParallel = launch.IsParallel;
        CopiesAreLate = launch.CopiesAreLate;
        (GlobalBytesRead, GlobalBytesWritten, SharedBytesRead, SharedBytesWritten) = (0, 0, 0, 0);
        MbarrierEvents = 0;
        (BarrierArrivals, WarpInstructions, BlocksRun, _sinceProgress, _progressMark) = (0, 0, 0, 0, 0);
        Accesses = Program.ObservedOps.Length > 0 ? new AccessCounts[Program.OpCount] : [];
        PrepareCaches();
        if (launch.Options.Order == WarpOrder.Random)
        {
            _random = new Random(launch.Options.Seed * 31 + firstSlot);
        }
        for (int i = 0; i < resident; i++)
        {
            if (_slots.Count <= i)
            {
                _slots.Add(new Cta(this));
            }
            _slots[i].IsActive = false;
            _slots[i].ReserveWarps();
        }
        FirstSlot = firstSlot;
    }

    private int FirstSlot { get; set; }

    private void PrepareCaches()
    {
        if (_blockRuns.Length < Program.BlockCount)
        {
            _blockRuns = new long[Program.BlockCount];
        }
        Array.Clear(_blockRuns);
        long bytes = (Program.CacheCount + 1L) * sizeof(AddressRange);
        if (_caches is null || _caches.Bytes < bytes)
        {
            _caches?.Free();
            _caches = new NativeBuffer(bytes);
        }
        new Span<byte>(_caches.Pointer, (int)bytes).Clear();
        Ranges = (AddressRange*)_caches.Pointer;
    }

    /// <summary>Offers this worker's share to the thread pool.</summary>
    public void Offer()
    {
        Volatile.Write(ref _claimed, 0);
        // An offer of an earlier launch may still be queued, and serves. Queueing another one for every short
        // launch would make the queue of a busy pool grow without end.
        if (Interlocked.Exchange(ref _queued, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Called by a pool thread. An offer of an earlier launch that comes late may serve the present
    /// one as well.</summary>
    public void Execute()
    {
        Interlocked.Exchange(ref _queued, 0);
        if (Interlocked.Exchange(ref _claimed, 1) == 0)
        {
            Run();
            Launch.SignalDone();
        }
    }

    /// <summary>Takes the offer back if nobody has begun.</summary>
    public void Withdraw()
    {
        if (Interlocked.Exchange(ref _claimed, 1) == 0)
        {
            Launch.SignalDone();
        }
    }

    /// <summary>Runs blocks until none is left or some worker made a finding.</summary>
    public void Run()
    {
        try
        {
            bool any = true;
            while (any && !Launch.IsStopped)
            {
                any = false;
                for (int i = 0; i < _resident && !Launch.IsStopped; i++)
                {
                    any |= RunSlot(i);
                }
            }
        }
        catch (EmulatorFaultException finding)
        {
            Launch.Stop(finding.Fault);
        }
#pragma warning disable CA1031 // An exception on a pool thread would end the process; it is rethrown where the launch was made.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Launch.Fail(failure);
        }
    }

    /// <summary>Adds what this worker counted.</summary>
    public void AddTo(LaunchCounters counters)
    {
        counters.WarpInstructions += WarpInstructions;
        counters.GlobalBytesRead += GlobalBytesRead;
        counters.GlobalBytesWritten += GlobalBytesWritten;
        counters.SharedBytesRead += SharedBytesRead;
        counters.SharedBytesWritten += SharedBytesWritten;
        counters.Barriers += BarrierArrivals;
        counters.Blocks += BlocksRun;
        for (int b = 0; b < Program.BlockCount; b++)
        {
            if (_blockRuns[b] == 0)
            {
                continue;
            }
            int first = Program.IndexOf(Program.Blocks[b].First);
            for (int i = first; i < first + Program.Blocks[b].Count; i++)
            {
                counters.AddOpcode(Program.Opcodes[i], _blockRuns[b]);
                counters.MatrixFlops += Program.MatrixFlops[i] * _blockRuns[b];
            }
        }
    }

    /// <summary>Adds what this worker counted of every instruction.</summary>
    public void AddTo(KernelProfile profile)
    {
        long[] executions = new long[Program.OpCount];
        for (int b = 0; b < Program.BlockCount; b++)
        {
            executions.AsSpan(Program.IndexOf(Program.Blocks[b].First), Program.Blocks[b].Count)
                .Fill(_blockRuns[b]);
        }
        profile.Add(executions, Accesses, BlocksRun, BarrierArrivals);
    }

    private bool RunSlot(int index)
    {
        Cta cta = _slots[index];
        if (!cta.IsActive)
        {
            if (!Launch.TryTakeBlock(out long linear))
            {
                return false;
            }
            cta.Prepare(FirstSlot + index);
            cta.Start(linear);
        }
        RunCta(cta);
        return true;
    }

    private void RunCta(Cta cta)
    {
        EmulatorOptions options = Launch.Options;
        int budget = options.BlockQuantum;
        while (budget > 0)
        {
            Warp? w = NextReady(cta, options.Order);
            if (w is null)
            {
                if (SleepingWarps.Wake(cta))
                {
                    continue;
                }
                FinishOrReport(cta);
                return;
            }
            int quantum = options.Order == WarpOrder.Random ? 1 + _random.Next(512) : options.WarpQuantum;
            int used = RunWarp(w, quantum);
            w.Executed += used;
            budget -= used;
            WatchProgress(cta, w, used);
        }
    }

    private Warp? NextReady(Cta cta, WarpOrder order)
    {
        int count = cta.WarpCount;
        int start = order == WarpOrder.Random ? _random.Next(count) : cta.NextWarp;
        for (int i = 0; i < count; i++)
        {
            int at = (start + i) % count;
            Warp w = cta.Warps[order == WarpOrder.Reverse ? count - 1 - at : at];
            if (w.State == WarpState.Ready)
            {
                cta.NextWarp = (at + 1) % count;
                return w;
            }
        }
        return null;
    }

    private void FinishOrReport(Cta cta)
    {
        if (cta.ExitedWarps < cta.WarpCount)
        {
            SleepingWarps.ReportDeadlock(cta);
        }
        cta.Bulk.Finish();
        SleepingWarps.CheckMbarriers(cta);
        cta.IsActive = false;
        BlocksRun++;
    }

    private void WatchProgress(Cta cta, Warp w, int used)
    {
        WarpInstructions += used;
        long mark = GlobalBytesWritten + SharedBytesWritten + BarrierArrivals + MbarrierEvents + BlocksRun;
        _sinceProgress = mark == _progressMark ? _sinceProgress + used : 0;
        _progressMark = mark;
        if (_sinceProgress > Launch.Options.LivelockLimit && w.State == WarpState.Ready)
        {
            Faults.Raise(w, Program.FirstOp(w.Pc), EmulatorFaultKind.Livelock, w.Active, null,
                $"{_sinceProgress:N0} warp instructions have run without a store, a barrier or an exit");
        }
        if (Launch.Options.InstructionLimit > 0 && WarpInstructions > Launch.Options.InstructionLimit)
        {
            Faults.Raise(cta, EmulatorFaultKind.InstructionLimit,
                $"the launch has used up its limit of {Launch.Options.InstructionLimit:N0} warp instructions");
        }
    }

    /// <summary>Runs a warp until it blocks, exits, yields or has used its quantum; returns the instructions
    /// executed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int RunWarp(Warp w, int quantum)
    {
        BasicBlock* blocks = Program.Blocks;
        int used = 0;
        do
        {
            if ((w.Pc == w.Join || w.Active == 0) && !w.Reconverge())
            {
                BarrierHandlers.WarpExited(w);
                return used;
            }
            BasicBlock* block = blocks + w.Pc;
            _blockRuns[w.Pc]++;
            used += block->Count;
            Op* end = block->End;
            for (Op* op = block->First; op != end; op++)
            {
                op->Handler(w, op);
            }
            switch (block->Kind)
            {
                case BlockEnd.FallThrough:
                    w.Pc = block->Next;
                    break;
                case BlockEnd.Jump:
                    w.Pc = block->Target;
                    break;
                case BlockEnd.Branch:
                    Branch(w, block);
                    break;
                case BlockEnd.Exit:
                    w.Exit(GuardedLanes(w, end));
                    w.Pc = block->Next;
                    break;
                case BlockEnd.Barrier:
                    w.Pc = block->Next;
                    if (BarrierHandlers.Arrive(w, end))
                    {
                        return used;
                    }
                    break;
                case BlockEnd.Wait:
                    end->Handler(w, end);
                    if (w.State != WarpState.Ready)
                    {
                        return used;
                    }
                    break;
                default:
                    end->Handler(w, end);
                    w.Pc = block->Next;
                    return used;
            }
            if (w.YieldRequested && block->IsBackward != 0)
            {
                w.YieldRequested = false;
                return used;
            }
        }
        while (used < quantum);
        return used;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Branch(Warp w, BasicBlock* block)
    {
        uint taken = GuardedLanes(w, block->End);
        if (taken == 0)
        {
            w.Pc = block->Next;
        }
        else if (taken == w.Active)
        {
            w.Pc = block->Target;
        }
        else
        {
            Diverge(w, block, taken);
        }
    }

    /// <summary>
    /// Lanes that branch to a block which only returns end here rather than waiting there for the others, as
    /// they would on hardware: a barrier that the others meet must not take them for live.
    /// </summary>
    private static void Diverge(Warp w, BasicBlock* block, uint taken)
    {
        BasicBlock* blocks = w.Worker.Program.Blocks;
        if (blocks[block->Target].IsReturn)
        {
            w.Exit(taken);
            w.Pc = block->Next;
        }
        else if (blocks[block->Next].IsReturn)
        {
            w.Exit(w.Active & ~taken);
            w.Pc = block->Target;
        }
        else
        {
            w.Diverge(taken, block->Target, block->Next, block->Join);
        }
    }

    /// <summary>The active lanes whose guard predicate lets them execute <paramref name="op"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint GuardedLanes(Warp w, Op* op)
    {
        if (op->Guard == Op.None)
        {
            return w.Active;
        }
        uint predicate = *(uint*)(w.Regs + (op->Guard & ~1));
        return w.Active & ((op->Guard & 1) == 0 ? predicate : ~predicate);
    }
}

/// <summary>An allocation found for a memory instruction: the range, and whether reads need no look at the
/// "initialised" bits.</summary>
internal struct AddressRange
{
    public ulong Start;

    /// <summary>Size; 0 while nothing is known.</summary>
    public ulong Size;

    public bool IsInitialized;
}
