using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>Comparisons, selection and logic on predicates. A predicate is one mask of 32 lanes.</summary>
internal static unsafe class PredicateHandlers
{
    /// <summary>How a comparison is combined with a third predicate: bits of <see cref="Op.Aux"/>.</summary>
    public const int CombineAnd = 1;
    public const int CombineOr = 2;
    public const int CombineXor = 3;
    public const int NegateOperand = 4;

    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    [MethodImpl(Hot)]
    public static void Compare<T, TCompare>(Warp w, Op* op)
        where T : unmanaged
        where TCompare : struct, ICompare<T>
    {
        byte* a = w.Regs + op->A;
        byte* b = w.Regs + op->B;
        uint result;
        if (sizeof(T) == 4)
        {
            result = (uint)TCompare.Invoke(Lanes.Load<T>(a, 0),
                Lanes.Load<T>(b, 0)).ExtractMostSignificantBits()
                | ((uint)TCompare.Invoke(Lanes.Load<T>(a, 1),
                    Lanes.Load<T>(b, 1)).ExtractMostSignificantBits() << 16);
        }
        else
        {
            result = (uint)TCompare.Invoke(Lanes.Load<T>(a, 0),
                Lanes.Load<T>(b, 0)).ExtractMostSignificantBits()
                | ((uint)TCompare.Invoke(Lanes.Load<T>(a, 1),
                    Lanes.Load<T>(b, 1)).ExtractMostSignificantBits() << 8)
                | ((uint)TCompare.Invoke(Lanes.Load<T>(a, 2),
                    Lanes.Load<T>(b, 2)).ExtractMostSignificantBits() << 16)
                | ((uint)TCompare.Invoke(Lanes.Load<T>(a, 3),
                    Lanes.Load<T>(b, 3)).ExtractMostSignificantBits() << 24);
        }
        Deliver(w, op, result);
    }

    /// <summary>d = p ? a : b, where C is the predicate and Aux its negation.</summary>
    [MethodImpl(Hot)]
    public static void Select<T>(Warp w, Op* op)
        where T : unmanaged
    {
        uint choice = *(uint*)(w.Regs + op->C);
        for (int part = 0; part < (sizeof(T) == 4 ? 2 : 4); part++)
        {
            Vector512<T> value = Vector512.ConditionalSelect(
                Lanes.Mask<T>(choice, part), Lanes.Load<T>(w.Regs + op->A, part),
                Lanes.Load<T>(w.Regs + op->B, part));
            Lanes.Store(w.Regs + op->D, part, value, w.Active);
        }
    }

    /// <summary>Logic on predicates: Imm is the truth table of (a, b), a more significant.</summary>
    [MethodImpl(Hot)]
    public static void Logic(Warp w, Op* op)
    {
        uint a = *(uint*)(w.Regs + op->A);
        uint b = *(uint*)(w.Regs + op->B);
        uint result = ((op->Imm & 1) != 0 ? ~a & ~b : 0) | ((op->Imm & 2) != 0 ? ~a & b : 0)
            | ((op->Imm & 4) != 0 ? a & ~b : 0) | ((op->Imm & 8) != 0 ? a & b : 0);
        Write(w, op->D, result);
    }

    /// <summary>lop3 that also says whether the result, combined with the predicate at List[0], is not zero. Aux bit
    /// 0: or (else and); bit 1: the predicate is negated.</summary>
    public static void Lop3(Warp w, Op* op)
    {
        uint combined = *(uint*)(w.Regs + op->List[0]);
        combined = (op->Aux & 2) != 0 ? ~combined : combined;
        uint isNotZero = 0;
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint result = 0;
            for (int row = 0; row < 8; row++)
            {
                uint a = ((uint*)(w.Regs + op->A))[lane];
                uint b = ((uint*)(w.Regs + op->B))[lane];
                uint c = ((uint*)(w.Regs + op->C))[lane];
                bool isSet = (op->Imm >> row & 1) != 0;
                result |= isSet ? ((row & 4) != 0 ? a : ~a) & ((row & 2) != 0 ? b : ~b) & ((row & 1) != 0 ? c : ~c)
                    : 0;
            }
            isNotZero |= result != 0 ? 1u << lane : 0;
            if (op->D != Op.None)
            {
                ((uint*)(w.Regs + op->D))[lane] = result;
            }
        }
        Write(w, op->Slot, (op->Aux & 1) != 0 ? isNotZero | combined : isNotZero & combined);
    }

    /// <summary>A predicate from an immediate: Imm is the mask.</summary>
    [MethodImpl(Hot)]
    public static void Set(Warp w, Op* op) => Write(w, op->D, (uint)op->Imm);

    /// <summary>Writes the active lanes of a predicate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Warp w, int offset, uint value)
    {
        uint* target = (uint*)(w.Regs + offset);
        *target = (*target & ~w.Active) | (value & w.Active);
    }

    /// <summary>Combines the outcome of a comparison with the third operand and writes it, and its complement
    /// where wanted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Deliver(Warp w, Op* op, uint result)
    {
        if (op->Aux == 0 && op->Slot == Op.None)
        {
            Write(w, op->D, result);
            return;
        }
        DeliverCombined(w, op, result);
    }

    private static void DeliverCombined(Warp w, Op* op, uint result)
    {
        uint complement = ~result;
        int combine = op->Aux & 3;
        if (combine != 0)
        {
            uint c = *(uint*)(w.Regs + op->C);
            c = (op->Aux & NegateOperand) != 0 ? ~c : c;
            result = Combine(combine, result, c);
            complement = Combine(combine, complement, c);
        }
        if (op->D != Op.None)
        {
            Write(w, op->D, result);
        }
        if (op->Slot != Op.None)
        {
            Write(w, op->Slot, complement);
        }
    }

    private static uint Combine(int how, uint a, uint c) => how switch
    {
        CombineAnd => a & c,
        CombineOr => a | c,
        _ => a ^ c,
    };
}
