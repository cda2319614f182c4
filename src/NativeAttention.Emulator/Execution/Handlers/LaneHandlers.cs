using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// Handlers that apply a lane operator to whole register slots. <c>T</c> is <c>uint</c> for slots of up to 32
/// bits and <c>ulong</c> for 64-bit ones.
/// </summary>
internal static unsafe class LaneHandlers
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    [MethodImpl(Hot)]
    public static void Unary<T, TOperator>(Warp w, Op* op)
        where T : unmanaged
        where TOperator : struct, IUnary<T>
    {
        byte* d = w.Regs + op->D;
        byte* a = w.Regs + op->A;
        uint active = w.Active;
        Lanes.Store(d, 0, TOperator.Invoke(Lanes.Load<T>(a, 0)), active);
        Lanes.Store(d, 1, TOperator.Invoke(Lanes.Load<T>(a, 1)), active);
        if (sizeof(T) == 8)
        {
            Lanes.Store(d, 2, TOperator.Invoke(Lanes.Load<T>(a, 2)), active);
            Lanes.Store(d, 3, TOperator.Invoke(Lanes.Load<T>(a, 3)), active);
        }
    }

    [MethodImpl(Hot)]
    public static void Binary<T, TOperator>(Warp w, Op* op)
        where T : unmanaged
        where TOperator : struct, IBinary<T>
    {
        byte* d = w.Regs + op->D;
        byte* a = w.Regs + op->A;
        byte* b = w.Regs + op->B;
        uint active = w.Active;
        Lanes.Store(d, 0, TOperator.Invoke(Lanes.Load<T>(a, 0), Lanes.Load<T>(b, 0)), active);
        Lanes.Store(d, 1, TOperator.Invoke(Lanes.Load<T>(a, 1), Lanes.Load<T>(b, 1)), active);
        if (sizeof(T) == 8)
        {
            Lanes.Store(d, 2, TOperator.Invoke(Lanes.Load<T>(a, 2), Lanes.Load<T>(b, 2)), active);
            Lanes.Store(d, 3, TOperator.Invoke(Lanes.Load<T>(a, 3), Lanes.Load<T>(b, 3)), active);
        }
    }

    [MethodImpl(Hot)]
    public static void Ternary<T, TOperator>(Warp w, Op* op)
        where T : unmanaged
        where TOperator : struct, ITernary<T>
    {
        byte* d = w.Regs + op->D;
        byte* a = w.Regs + op->A;
        byte* b = w.Regs + op->B;
        byte* c = w.Regs + op->C;
        uint active = w.Active;
        Lanes.Store(d, 0, TOperator.Invoke(Lanes.Load<T>(a, 0), Lanes.Load<T>(b, 0), Lanes.Load<T>(c, 0)),
            active);
        Lanes.Store(d, 1, TOperator.Invoke(Lanes.Load<T>(a, 1), Lanes.Load<T>(b, 1), Lanes.Load<T>(c, 1)),
            active);
        if (sizeof(T) == 8)
        {
            Lanes.Store(d, 2,
                TOperator.Invoke(Lanes.Load<T>(a, 2), Lanes.Load<T>(b, 2), Lanes.Load<T>(c, 2)), active);
            Lanes.Store(d, 3,
                TOperator.Invoke(Lanes.Load<T>(a, 3), Lanes.Load<T>(b, 3), Lanes.Load<T>(c, 3)), active);
        }
    }

    /// <summary>lop3: the truth table is in <see cref="Op.Imm"/>, with a most significant.</summary>
    [MethodImpl(Hot)]
    public static void Lop3(Warp w, Op* op)
    {
        for (int part = 0; part < 2; part++)
        {
            Vector512<uint> a = Lanes.Load<uint>(w.Regs + op->A, part);
            Vector512<uint> b = Lanes.Load<uint>(w.Regs + op->B, part);
            Vector512<uint> c = Lanes.Load<uint>(w.Regs + op->C, part);
            Vector512<uint> result = Vector512<uint>.Zero;
            for (int row = 0; row < 8; row++)
            {
                if ((op->Imm >> row & 1) != 0)
                {
                    result |= ((row & 4) != 0 ? a : ~a) & ((row & 2) != 0 ? b : ~b) & ((row & 1) != 0 ? c
                        : ~c);
                }
            }
            Lanes.Store(w.Regs + op->D, part, result, w.Active);
        }
    }

    /// <summary>Widens 32-bit lanes to 64 bits by zeros.</summary>
    [MethodImpl(Hot)]
    public static void WidenUnsigned(Warp w, Op* op)
    {
        for (int half = 1; half >= 0; half--)
        {
            (Vector512<ulong> low, Vector512<ulong> high) =
                Vector512.Widen(Lanes.Load<uint>(w.Regs + op->A, half));
            Lanes.Store(w.Regs + op->D, half * 2, low, w.Active);
            Lanes.Store(w.Regs + op->D, (half * 2) + 1, high, w.Active);
        }
    }

    /// <summary>Widens 32-bit lanes to 64 bits by their sign.</summary>
    [MethodImpl(Hot)]
    public static void WidenSigned(Warp w, Op* op)
    {
        for (int half = 1; half >= 0; half--)
        {
            (Vector512<long> low, Vector512<long> high) =
                Vector512.Widen(Lanes.Load<int>(w.Regs + op->A, half));
            Lanes.Store(w.Regs + op->D, half * 2, low, w.Active);
            Lanes.Store(w.Regs + op->D, (half * 2) + 1, high, w.Active);
        }
    }

    /// <summary>Keeps the low half of 64-bit lanes.</summary>
    [MethodImpl(Hot)]
    public static void Narrow(Warp w, Op* op)
    {
        for (int half = 0; half < 2; half++)
        {
            Vector512<ulong> low = Lanes.Load<ulong>(w.Regs + op->A, half * 2);
            Vector512<ulong> high = Lanes.Load<ulong>(w.Regs + op->A, (half * 2) + 1);
            Lanes.Store(w.Regs + op->D, half, Vector512.Narrow(low, high), w.Active);
        }
    }

    /// <summary>d = a * b (+ c) with 32-bit factors and a 64-bit result. Aux bit 0: signed; bit 1: there is a
    /// c.</summary>
    [MethodImpl(Hot)]
    public static void MultiplyWide(Warp w, Op* op)
    {
        for (int half = 1; half >= 0; half--)
        {
            Vector512<uint> a = Lanes.Load<uint>(w.Regs + op->A, half);
            Vector512<uint> b = Lanes.Load<uint>(w.Regs + op->B, half);
            (Vector512<ulong> a0, Vector512<ulong> a1) = Widen(a, op->Aux);
            (Vector512<ulong> b0, Vector512<ulong> b1) = Widen(b, op->Aux);
            Vector512<ulong> low = a0 * b0;
            Vector512<ulong> high = a1 * b1;
            if ((op->Aux & 2) != 0)
            {
                low += Lanes.Load<ulong>(w.Regs + op->C, half * 2);
                high += Lanes.Load<ulong>(w.Regs + op->C, (half * 2) + 1);
            }
            Lanes.Store(w.Regs + op->D, half * 2, low, w.Active);
            Lanes.Store(w.Regs + op->D, (half * 2) + 1, high, w.Active);
        }
    }

    /// <summary>High half of the product of 32-bit lanes (+ c). Aux as for
    /// <see cref="MultiplyWide"/>.</summary>
    [MethodImpl(Hot)]
    public static void MultiplyHigh(Warp w, Op* op)
    {
        for (int half = 0; half < 2; half++)
        {
            (Vector512<ulong> a0, Vector512<ulong> a1) =
                Widen(Lanes.Load<uint>(w.Regs + op->A, half), op->Aux);
            (Vector512<ulong> b0, Vector512<ulong> b1) =
                Widen(Lanes.Load<uint>(w.Regs + op->B, half), op->Aux);
            Vector512<uint> high = Vector512.Narrow((a0 * b0) >> 32, (a1 * b1) >> 32);
            if ((op->Aux & 2) != 0)
            {
                high += Lanes.Load<uint>(w.Regs + op->C, half);
            }
            Lanes.Store(w.Regs + op->D, half, high, w.Active);
        }
    }

    /// <summary>mov.b64 d, {a, b}: a is the low half.</summary>
    [MethodImpl(Hot)]
    public static void Pack64(Warp w, Op* op)
    {
        for (int half = 0; half < 2; half++)
        {
            (Vector512<ulong> a0, Vector512<ulong> a1) =
                Vector512.Widen(Lanes.Load<uint>(w.Regs + op->A, half));
            (Vector512<ulong> b0, Vector512<ulong> b1) =
                Vector512.Widen(Lanes.Load<uint>(w.Regs + op->B, half));
            Lanes.Store(w.Regs + op->D, half * 2, a0 | (b0 << 32), w.Active);
            Lanes.Store(w.Regs + op->D, (half * 2) + 1, a1 | (b1 << 32), w.Active);
        }
    }

    /// <summary>mov.b32 d, {a, b} of 16-bit lanes: a is the low half.</summary>
    [MethodImpl(Hot)]
    public static void Pack32(Warp w, Op* op)
    {
        for (int half = 0; half < 2; half++)
        {
            Vector512<uint> packed = Lanes.Load<uint>(w.Regs + op->A, half)
                | (Lanes.Load<uint>(w.Regs + op->B, half) << 16);
            Lanes.Store(w.Regs + op->D, half, packed, w.Active);
        }
    }

    /// <summary>mov.b32 {d, b}, a of 16-bit lanes; either destination may be absent.</summary>
    [MethodImpl(Hot)]
    public static void Unpack32(Warp w, Op* op)
    {
        for (int half = 0; half < 2; half++)
        {
            Vector512<uint> both = Lanes.Load<uint>(w.Regs + op->A, half);
            if (op->D != Op.None)
            {
                Lanes.Store(w.Regs + op->D, half, both & Vector512.Create(0xFFFFu), w.Active);
            }
            if (op->B != Op.None)
            {
                Lanes.Store(w.Regs + op->B, half, both >> 16, w.Active);
            }
        }
    }

    /// <summary>mov.b64 {d, b}, a of 32-bit lanes; either destination may be absent.</summary>
    [MethodImpl(Hot)]
    public static void Unpack64(Warp w, Op* op)
    {
        for (int half = 0; half < 2; half++)
        {
            Vector512<ulong> low = Lanes.Load<ulong>(w.Regs + op->A, half * 2);
            Vector512<ulong> high = Lanes.Load<ulong>(w.Regs + op->A, (half * 2) + 1);
            if (op->D != Op.None)
            {
                Lanes.Store(w.Regs + op->D, half, Vector512.Narrow(low, high), w.Active);
            }
            if (op->B != Op.None)
            {
                Lanes.Store(w.Regs + op->B, half, Vector512.Narrow(low >> 32, high >> 32), w.Active);
            }
        }
    }

    /// <summary>Runs the inner handler for the lanes that the guard predicate lets through.</summary>
    [MethodImpl(Hot)]
    public static void Guarded(Warp w, Op* op)
    {
        uint active = w.Active;
        uint lanes = Worker.GuardedLanes(w, op);
        if (lanes == 0)
        {
            return;
        }
        w.Active = lanes;
        op->Inner(w, op);
        w.Active = active;
    }

    public static void Nothing(Warp w, Op* op)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<ulong> Low, Vector512<ulong> High) Widen(Vector512<uint> value, int aux)
    {
        if ((aux & 1) == 0)
        {
            return Vector512.Widen(value);
        }
        (Vector512<long> low, Vector512<long> high) = Vector512.Widen(value.AsInt32());
        return (low.AsUInt64(), high.AsUInt64());
    }
}
