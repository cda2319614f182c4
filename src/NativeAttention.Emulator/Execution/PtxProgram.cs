using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>The special registers that are filled before a warp starts.</summary>
internal enum SpecialRegister
{
    TidX, TidY, TidZ,
    NtidX, NtidY, NtidZ,
    CtaidX, CtaidY, CtaidZ,
    NctaidX, NctaidY, NctaidZ,
    LaneId, WarpId, NwarpId, SmId, NsmId, GridId,
    LaneMaskEq, LaneMaskLt, LaneMaskLe, LaneMaskGt, LaneMaskGe,
    DynamicSharedBytes, TotalSharedBytes,

    /// <summary>What the ranks and sizes of clusters of one block are.</summary>
    Zero, One,
}

/// <summary>The executable form of a kernel. Immutable; shared by all workers and launches.</summary>
internal sealed unsafe class PtxProgram
{
    private readonly (int Line, int Start, int End)[] _statements;
    private readonly string _text;
    private NativeBuffer _ops;
    private NativeBuffer _blocks;
    private PtxProgram? _profiled;
    private readonly NativeBuffer _lists;

    public PtxProgram(
        string module,
        string kernel,
        string text,
        (int Line, int Start, int End)[] statements,
        ReadOnlySpan<Op> ops,
        ReadOnlySpan<BasicBlock> blocks,
        ReadOnlySpan<int> lists)
    {
        (Module, Kernel, _text, _statements) = (module, kernel, text, statements);
        _ops = new NativeBuffer(ops.Length * (long)sizeof(Op) + 64);
        _blocks = new NativeBuffer(blocks.Length * (long)sizeof(BasicBlock));
        _lists = new NativeBuffer(lists.Length * sizeof(int) + 64L);
        ops.CopyTo(new Span<Op>(_ops.Pointer, ops.Length));
        blocks.CopyTo(new Span<BasicBlock>(_blocks.Pointer, blocks.Length));
        lists.CopyTo(new Span<int>(_lists.Pointer, lists.Length));
        BlockCount = blocks.Length;
        OpCount = ops.Length;
        Relocate();
    }

    public string Module { get; }

    public string Kernel { get; }

    public int BlockCount { get; }

    public int OpCount { get; }

    public BasicBlock* Blocks => (BasicBlock*)_blocks.Pointer;

    /// <summary>Bytes of the register slots of a warp.</summary>
    public required int RegisterBytes { get; init; }

    /// <summary>Constant slots: offset, bits, and whether the slot holds 64-bit lanes.</summary>
    public required (int Offset, ulong Bits, bool IsWide)[] Constants { get; init; }

    /// <summary>Slots of special registers.</summary>
    public required (int Offset, SpecialRegister Register, bool IsWide)[] SpecialRegisters { get; init; }

    /// <summary>Slots of registers that may be read before they are written: poisoned when a warp
    /// starts.</summary>
    public required (int Offset, int Bytes)[] Undefined { get; init; }

    /// <summary>The same registers by name, with the first statement that may read each too early.</summary>
    public required (int Statement, string Register)[] UndefinedReads { get; init; }

    /// <summary>Most 32-bit registers that are live at one point.</summary>
    public required int RegisterEstimate { get; init; }

    /// <summary>True when an instruction reads shared memory asynchronously: <c>wgmma</c>, bulk and tensor
    /// stores.</summary>
    public bool HasAsyncReaders { get; init; }

    /// <summary>Number of address caches that the memory instructions use.</summary>
    public required int CacheCount { get; init; }

    /// <summary>Opcode of every instruction, in the order of the instructions.</summary>
    public required string[] Opcodes { get; init; }

    /// <summary>Floating-point operations of every instruction that is an <c>mma</c>, else 0.</summary>
    public required int[] MatrixFlops { get; init; }

    public (int Line, string Statement) Statement(int index)
    {
        (int line, int start, int end) = _statements[index];
        return (line, PtxPlace.Fold(_text[start..end]));
    }

    /// <summary>A warning about a statement.</summary>
    public PtxDiagnostic Warn(int statement, string message)
    {
        (int line, int start, int end) = _statements[statement];
        return PtxPlace.Of(_text, line, (start, end), message) with { IsError = false };
    }

    public Op* FirstOp(int block) => Blocks[block].First;

    public int IndexOf(Op* op) => (int)(op - (Op*)_ops.Pointer);

    /// <summary>True when two instructions stand for one statement of the text.</summary>
    public bool IsSameStatement(int a, int b) => _statements[a] == _statements[b];

    /// <summary>True when the other program was made from the same kernel of the same text.</summary>
    public bool HasTextOf(PtxProgram other) => Kernel == other.Kernel && _text == other._text;

    /// <summary>The memory instructions of a profiled program; empty in others.</summary>
    internal ProfileHandlers.Observed[] ObservedOps { get; private set; } = [];

    /// <summary>The same program with an observer before every memory instruction; made when first asked
    /// for.</summary>
    public PtxProgram Profiled
    {
        get
        {
            lock (_statements)
            {
                return _profiled ??= CopyWithObservers();
            }
        }
    }

    private PtxProgram CopyWithObservers()
    {
        PtxProgram copy = (PtxProgram)MemberwiseClone();
        copy._ops = _ops.Copy();
        copy._blocks = _blocks.Copy();
        copy.ObservedOps = new ProfileHandlers.Observed[OpCount];
        Op* ops = (Op*)copy._ops.Pointer;
        for (int i = 0; i < OpCount; i++)
        {
            (PtxSpace space, ProfileHandlers.AccessForm form) = ProfileHandlers.Classify(Opcodes[i]);
            if (form != ProfileHandlers.AccessForm.None)
            {
                copy.ObservedOps[i] = new ProfileHandlers.Observed(ops[i].Handler, space, form);
                ops[i].Handler = &ProfileHandlers.Observe;
            }
        }
        for (int b = 0; b < BlockCount; b++)
        {
            copy.Blocks[b].First = ops + IndexOf(Blocks[b].First);
            copy.Blocks[b].End = ops + IndexOf(Blocks[b].End);
        }
        return copy;
    }

    /// <summary>Ops and blocks are built with indices where pointers belong; list index n is stored as n +
    /// 1.</summary>
    private void Relocate()
    {
        Op* ops = (Op*)_ops.Pointer;
        for (int i = 0; i < OpCount; i++)
        {
            ops[i].List = ops[i].List is null ? null : (int*)_lists.Pointer + ((nint)ops[i].List - 1);
        }
        for (int i = 0; i < BlockCount; i++)
        {
            Blocks[i].First = ops + (nint)Blocks[i].First;
            Blocks[i].End = ops + (nint)Blocks[i].End;
        }
    }
}

/// <summary>64-byte aligned host memory, freed with its owner.</summary>
internal sealed unsafe class NativeBuffer
{
    public NativeBuffer(long bytes)
    {
        Bytes = Math.Max(bytes, 64);
        Pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, 64);
    }

    ~NativeBuffer() => Release();

    public byte* Pointer { get; private set; }

    public long Bytes { get; }

    /// <summary>Another buffer with the same bytes.</summary>
    public NativeBuffer Copy()
    {
        NativeBuffer copy = new(Bytes);
        NativeMemory.Copy(Pointer, copy.Pointer, (nuint)Bytes);
        return copy;
    }

    /// <summary>Frees the memory now rather than when the owner is collected.</summary>
    public void Free() => Release();

    private void Release()
    {
        // A null pointer is ignored, so freeing twice is harmless.
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}
