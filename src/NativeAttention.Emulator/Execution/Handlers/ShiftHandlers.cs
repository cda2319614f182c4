using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>Shifts of 64-bit lanes, whose amounts are 32-bit lanes.</summary>
internal static unsafe class ShiftHandlers
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    [MethodImpl(Hot)]
    public static void Left64(Warp w, Op* op)
    {
        for (int half = 0; half < 2; half++)
        {
            (Vector512<ulong> low, Vector512<ulong> high) =
                Vector512.Widen(Lanes.Load<uint>(w.Regs + op->B, half));
            Put(w, op, half, Lanes.ShiftLeft(Part(w, op, half, 0), low),
                Lanes.ShiftLeft(Part(w, op, half, 1), high));
        }
    }

    [MethodImpl(Hot)]
    public static void Right64(Warp w, Op* op)
    {
        for (int half = 0; half < 2; half++)
        {
            (Vector512<ulong> low, Vector512<ulong> high) =
                Vector512.Widen(Lanes.Load<uint>(w.Regs + op->B, half));
            Put(w, op, half, Lanes.ShiftRight(Part(w, op, half, 0), low),
                Lanes.ShiftRight(Part(w, op, half, 1), high));
        }
    }

    [MethodImpl(Hot)]
    public static void RightSigned64(Warp w, Op* op)
    {
        for (int half = 0; half < 2; half++)
        {
            (Vector512<ulong> low, Vector512<ulong> high) =
                Vector512.Widen(Lanes.Load<uint>(w.Regs + op->B, half));
            Put(w, op, half, Lanes.ShiftRightSigned(Part(w, op, half, 0), low),
                Lanes.ShiftRightSigned(Part(w, op, half, 1), high));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Part(Warp w, Op* op, int half, int part) =>
        Lanes.Load<ulong>(w.Regs + op->A, (half * 2) + part);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Warp w, Op* op, int half, Vector512<ulong> low, Vector512<ulong> high)
    {
        Lanes.Store(w.Regs + op->D, half * 2, low, w.Active);
        Lanes.Store(w.Regs + op->D, (half * 2) + 1, high, w.Active);
    }
}
