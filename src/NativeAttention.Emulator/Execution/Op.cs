using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>
/// One decoded instruction. Operands are byte offsets from the register base of the warp; constants and
/// special registers have slots of their own there, so every operand is read the same way. One cache line.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Op
{
    /// <summary>Executes the instruction for the active lanes of a warp.</summary>
    public delegate*<Warp, Op*, void> Handler;

    /// <summary>The handler behind a guard predicate.</summary>
    public delegate*<Warp, Op*, void> Inner;

    /// <summary>Destination.</summary>
    public int D;

    public int A;
    public int B;
    public int C;

    /// <summary>An immediate: address offset, or a scalar function.</summary>
    public long Imm;

    /// <summary>Offsets of vector operands.</summary>
    public int* List;

    /// <summary>Bits whose meaning depends on the handler.</summary>
    public int Aux;

    /// <summary>Offset of the guard predicate, bit 0 set when it is negated; <see cref="None"/> without
    /// one.</summary>
    public int Guard;

    /// <summary>Index of the statement in the kernel.</summary>
    public int Statement;

    /// <summary>Index of the address cache of a memory instruction, or a second small operand.</summary>
    public int Slot;

    /// <summary>Stands for an absent operand.</summary>
    public const int None = -1;
}
