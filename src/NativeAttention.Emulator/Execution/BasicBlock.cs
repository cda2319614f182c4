using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>How a basic block ends.</summary>
internal enum BlockEnd
{
    FallThrough,
    Jump,

    /// <summary>A branch under a predicate that is <see cref="Op.Guard"/> of the last instruction.</summary>
    Branch,
    Exit,

    /// <summary>A barrier; the warp may have to wait.</summary>
    Barrier,

    /// <summary>A wait that either moves the warp on or puts it to sleep; it is then executed
    /// again.</summary>
    Wait,

    /// <summary>An instruction after which other warps should run.</summary>
    Yield,
}

/// <summary>A run of instructions without a branch into or out of its middle.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BasicBlock
{
    public Op* First;

    /// <summary>After the last straight-line instruction; the terminator, where there is one, stands
    /// here.</summary>
    public Op* End;

    public BlockEnd Kind;

    /// <summary>Block that follows in the text; -1 after the last.</summary>
    public int Next;

    /// <summary>Target of a branch.</summary>
    public int Target;

    /// <summary>Immediate post-dominator, where the sides of a divergent branch meet again; -1 at the
    /// exit.</summary>
    public int Join;

    /// <summary>Instructions in the block, the terminator included.</summary>
    public int Count;

    /// <summary>True for a block that is nothing but an unconditional return.</summary>
    public readonly bool IsReturn => Kind == BlockEnd.Exit && Count == 1 && End->Guard == Op.None;

    /// <summary>True when the terminator may jump backwards.</summary>
    public int IsBackward;
}
