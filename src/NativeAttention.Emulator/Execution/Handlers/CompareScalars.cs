using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>The comparisons of PTX: ordered ones, those that are true for NaN, tests for NaN, and unsigned
/// ones.</summary>
internal enum Comparison
{
    Eq, Ne, Lt, Le, Gt, Ge,
    Equ, Neu, Ltu, Leu, Gtu, Geu,
    Num, Nan,
    Lo, Ls, Hi, Hs,
}

/// <summary>set, and setp of packed pairs, lane by lane.</summary>
internal static unsafe class CompareScalars
{
    public static int Describe(
        Comparison comparison, PtxType source, PtxType destination, bool flushes, int combination, bool isNegated)
    {
        return (int)comparison | ((int)source << 5) | ((int)destination << 13) | (flushes ? 1 << 21 : 0)
            | (combination << 22) | (isNegated ? 1 << 24 : 0);
    }

    /// <summary>set: c is a predicate, 0 or 1.</summary>
    public static ulong Set(ulong a, ulong b, ulong c, int mode)
    {
        PtxType source = (PtxType)(mode >> 5 & 0xFF);
        PtxType destination = (PtxType)(mode >> 13 & 0xFF);
        if (source is not (PtxType.F16x2 or PtxType.BF16x2))
        {
            return Holds(a, b, c, mode, source) ? True(destination) : 0;
        }
        ulong low = Holds((ushort)a, (ushort)b, c, mode, source) ? True(destination) : 0;
        return low | (Holds((ushort)(a >> 16), (ushort)(b >> 16), c, mode, source) ? True(destination) << 16 : 0);
    }

    /// <summary>setp of pairs: D is the outcome of the lower halves, Slot that of the upper ones.</summary>
    public static void SetPair(Warp w, Op* op)
    {
        PtxType source = (PtxType)(op->Imm >> 5 & 0xFF);
        uint* a = (uint*)(w.Regs + op->A);
        uint* b = (uint*)(w.Regs + op->B);
        uint c = op->C == Op.None ? 0 : *(uint*)(w.Regs + op->C);
        uint low = 0;
        uint high = 0;
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint bit = c >> lane & 1;
            low |= Holds((ushort)a[lane], (ushort)b[lane], bit, (int)op->Imm, source) ? 1u << lane : 0;
            high |= Holds(a[lane] >> 16, b[lane] >> 16, bit, (int)op->Imm, source) ? 1u << lane : 0;
        }
        if (op->D != Op.None)
        {
            PredicateHandlers.Write(w, op->D, low);
        }
        if (op->Slot != Op.None)
        {
            PredicateHandlers.Write(w, op->Slot, high);
        }
    }

    private static ulong True(PtxType destination) => destination switch
    {
        PtxType.F32 => 0x3F80_0000,
        PtxType.F16 or PtxType.F16x2 => 0x3C00,
        PtxType.BF16 or PtxType.BF16x2 => 0x3F80,
        PtxType.U16 or PtxType.S16 => 0xFFFF,
        _ => 0xFFFF_FFFF,
    };

    private static bool Holds(ulong a, ulong b, ulong c, int mode, PtxType source)
    {
        bool outcome = Compare((Comparison)(mode & 31), a, b, source, (mode >> 21 & 1) != 0);
        bool third = (c != 0) != ((mode >> 24 & 1) != 0);
        return (mode >> 22 & 3) switch
        {
            PredicateHandlers.CombineAnd => outcome && third,
            PredicateHandlers.CombineOr => outcome || third,
            PredicateHandlers.CombineXor => outcome != third,
            _ => outcome,
        };
    }

    private static bool Compare(Comparison comparison, ulong a, ulong b, PtxType type, bool flushes)
    {
        if (type.Class() is PtxTypeClass.Float || type is PtxType.BF16 or PtxType.BF16x2)
        {
            return CompareFloats(comparison, a, b, FloatScalars.FormatOf(type), flushes);
        }
        int order = type.IsSigned()
            ? Scalars.Extend(a, type.Bytes() * 8).CompareTo(Scalars.Extend(b, type.Bytes() * 8)) : a.CompareTo(b);
        return Holds(comparison, order);
    }

    private static bool CompareFloats(Comparison comparison, ulong a, ulong b, FloatFormat format, bool flushes)
    {
        bool areNumbers = !format.IsNaN(a) && !format.IsNaN(b);
        if (comparison is Comparison.Num or Comparison.Nan)
        {
            return areNumbers == (comparison == Comparison.Num);
        }
        bool isUnordered = comparison is >= Comparison.Equ and <= Comparison.Geu;
        if (!areNumbers)
        {
            return isUnordered;
        }
        return Holds(isUnordered ? (Comparison)(comparison - Comparison.Equ) : comparison,
            Order(a, format, flushes).CompareTo(Order(b, format, flushes)));
    }

    /// <summary>An integer that orders the numbers of a format as their values do; both zeros are 0.</summary>
    private static Int128 Order(ulong bits, FloatFormat format, bool flushes)
    {
        Int128 size = flushes && format.IsSubnormal(bits) ? 0 : format.Size(bits);
        return format.IsNegative(bits) ? -size : size;
    }

    private static bool Holds(Comparison comparison, int order) => comparison switch
    {
        Comparison.Eq => order == 0,
        Comparison.Ne => order != 0,
        Comparison.Lt or Comparison.Lo => order < 0,
        Comparison.Le or Comparison.Ls => order <= 0,
        Comparison.Gt or Comparison.Hi => order > 0,
        _ => order >= 0,
    };
}
