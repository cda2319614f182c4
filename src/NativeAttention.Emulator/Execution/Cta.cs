using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>A block that is resident: its warps, shared memory with its shadow, and barriers. Reused for one
/// block after another.</summary>
internal sealed unsafe class Cta
{
    private NativeBuffer? _registers;
    private NativeBuffer? _shared;
    private NativeBuffer? _local;
    private PtxProgram? _filledProgram;
    private (uint, uint, uint) _filledBlock;
    private (uint, uint, uint) _filledGrid;
    private int _filledShared;
    private int _filledSlot;
    private EmulatorOptions? _filledOptions;

    public Cta(Worker worker)
    {
        Worker = worker;
        Bulk = new BulkQueue(this);
        Mbarriers = new MbarrierTable(this);
        Cluster = new ClusterBarrier(Clocks);
        Shadow = new SharedShadow(this);
        Flags = new BlockFlags(Clocks);
        Barriers = [.. Enumerable.Range(0, 16).Select(_ => new BarrierState(Clocks.NewVector()))];
    }

    public Worker Worker { get; }

    /// <summary>What orders the accesses of the block's warps.</summary>
    public CtaClocks Clocks { get; } = new();

    /// <summary>Checks the accesses to shared memory.</summary>
    public SharedShadow Shadow { get; }

    /// <summary>Checks the lanes of each warp against each other; null unless that is asked for.</summary>
    public LaneShadow? Lanes { get; private set; }

    /// <summary>Flags and counters through which the block's warps synchronise.</summary>
    public BlockFlags Flags { get; }

    /// <summary>Number of the block among all blocks that ran on its device memory.</summary>
    public uint Serial { get; set; }

    public BarrierState[] Barriers { get; }

    /// <summary>The mbarriers that are live.</summary>
    public MbarrierTable Mbarriers { get; }

    /// <summary>The bulk copies that nobody has waited for.</summary>
    public BulkQueue Bulk { get; }

    /// <summary>What the warps of each warpgroup have multiplied, which must be the same.</summary>
    public WarpgroupLog Warpgroups { get; } = new();

    /// <summary>The barrier of the cluster, which is this block.</summary>
    public ClusterBarrier Cluster { get; }

    /// <summary>The registers that setmaxnreg moves between warps.</summary>
    public RegisterPool Registers { get; } = new();

    public List<Warp> Warps { get; } = [];

    public int WarpCount { get; private set; }

    public int ExitedWarps { get; set; }

    /// <summary>What had happened when no warp could run last, and how often that was so in a row.</summary>
    public long IdleMark { get; set; }
    public int IdleRounds { get; set; }

    /// <summary>Index of the warp that runs next in round-robin order.</summary>
    public int NextWarp { get; set; }

    public uint X { get; private set; }

    public uint Y { get; private set; }

    public uint Z { get; private set; }

    public bool IsActive { get; set; }

    /// <summary>Makes the warps a launch needs, on the thread of the caller.</summary>
    public void ReserveWarps()
    {
        WarpCount = (Worker.Launch.ThreadsPerBlock + 31) / 32;
        while (Warps.Count < WarpCount)
        {
            Warps.Add(new Warp(this, Warps.Count) { Worker = Worker });
        }
    }

    /// <summary>Takes the shape of a launch: memory is (re)allocated where it is too small, launch-wide
    /// registers are filled.</summary>
    public void Prepare(int slot)
    {
        LaunchState launch = Worker.Launch;
        PtxProgram program = launch.Program;
        bool moved = EnsureBuffer(ref _registers, (long)program.RegisterBytes * WarpCount);
        EnsureBuffer(ref _local, 32L * launch.Kernel.LocalBytes * WarpCount);
        PrepareShared(launch.SharedBytes);
        for (int i = 0; i < WarpCount; i++)
        {
            Warps[i].Regs = _registers!.Pointer + ((long)program.RegisterBytes * i);
            Warps[i].Local = _local!.Pointer + (32L * launch.Kernel.LocalBytes * i);
            Warps[i].LocalBytes = launch.Kernel.LocalBytes;
        }
        if (moved || _filledProgram != program || _filledBlock != launch.Block || _filledGrid != launch.Grid
            || _filledShared != launch.SharedBytes || _filledSlot != slot || _filledOptions != launch.Options)
        {
            FillLaunchRegisters(program, slot);
            (_filledProgram, _filledBlock, _filledGrid) = (program, launch.Block, launch.Grid);
            (_filledShared, _filledSlot, _filledOptions) = (launch.SharedBytes, slot, launch.Options);
        }
    }

    /// <summary>Starts block number <paramref name="linear"/>.</summary>
    public void Start(long linear)
    {
        LaunchState launch = Worker.Launch;
        X = (uint)(linear % launch.Grid.X);
        Y = (uint)(linear / launch.Grid.X % launch.Grid.Y);
        Z = (uint)(linear / launch.Grid.X / launch.Grid.Y);
        IsActive = true;
        ExitedWarps = 0;
        NextWarp = 0;
        (IdleMark, IdleRounds) = (-1, 0);
        foreach (BarrierState barrier in Barriers)
        {
            barrier.Reset();
        }
        Mbarriers.Clear();
        Bulk.Clear();
        Worker.Panels.Changes++;
        Warpgroups.Start();
        Cluster.Start(WarpCount);
        Registers.Start(launch.Kernel.RegisterBound);
        ClearShared(launch.SharedBytes);
        for (int i = 0; i < WarpCount; i++)
        {
            StartWarp(Warps[i], launch);
        }
        Lanes = launch.Options.StrictWarp ? Lanes ?? new LaneShadow() : null;
        Lanes?.Start(launch.SharedBytes);
        Shadow.Start();
        Flags.Start();
        Serial = launch.FirstSerial + (uint)linear;
        Clocks.Start(this, launch.Options);
    }

    private void StartWarp(Warp w, LaunchState launch)
    {
        int first = w.Index * 32;
        int threads = Math.Min(32, launch.ThreadsPerBlock - first);
        w.Start(threads == 32 ? uint.MaxValue : (1u << threads) - 1);
        foreach ((int offset, int bytes) in launch.Program.Undefined)
        {
            NativeMemory.Fill(w.Regs + offset, (nuint)bytes, SharedLayout.Poison);
        }
        foreach ((int offset, SpecialRegister register, bool isWide) in launch.Program.SpecialRegisters)
        {
            if (register is SpecialRegister.CtaidX or SpecialRegister.CtaidY or SpecialRegister.CtaidZ)
            {
                uint value = register == SpecialRegister.CtaidX ? X : register == SpecialRegister.CtaidY ? Y
                    : Z;
                Broadcast(w.Regs + offset, value, isWide);
            }
        }
    }

    private void PrepareShared(int bytes)
    {
        // Room for the bias of the first offset is not needed: the pointers are biased instead.
        EnsureBuffer(ref _shared, ((bytes + 255) & ~255) + 256);
        Shadow.Prepare(bytes, Worker.Program.HasAsyncReaders, Worker.Checks);
        for (int i = 0; i < WarpCount; i++)
        {
            Warps[i].Shared = _shared!.Pointer - SharedLayout.FirstOffset;
            Warps[i].SharedBytes = (uint)bytes;
        }
    }

    private void ClearShared(int bytes)
    {
        NativeMemory.Fill(_shared!.Pointer, (nuint)((bytes + 255) & ~255), SharedLayout.Poison);
    }

    private void FillLaunchRegisters(PtxProgram program, int slot)
    {
        LaunchState launch = Worker.Launch;
        for (int i = 0; i < WarpCount; i++)
        {
            byte* registers = Warps[i].Regs;
            foreach ((int offset, ulong bits, bool isWide) in program.Constants)
            {
                Broadcast(registers + offset, bits, isWide);
            }
            foreach ((int offset, SpecialRegister register, bool isWide) in program.SpecialRegisters)
            {
                for (int lane = 0; lane < 32; lane++)
                {
                    uint value = SpecialValue(register, launch, i, lane, slot);
                    if (isWide)
                    {
                        ((ulong*)(registers + offset))[lane] = value;
                    }
                    else
                    {
                        ((uint*)(registers + offset))[lane] = value;
                    }
                }
            }
        }
    }

    private static void Broadcast(byte* slot, ulong bits, bool isWide)
    {
        if (isWide)
        {
            new Span<ulong>(slot, 32).Fill(bits);
        }
        else
        {
            new Span<uint>(slot, 32).Fill((uint)bits);
        }
    }

    private uint SpecialValue(SpecialRegister register, LaunchState launch, int warp, int lane, int slot)
    {
        uint thread = (uint)((warp * 32) + lane);
        (uint x, uint y, uint z) = launch.Block;
        return register switch
        {
            SpecialRegister.TidX => thread % x,
            SpecialRegister.TidY => thread / x % y,
            SpecialRegister.TidZ => thread / (x * y),
            SpecialRegister.NtidX => x,
            SpecialRegister.NtidY => y,
            SpecialRegister.NtidZ => z,
            SpecialRegister.NctaidX => launch.Grid.X,
            SpecialRegister.NctaidY => launch.Grid.Y,
            SpecialRegister.NctaidZ => launch.Grid.Z,
            SpecialRegister.LaneId => (uint)lane,
            SpecialRegister.WarpId => (uint)warp,
            SpecialRegister.NwarpId => (uint)WarpCount,
            SpecialRegister.SmId => (uint)(slot / launch.Options.CtasPerSm),
            SpecialRegister.NsmId => (uint)launch.Options.SmCount,
            SpecialRegister.LaneMaskEq => 1u << lane,
            SpecialRegister.LaneMaskLt => (1u << lane) - 1,
            SpecialRegister.LaneMaskLe => (2u << lane) - 1,
            SpecialRegister.LaneMaskGt => ~((2u << lane) - 1),
            SpecialRegister.LaneMaskGe => ~((1u << lane) - 1),
            SpecialRegister.DynamicSharedBytes => (uint)launch.DynamicSharedBytes,
            SpecialRegister.TotalSharedBytes => (uint)launch.SharedBytes,
            SpecialRegister.One => 1,
            _ => 0,
        };
    }

    private static bool EnsureBuffer(ref NativeBuffer? buffer, long bytes)
    {
        if (buffer is not null && buffer.Bytes >= bytes)
        {
            return false;
        }
        buffer?.Free();
        buffer = new NativeBuffer(bytes);
        return true;
    }
}
