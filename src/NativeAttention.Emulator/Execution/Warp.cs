namespace NativeAttention.Emulation;

/// <summary>What a warp is doing.</summary>
internal enum WarpState
{
    Ready,
    AtBarrier,

    /// <summary>Asleep in mbarrier.try_wait.</summary>
    AtMbarrier,

    /// <summary>Asleep in setmaxnreg.inc.</summary>
    AtRegisters,

    /// <summary>Asleep in barrier.cluster.wait.</summary>
    AtCluster,
    Exited,
}

/// <summary>
/// The state of one warp: registers as arrays of 32 lanes, the mask of lanes that execute, and the
/// reconvergence stack. The fields that handlers read for every instruction are plain fields on purpose.
/// </summary>
internal sealed unsafe class Warp(Cta cta, int index)
{
    private Entry[] _stack = new Entry[16];
    private int _depth;

    public readonly Cta Cta = cta;
    public readonly int Index = index;
    public readonly AsyncCopyQueue Copies = new();

    /// <summary>Matrix products that have not been waited for.</summary>
    public readonly WgmmaQueue Products = new();

    /// <summary>What is ordered before the next access of the warp.</summary>
    public readonly WarpClock Clock = new(cta, index);

    /// <summary>Base of the register slots.</summary>
    public byte* Regs;

    /// <summary>Lanes that execute the current instruction.</summary>
    public uint Active;

    /// <summary>Lanes that have not exited.</summary>
    public uint Live;

    /// <summary>Block to run next.</summary>
    public int Pc;

    /// <summary>Block at which the current lanes meet those that wait below on the stack.</summary>
    public int Join;

    public WarpState State;

    /// <summary>Barrier the warp waits at, and the instruction that brought it there.</summary>
    public int Barrier;
    public Op* BarrierOp;

    /// <summary>Shared memory, biased so that a shared address can be added to it.</summary>
    public byte* Shared;

    /// <summary>Size of the shared memory after <see cref="SharedLayout.FirstOffset"/>.</summary>
    public uint SharedBytes;

    /// <summary>Thread-local memory: <see cref="LocalBytes"/> per lane.</summary>
    public byte* Local;
    public int LocalBytes;

    /// <summary>The worker that runs the warp.</summary>
    public Worker Worker = null!;

    /// <summary>True when a sleep in mbarrier.try_wait has ended without the phase: the instruction then
    /// gives false.</summary>
    public bool HasTimedOut;

    /// <summary>Makes the warp stop after this block, so that others run.</summary>
    public bool YieldRequested;

    /// <summary>Executed instructions, for <c>%clock</c>.</summary>
    public long Executed;

    private struct Entry
    {
        public int Pc;
        public int Join;
        public uint Mask;
    }

    /// <summary>Starts the warp at the first block with the given lanes.</summary>
    public void Start(uint lanes)
    {
        Active = lanes;
        Live = lanes;
        Pc = 0;
        Join = -1;
        _depth = 0;
        Executed = 0;
        YieldRequested = false;
        HasTimedOut = false;
        State = WarpState.Ready;
        Copies.Clear();
        Products.Clear();
    }

    /// <summary>Takes a divergent branch: some active lanes go on at <paramref name="target"/>, the others at
    /// <paramref name="next"/>.</summary>
    public void Diverge(uint taken, int target, int next, int join)
    {
        uint rest = Active & ~taken;
        if (Join != join)
        {
            // Otherwise the entry below already waits at the same join for these lanes too.
            Push(new Entry { Pc = join, Join = Join, Mask = Active });
        }
        Join = join;
        if (next == join)
        {
            (Pc, Active) = (target, taken);
            return;
        }
        if (target != join)
        {
            Push(new Entry { Pc = target, Join = join, Mask = taken });
        }
        (Pc, Active) = (next, rest);
    }

    /// <summary>Goes on with the lanes that wait once the current ones have reached their join; false when no
    /// lane is left.</summary>
    public bool Reconverge()
    {
        while (Pc == Join || Active == 0)
        {
            if (_depth == 0)
            {
                return Active != 0;
            }
            Entry entry = _stack[--_depth];
            Pc = entry.Pc;
            Join = entry.Join;
            Active = entry.Mask & Live;
        }
        return true;
    }

    /// <summary>Leaves a wait for the block after it.</summary>
    public void GoOn() => Pc = Worker.Program.Blocks[Pc].Next;

    /// <summary>Lets the lanes on the other side of a divergent branch run, while the current ones spin.</summary>
    public void Rotate()
    {
        int sibling = _depth - 1;
        if (sibling >= 0 && _stack[sibling].Join == Join && (_stack[sibling].Mask & Live) != 0)
        {
            Entry other = _stack[sibling];
            _stack[sibling] = new Entry { Pc = Pc, Join = Join, Mask = Active };
            (Pc, Active) = (other.Pc, other.Mask & Live);
        }
    }

    /// <summary>Ends the given lanes.</summary>
    public void Exit(uint lanes)
    {
        Live &= ~lanes;
        Active &= ~lanes;
    }

    private void Push(Entry entry)
    {
        if (_depth == _stack.Length)
        {
            Array.Resize(ref _stack, _depth * 2);
        }
        _stack[_depth++] = entry;
    }
}
