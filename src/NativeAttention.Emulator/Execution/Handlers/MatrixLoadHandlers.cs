using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Emulation;

/// <summary>
/// ldmatrix and stmatrix of 8x8 matrices of 16-bit elements. Lane 8j + r gives the address of row r of matrix
/// j; register j of lane 4g + t holds the elements (g, 2t) and (g, 2t + 1), with .trans (2t, g) and (2t + 1,
/// g). So a register without .trans is the eight rows in a line.
/// </summary>
internal static unsafe class MatrixLoadHandlers
{
    /// <summary>Aux: number of matrices, the .trans flag, and the width of the address register.</summary>
    public const int CountMask = 7;
    public const int Transposed = 8;

    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    [MethodImpl(Hot)]
    [SkipLocalsInit]
    public static void Load(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        int count = Prepare(w, op, addresses);
        w.Cta.Shadow.ReadRows(w, op, addresses, RowLanes(count));
        w.Cta.Lanes?.AccessTogether(w, op, addresses, 16, RowLanes(count), isWrite: false);
        byte* shared = w.Shared;
        for (int j = 0; j < count; j++)
        {
            Vector512<uint> low = Rows(shared, addresses + (j * 8));
            Vector512<uint> high = Rows(shared, addresses + (j * 8) + 4);
            if ((op->Aux & Transposed) != 0)
            {
                Transpose(ref low, ref high);
            }
            uint* d = (uint*)(w.Regs + op->List[j]);
            low.Store(d);
            high.Store(d + 16);
        }
        w.Worker.SharedBytesRead += count * 128;
    }

    [MethodImpl(Hot)]
    [SkipLocalsInit]
    public static void Store(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        int count = Prepare(w, op, addresses);
        w.Cta.Shadow.WriteRows(w, op, addresses, RowLanes(count), w.Clock.Tag);
        w.Cta.Lanes?.AccessTogether(w, op, addresses, 16, RowLanes(count), isWrite: true);
        for (int j = 0; j < count; j++)
        {
            uint* s = (uint*)(w.Regs + op->List[j]);
            Vector512<uint> low = Vector512.Load(s);
            Vector512<uint> high = Vector512.Load(s + 16);
            if ((op->Aux & Transposed) != 0)
            {
                Transpose(ref low, ref high);
            }
            for (int row = 0; row < 8; row++)
            {
                int lane = (j * 8) + row;
                Vector512<uint> half = row < 4 ? low : high;
                Vector256<uint> quarter = (row & 2) == 0 ? half.GetLower() : half.GetUpper();
                Vector128<uint> values = (row & 1) == 0 ? quarter.GetLower() : quarter.GetUpper();
                values.Store((uint*)(w.Shared + addresses[lane]));
            }
        }
        w.Worker.SharedBytesWritten += count * 128;
    }

    /// <summary>movmatrix: the transposition alone, from A to D.</summary>
    public static void Move(Warp w, Op* op)
    {
        if (w.Active != Lanes.All)
        {
            MmaHandlers.RequireWholeWarp(w, op);
        }
        Vector512<uint> low = Lanes.Load<uint>(w.Regs + op->A, 0);
        Vector512<uint> high = Lanes.Load<uint>(w.Regs + op->A, 1);
        Transpose(ref low, ref high);
        low.Store((uint*)(w.Regs + op->D));
        high.Store((uint*)(w.Regs + op->D) + 16);
    }

    /// <summary>Transposes the 8x8 matrix of 16-bit elements in two vectors of four rows each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Transpose(ref Vector512<uint> low, ref Vector512<uint> high)
    {
        if (!Avx512BW.IsSupported)
        {
            TransposePlain(ref low, ref high);
            return;
        }
        // Word 2l + e of the result (lane l = 4g + t) is element (2t + e, g), word 8 * (2t + e) + g of the
        // source.
        Vector512<ushort> first = Vector512.Create(
            0, 8, 16, 24, 32, 40, 48, 56, 1, 9, 17, 25, 33, 41, 49, 57, 2, 10, 18, 26, 34, 42, 50, 58, 3, 11,
            19, 27, 35, 43, 51, (ushort)59);
        Vector512<ushort> second = first + Vector512.Create((ushort)4);
        Vector512<ushort> top = Avx512BW.PermuteVar32x16x2(low.AsUInt16(), first, high.AsUInt16());
        high = Avx512BW.PermuteVar32x16x2(low.AsUInt16(), second, high.AsUInt16()).AsUInt32();
        low = top.AsUInt32();
    }

    [SkipLocalsInit]
    internal static void TransposePlain(ref Vector512<uint> low, ref Vector512<uint> high)
    {
        ushort* source = stackalloc ushort[64];
        ushort* target = stackalloc ushort[64];
        low.Store((uint*)source);
        high.Store((uint*)source + 16);
        for (int row = 0; row < 8; row++)
        {
            for (int column = 0; column < 8; column++)
            {
                target[(column * 8) + row] = source[(row * 8) + column];
            }
        }
        low = Vector512.Load((uint*)target);
        high = Vector512.Load((uint*)target + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Prepare(Warp w, Op* op, ulong* addresses)
    {
        if (w.Active != Lanes.All)
        {
            MmaHandlers.RequireWholeWarp(w, op);
        }
        int count = op->Aux & CountMask;
        LaneMemory.Addresses(w, op, addresses);
        SharedHandlers.CheckBounds(w, op, addresses, 16, 16, RowLanes(count));
        return count;
    }

    /// <summary>The lanes whose addresses count.</summary>
    internal static uint RowLanes(int count) => count == 4 ? Lanes.All : (1u << (count * 8)) - 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Rows(byte* shared, ulong* addresses)
    {
        Vector256<byte> first =
            Vector256.Create(Vector128.Load(shared + addresses[0]), Vector128.Load(shared + addresses[1]));
        Vector256<byte> second =
            Vector256.Create(Vector128.Load(shared + addresses[2]), Vector128.Load(shared + addresses[3]));
        return Vector512.Create(first, second).AsUInt32();
    }
}
