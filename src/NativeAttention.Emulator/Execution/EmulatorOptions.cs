namespace NativeAttention.Emulation;

/// <summary>
/// How an emulated device behaves. Valid by default; changed by <c>with</c>. The same options, PTX and inputs
/// on one thread replay the same execution.
/// </summary>
public sealed record EmulatorOptions
{
    /// <summary>The default options: an <c>sm_80</c> device with four multiprocessors and every check
    /// on.</summary>
    public static EmulatorOptions Default { get; } = new();

    /// <summary>The architectures that can be emulated.</summary>
    public static IReadOnlyList<string> Targets => DeviceProperties.Targets;

    /// <summary>The architecture of the device: <c>sm_80</c>, <c>sm_86</c>, <c>sm_89</c>, <c>sm_90</c> or
    /// <c>sm_90a</c>.</summary>
    public string Target { get; init; } = "sm_80";

    /// <summary>Number of multiprocessors; together with <see cref="CtasPerSm"/> it bounds the blocks that
    /// run at a time.</summary>
    public int SmCount { get; init; } = 4;

    /// <summary>Number of blocks resident on one multiprocessor.</summary>
    public int CtasPerSm { get; init; } = 1;

    /// <summary>
    /// Operating-system threads that share the resident blocks, never more than there are processors. 0 takes
    /// the number of processors; 1 is deterministic.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>Seed of every random choice of the scheduler and of
    /// <see cref="AsyncCopyMode.BySeed"/>.</summary>
    public int Seed { get; init; }

    /// <summary>The checks that are made at run time.</summary>
    public EmulatorChecks Checks { get; init; } = EmulatorChecks.All;

    /// <summary>
    /// Whether launches count what every PTX statement does, memory traffic included: see
    /// <see cref="KernelProfile"/>. Costs nothing while it is off.
    /// </summary>
    public bool Profile { get; init; }

    /// <summary>
    /// Demands a <c>bar.warp.sync</c> or a barrier between conflicting accesses of different lanes of one warp to shared
    /// memory, as code for independently scheduled threads needs. Off by default, since kernels whose warps never diverge
    /// run right without; slow.
    /// </summary>
    public bool StrictWarp { get; init; }

    /// <summary>When asynchronous copies arrive.</summary>
    public AsyncCopyMode AsyncCopies { get; init; } = AsyncCopyMode.BySeed;

    /// <summary>When stream work runs.</summary>
    public StreamMode Streams { get; init; } = StreamMode.Eager;

    /// <summary>How the next warp is picked.</summary>
    public WarpOrder Order { get; init; } = WarpOrder.RoundRobin;

    /// <summary>Warp instructions after which a running warp gives way to the next one of its
    /// block.</summary>
    public int WarpQuantum { get; init; } = 20_000;

    /// <summary>Warp instructions after which a running block gives way to the next resident one.</summary>
    public int BlockQuantum { get; init; } = 2_000_000;

    /// <summary>
    /// Warp instructions of one worker thread without any store, barrier or exit after which a launch counts
    /// as livelocked.
    /// </summary>
    public long LivelockLimit { get; init; } = 200_000_000;

    /// <summary>Warp instructions one worker thread may run in a launch; 0 sets no limit.</summary>
    public long InstructionLimit { get; init; }

    /// <summary>Clock value at which the clocks of a block are set back; smaller only in tests.</summary>
    internal uint ClockLimit { get; init; } = EventTag.MaximumClock;

    /// <summary>Bytes of address space reserved for device memory; pages are committed when they are first
    /// used.</summary>
    public long MemoryBytes { get; init; } = 8L << 30;

    /// <summary>Bytes of freed allocations that are kept unusable, so that late accesses are seen, before the
    /// oldest are reused.</summary>
    public long QuarantineBytes { get; init; } = 512L << 20;
}
