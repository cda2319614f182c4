using System.Numerics;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>
/// Stands before the memory instructions of a profiled program: looks at the addresses, counts what the
/// access costs, and passes on. A program that is not profiled knows nothing of it.
/// </summary>
internal static unsafe class ProfileHandlers
{
    /// <summary>A memory instruction of a profiled program: its own handler, and how to read it.</summary>
    internal readonly struct Observed(delegate*<Warp, Op*, void> handler, PtxSpace space, AccessForm form)
    {
        public readonly delegate*<Warp, Op*, void> Handler = handler;
        public readonly PtxSpace Space = space;
        public readonly AccessForm Form = form;
    }

    /// <summary>The kinds of memory instruction.</summary>
    internal enum AccessForm : byte
    {
        None,
        Load,
        Store,
        Atomic,
        LoadMatrix,
        StoreMatrix,
        AsyncCopy,
    }

    /// <summary>How the instruction of an opcode accesses memory.</summary>
    public static (PtxSpace Space, AccessForm Form) Classify(string opcode)
    {
        string[] parts = opcode.Split('.');
        AccessForm form = parts[0] switch
        {
            "ld" or "ldu" => AccessForm.Load,
            "st" when !parts.Contains("async") && !parts.Contains("bulk") => AccessForm.Store,
            "atom" or "red" when !parts.Contains("async") => AccessForm.Atomic,
            "ldmatrix" => AccessForm.LoadMatrix,
            "stmatrix" => AccessForm.StoreMatrix,
            "cp" when parts is [_, "async", "ca" or "cg", ..] => AccessForm.AsyncCopy,
            _ => AccessForm.None,
        };
        return (InstructionClasses.Space(parts), form);
    }

    /// <summary>Counts, then executes.</summary>
    [SkipLocalsInit]
    public static void Observe(Warp w, Op* op)
    {
        PtxProgram program = w.Worker.Program;
        int index = program.IndexOf(op);
        Observed observed = program.ObservedOps[index];
        uint lanes = Worker.GuardedLanes(w, op);
        if (lanes != 0)
        {
            Count(w, op, observed, lanes, ref w.Worker.Accesses[index]);
        }
        observed.Handler(w, op);
    }

    [SkipLocalsInit]
    private static void Count(Warp w, Op* op, Observed observed, uint lanes, ref AccessCounts counts)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        switch (observed.Form)
        {
            case AccessForm.LoadMatrix or AccessForm.StoreMatrix:
                int matrices = op->Aux & MatrixLoadHandlers.CountMask;
                CountShared(addresses, 16, MatrixLoadHandlers.RowLanes(matrices), observed.Form, ref counts);
                break;
            case AccessForm.AsyncCopy:
                CountCopy(w, op, addresses, lanes, ref counts);
                break;
            case AccessForm.Atomic when observed.Space == PtxSpace.Generic:
            case AccessForm.Load or AccessForm.Store when observed.Space == PtxSpace.Generic:
                CountGeneric(op, addresses, lanes, observed.Form, ref counts);
                break;
            default:
                CountSpace(op, addresses, lanes, observed.Space, observed.Form, ref counts);
                break;
        }
    }

    private static void CountGeneric(Op* op, ulong* addresses, uint lanes, AccessForm form,
        ref AccessCounts counts)
    {
        for (uint rest = lanes; rest != 0;)
        {
            uint same = SmallSpaceHandlers.SameWindow(addresses, rest, out ulong window);
            PtxSpace space = window switch
            {
                SharedLayout.SharedWindow => PtxSpace.Shared,
                SharedLayout.LocalWindow => PtxSpace.Local,
                SharedLayout.ParameterWindow => PtxSpace.Parameter,
                _ => PtxSpace.Global,
            };
            CountSpace(op, addresses, same, space, form, ref counts);
            rest &= ~same;
        }
    }

    private static void CountSpace(Op* op, ulong* addresses, uint lanes, PtxSpace space, AccessForm form,
        ref AccessCounts counts)
    {
        int bytes = Access.Bytes(op->Aux);
        switch (space)
        {
            case PtxSpace.Global:
                int* sizes = stackalloc int[32];
                new Span<int>(sizes, 32).Fill(bytes);
                CountGlobal(addresses, sizes, lanes, form, ref counts);
                break;
            case PtxSpace.Shared:
                CountShared(addresses, bytes, lanes, form, ref counts);
                break;
            case PtxSpace.Local:
                counts.Local += Moved(form, (long)bytes * BitOperations.PopCount(lanes), 0, 0);
                break;
            default:
                counts.Parameter += Moved(form, (long)bytes * BitOperations.PopCount(lanes), 0, 0);
                break;
        }
    }

    [SkipLocalsInit]
    private static void CountCopy(Warp w, Op* op, ulong* sources, uint lanes, ref AccessCounts counts)
    {
        int bytes = Access.Bytes(op->Aux);
        int* sizes = stackalloc int[32];
        for (int lane = 0; lane < 32; lane++)
        {
            sizes[lane] = op->C == Op.None ? bytes : (int)AsyncCopyHandlers.SourceBytes(w, op, lane, bytes);
        }
        CountGlobal(sources, sizes, lanes, AccessForm.Load, ref counts);
        AsyncCopyHandlers.SharedAddresses(w, op, sources);
        CountShared(sources, bytes, lanes, AccessForm.Store, ref counts);
    }

    private static void CountGlobal(ulong* addresses, int* sizes, uint lanes, AccessForm form,
        ref AccessCounts counts)
    {
        long bytes = 0;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            bytes += sizes[BitOperations.TrailingZeroCount(rest)];
        }
        if (bytes > 0)
        {
            (int touched, int minimum) = AccessCost.Sectors(addresses, sizes, lanes);
            counts.Global += Moved(form, bytes, touched, minimum);
        }
    }

    private static void CountShared(ulong* addresses, int bytes, uint lanes, AccessForm form,
        ref AccessCounts counts)
    {
        (int passes, int minimum) =
            AccessCost.Passes(addresses, bytes, lanes, sharesWords: form != AccessForm.Atomic);
        counts.Shared += Moved(form, (long)bytes * BitOperations.PopCount(lanes), passes, minimum);
    }

    private static MemoryTraffic Moved(AccessForm form, long bytes, int transactions, int minimum)
    {
        bool reads = form is not (AccessForm.Store or AccessForm.StoreMatrix);
        bool writes = form is AccessForm.Store or AccessForm.StoreMatrix or AccessForm.Atomic;
        return new MemoryTraffic(1, reads ? bytes : 0, writes ? bytes : 0, transactions, minimum);
    }
}

/// <summary>What one instruction moved.</summary>
internal struct AccessCounts
{
    public MemoryTraffic Global;
    public MemoryTraffic Shared;
    public MemoryTraffic Local;
    public MemoryTraffic Parameter;

    public void Add(in AccessCounts other)
    {
        Global += other.Global;
        Shared += other.Shared;
        Local += other.Local;
        Parameter += other.Parameter;
    }
}
