using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>Runs an operation lane by lane, for instructions that are too rare to deserve a vector
/// form.</summary>
internal static unsafe class ScalarHandlers
{
    /// <summary>Bits of <see cref="Op.Aux"/>: which slots hold 64-bit lanes, and which operand is a
    /// predicate.</summary>
    public const int WideD = 1;
    public const int WideA = 2;
    public const int WideB = 4;
    public const int WideC = 8;
    public const int PredicateC = 16;

    /// <summary>The destination is a predicate: bit 0 of the result.</summary>
    public const int PredicateD = 32;

    /// <summary>Calls the function in <see cref="Op.Imm"/> for each active lane; its last argument is
    /// <see cref="Op.Slot"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Each(Warp w, Op* op)
    {
        delegate*<ulong, ulong, ulong, int, ulong> function =
            (delegate*<ulong, ulong, ulong, int, ulong>)op->Imm;
        int widths = op->Aux;
        uint predicate = 0;
        for (int lane = 0; lane < 32; lane++)
        {
            if ((w.Active >> lane & 1) == 0)
            {
                continue;
            }
            ulong a = Read(w.Regs, op->A, lane, widths & WideA);
            ulong b = Read(w.Regs, op->B, lane, widths & WideB);
            ulong c = (widths & PredicateC) != 0
                ? *(uint*)(w.Regs + op->C) >> lane & 1
                : Read(w.Regs, op->C, lane, widths & WideC);
            ulong result = function(a, b, c, op->Slot);
            if ((widths & PredicateD) != 0)
            {
                predicate |= (uint)(result & 1) << lane;
            }
            else if ((widths & WideD) != 0)
            {
                ((ulong*)(w.Regs + op->D))[lane] = result;
            }
            else
            {
                ((uint*)(w.Regs + op->D))[lane] = (uint)result;
            }
        }
        if ((widths & PredicateD) != 0)
        {
            PredicateHandlers.Write(w, op->D, predicate);
        }
    }

    /// <summary>As <see cref="Each"/>, after a look for divisors that are zero.</summary>
    public static void Divide(Warp w, Op* op)
    {
        for (int lane = 0; lane < 32; lane++)
        {
            if ((w.Active >> lane & 1) != 0 && Read(w.Regs, op->B, lane, op->Aux & WideB) == 0)
            {
                Faults.Raise(w, op, EmulatorFaultKind.DivisionByZero, 1u << lane, null, string.Create(
                    CultureInfo.InvariantCulture,
                    $"lane {lane} divides an integer by zero, whose result is undefined"));
            }
        }
        Each(w, op);
    }

    private static ulong Read(byte* registers, int offset, int lane, int isWide)
    {
        if (offset == Op.None)
        {
            return 0;
        }
        return isWide != 0 ? ((ulong*)(registers + offset))[lane] : ((uint*)(registers + offset))[lane];
    }
}
