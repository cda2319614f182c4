using System.Runtime.ExceptionServices;

namespace NativeAttention.Emulation;

/// <summary>
/// What all workers of one launch share, and the workers themselves. Kept in a pool and used again, so that a
/// launch allocates nothing once things are warm. The caller's thread always takes part; others join from the
/// thread pool. A worker that no pool thread has begun when the caller has run out of blocks is withdrawn
/// instead of being waited for.
/// </summary>
internal sealed unsafe class LaunchState
{
    private static readonly Stack<LaunchState> _idle = new();
    private static readonly Lock _gate = new();

    private readonly List<Worker> _workers = [];
    private readonly object _done = new();
    private int _running;
    private long _nextBlock;
    private EmulatorFault? _fault;
    private ExceptionDispatchInfo? _failure;

    private LaunchState()
    {
    }

    public PtxProgram Program { get; private set; } = null!;

    public PtxKernel Kernel { get; private set; } = null!;

    public EmulatorOptions Options { get; private set; } = null!;

    public DeviceMemory Memory { get; private set; } = null!;

    /// <summary>The allocations at the time of the launch.</summary>
    public DeviceAllocation[] Allocations { get; private set; } = [];

    public (uint X, uint Y, uint Z) Grid { get; private set; }

    public (uint X, uint Y, uint Z) Block { get; private set; }

    public int DynamicSharedBytes { get; private set; }

    public int SharedBytes { get; private set; }

    public byte* Parameters { get; private set; }

    public int ParameterBytes { get; private set; }

    /// <summary>True when asynchronous copies arrive at the wait.</summary>
    public bool CopiesAreLate { get; private set; }

    /// <summary>True when several threads run the launch.</summary>
    public bool IsParallel { get; private set; }

    public long BlockCount { get; private set; }

    /// <summary>Who accessed which global memory in this launch; null when that is not checked.</summary>
    public GlobalShadow? GlobalShadow { get; private set; }

    /// <summary>Serial number of the first block.</summary>
    public uint FirstSerial { get; private set; }

    public int ThreadsPerBlock { get; private set; }

    /// <summary>The first finding; it stops every worker.</summary>
    public EmulatorFault? Fault => Volatile.Read(ref _fault);

    /// <summary>True when the workers must give up.</summary>
    public bool IsStopped => Fault is not null || Volatile.Read(ref _failure) is not null;

    public static LaunchState Rent()
    {
        lock (_gate)
        {
            return _idle.TryPop(out LaunchState? idle) ? idle : new LaunchState();
        }
    }

    public void Return()
    {
        // The allocation table may be large and the fault's owner is the caller now; the kernel stays for the
        // next launch of the same one.
        (Memory, Allocations, _fault, _failure) = (null!, [], null, null);
        GlobalShadow = null;
        lock (_gate)
        {
            _idle.Push(this);
        }
    }

    /// <summary>Runs every block of the request to its end, or to the first finding.</summary>
    public void Run(DeviceMemory memory, LaunchRequest request, EmulatorOptions options, byte* parameters)
    {
        (Kernel, Options, Memory) = (request.Kernel, options, memory);
        Program = request.Profile is null ? Kernel.Program : Kernel.Program.Profiled;
        (Grid, Block, Allocations) = (request.Grid, request.Block, memory.Snapshot);
        DynamicSharedBytes = request.DynamicSharedBytes;
        SharedBytes = Kernel.StaticSharedBytes + DynamicSharedBytes;
        Parameters = parameters;
        ParameterBytes = request.Parameters.Length;
        BlockCount = (long)Grid.X * Grid.Y * Grid.Z;
        ThreadsPerBlock = (int)(Block.X * Block.Y * Block.Z);
        CopiesAreLate = options.AsyncCopies == AsyncCopyMode.Late
            || (options.AsyncCopies == AsyncCopyMode.BySeed && (options.Seed & 1) != 0);
        (_nextBlock, _fault, _failure) = (0, null, null);
        int resident = (int)Math.Min(BlockCount, Math.Max(1, options.SmCount * options.CtasPerSm));
        // Never more than processors: while those spin, the thread pool holds further threads back for seconds, and
        // blocks that wait for one of theirs would look livelocked.
        int threads = options.Threads > 0
            ? Math.Min(options.Threads, Environment.ProcessorCount)
            : Environment.ProcessorCount;
        WorkerCount = Math.Clamp(threads, 1, resident);
        IsParallel = WorkerCount > 1;
        bool tracksGlobal = (options.Checks & EmulatorChecks.GlobalRaces) != 0;
        GlobalShadow = tracksGlobal ? memory.Shadow : null;
        FirstSerial = GlobalShadow?.Begin(BlockCount) ?? 0;
        PrepareWorkers(resident);
        RunWorkers();
        _failure?.Throw();
    }

    public void AddTo(LaunchCounters counters)
    {
        for (int i = 0; i < WorkerCount; i++)
        {
            _workers[i].AddTo(counters);
        }
    }

    public void AddTo(KernelProfile profile)
    {
        profile.AddLaunch();
        for (int i = 0; i < WorkerCount; i++)
        {
            _workers[i].AddTo(profile);
        }
    }

    public void Stop(EmulatorFault fault) => Interlocked.CompareExchange(ref _fault, fault, null);

    /// <summary>Stops the launch because of an error in the emulator itself.</summary>
    public void Fail(Exception failure) =>
        Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);

    public bool TryTakeBlock(out long linear)
    {
        linear = Interlocked.Increment(ref _nextBlock) - 1;
        return linear < BlockCount;
    }

    /// <summary>Says that a share has ended or been withdrawn.</summary>
    public void SignalDone()
    {
        lock (_done)
        {
            _running--;
            Monitor.PulseAll(_done);
        }
    }

    private int WorkerCount { get; set; }

    private void PrepareWorkers(int resident)
    {
        int slot = 0;
        for (int i = 0; i < WorkerCount; i++)
        {
            if (i == _workers.Count)
            {
                _workers.Add(new Worker(this));
            }
            int share = (resident - slot) / (WorkerCount - i);
            _workers[i].Prepare(share, slot);
            slot += share;
        }
    }

    private void RunWorkers()
    {
        if (WorkerCount == 1)
        {
            _workers[0].Run();
            return;
        }
        _running = WorkerCount - 1;
        for (int i = 1; i < WorkerCount; i++)
        {
            _workers[i].Offer();
        }
        _workers[0].Run();
        for (int i = 1; i < WorkerCount; i++)
        {
            _workers[i].Withdraw();
        }
        lock (_done)
        {
            while (_running > 0)
            {
                Monitor.Wait(_done);
            }
        }
    }
}
