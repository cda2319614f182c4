using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// Moves data between host memory and register lanes once the addresses have been checked. Addresses come as
/// one host pointer per lane. The registers of a vector access are in <see cref="Op.List"/>, that of a scalar
/// one in D (loads) or B (stores).
/// </summary>
internal static unsafe class LaneMemory
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    private const int Word = 4 | (1 << Access.VectorShift);
    private const int WordPair = 4 | (2 << Access.VectorShift);
    private const int WordQuad = 4 | (4 << Access.VectorShift);
    private const int Half = 2 | (1 << Access.VectorShift);
    private const int Double = 8 | (1 << Access.VectorShift) | Access.WideData;
    private const int ShapeMask = Access.ElementMask | (Access.VectorMask << Access.VectorShift)
        | Access.WideData;

    /// <summary>Computes the address of every lane: register + immediate, in 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Addresses(Warp w, Op* op, ulong* addresses)
    {
        Vector512<ulong> offset = Vector512.Create((ulong)op->Imm);
        if (op->A == Op.None)
        {
            for (int part = 0; part < 4; part++)
            {
                Vector512.Store(offset, addresses + (part * 8));
            }
            return;
        }
        byte* a = w.Regs + op->A;
        if ((op->Aux & Access.NarrowAddress) == 0)
        {
            Vector512.Store(Lanes.Load<ulong>(a, 0) + offset, addresses);
            Vector512.Store(Lanes.Load<ulong>(a, 1) + offset, addresses + 8);
            Vector512.Store(Lanes.Load<ulong>(a, 2) + offset, addresses + 16);
            Vector512.Store(Lanes.Load<ulong>(a, 3) + offset, addresses + 24);
            return;
        }
        Vector512<uint> narrow = Vector512.Create((uint)op->Imm);
        for (int half = 0; half < 2; half++)
        {
            (Vector512<ulong> low, Vector512<ulong> high) =
                Vector512.Widen(Lanes.Load<uint>(a, half) + narrow);
            Vector512.Store(low, addresses + (half * 16));
            Vector512.Store(high, addresses + (half * 16) + 8);
        }
    }

    /// <summary>Fills the destination registers from the pointers.</summary>
    [MethodImpl(Hot)]
    public static void Load(Warp w, Op* op, ulong* pointers)
    {
        byte* registers = w.Regs;
        uint active = w.Active;
        switch (op->Aux & ShapeMask)
        {
            case Word:
                LoadWords(registers + op->D, pointers, active);
                break;
            case WordPair:
                LoadPairs((uint*)(registers + op->List[0]), (uint*)(registers + op->List[1]), pointers,
                    active);
                break;
            case WordQuad:
                LoadQuads(registers, op->List, pointers, active);
                break;
            case Half when (op->Aux & Access.Signed) == 0:
                uint* halves = (uint*)(registers + op->D);
                for (uint rest = active; rest != 0; rest &= rest - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(rest);
                    halves[lane] = *(ushort*)pointers[lane];
                }
                break;
            case Double:
                ulong* wide = (ulong*)(registers + op->D);
                for (uint rest = active; rest != 0; rest &= rest - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(rest);
                    wide[lane] = *(ulong*)pointers[lane];
                }
                break;
            default:
                LoadAny(w, op, pointers);
                break;
        }
    }

    /// <summary>Writes the source registers to the pointers.</summary>
    [MethodImpl(Hot)]
    public static void Store(Warp w, Op* op, ulong* pointers)
    {
        byte* registers = w.Regs;
        uint active = w.Active;
        switch (op->Aux & ShapeMask)
        {
            case Word:
                uint* words = (uint*)(registers + op->B);
                for (uint rest = active; rest != 0; rest &= rest - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(rest);
                    *(uint*)pointers[lane] = words[lane];
                }
                break;
            case Half:
                uint* halves = (uint*)(registers + op->B);
                for (uint rest = active; rest != 0; rest &= rest - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(rest);
                    *(ushort*)pointers[lane] = (ushort)halves[lane];
                }
                break;
            case WordQuad:
                StoreQuads(registers, op->List, pointers, active);
                break;
            default:
                StoreAny(w, op, pointers);
                break;
        }
    }

    /// <summary>True when some active lane's memory no longer holds what the lane stored: another lane wrote
    /// something else there.</summary>
    public static bool IsOverwritten(Warp w, Op* op, ulong* pointers, out int victim)
    {
        int bytes = Access.ElementBytes(op->Aux);
        int count = Access.Count(op->Aux);
        bool isWide = (op->Aux & Access.WideData) != 0;
        ulong mask = bytes == 8 ? ulong.MaxValue : (1UL << (bytes * 8)) - 1;
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            victim = BitOperations.TrailingZeroCount(rest);
            for (int i = 0; i < count; i++)
            {
                int offset = count == 1 ? op->B : op->List[i];
                ulong value = isWide ? ((ulong*)(w.Regs + offset))[victim]
                    : ((uint*)(w.Regs + offset))[victim];
                if (Fetch(pointers[victim] + (ulong)(i * bytes), bytes) != (value & mask))
                {
                    // Without such a lane it was another block, which is another matter.
                    return HasOverlap(w.Active, pointers, victim, bytes * count);
                }
            }
        }
        victim = 0;
        return false;
    }

    /// <summary>True when another active lane accesses bytes of this one.</summary>
    private static bool HasOverlap(uint active, ulong* pointers, int lane, int bytes)
    {
        for (uint rest = active & ~(1u << lane); rest != 0; rest &= rest - 1)
        {
            ulong other = pointers[BitOperations.TrailingZeroCount(rest)];
            if (other < pointers[lane] + (ulong)bytes && pointers[lane] < other + (ulong)bytes)
            {
                return true;
            }
        }
        return false;
    }

    public static ulong Fetch(ulong pointer, int bytes) => bytes switch
    {
        1 => *(byte*)pointer,
        2 => *(ushort*)pointer,
        4 => *(uint*)pointer,
        _ => *(ulong*)pointer,
    };

    private static void LoadWords(byte* d, ulong* pointers, uint active)
    {
        uint* words = (uint*)d;
        if (active == Lanes.All)
        {
            for (int lane = 0; lane < 32; lane += 4)
            {
                words[lane] = *(uint*)pointers[lane];
                words[lane + 1] = *(uint*)pointers[lane + 1];
                words[lane + 2] = *(uint*)pointers[lane + 2];
                words[lane + 3] = *(uint*)pointers[lane + 3];
            }
            return;
        }
        for (uint rest = active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            words[lane] = *(uint*)pointers[lane];
        }
    }

    private static void LoadPairs(uint* d0, uint* d1, ulong* pointers, uint active)
    {
        for (uint rest = active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong both = *(ulong*)pointers[lane];
            d0[lane] = (uint)both;
            d1[lane] = (uint)(both >> 32);
        }
    }

    private static void LoadQuads(byte* registers, int* list, ulong* pointers, uint active)
    {
        uint* d0 = (uint*)(registers + list[0]);
        uint* d1 = (uint*)(registers + list[1]);
        uint* d2 = (uint*)(registers + list[2]);
        uint* d3 = (uint*)(registers + list[3]);
        for (uint rest = active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint* source = (uint*)pointers[lane];
            (d0[lane], d1[lane], d2[lane], d3[lane]) = (source[0], source[1], source[2], source[3]);
        }
    }

    private static void StoreQuads(byte* registers, int* list, ulong* pointers, uint active)
    {
        uint* s0 = (uint*)(registers + list[0]);
        uint* s1 = (uint*)(registers + list[1]);
        uint* s2 = (uint*)(registers + list[2]);
        uint* s3 = (uint*)(registers + list[3]);
        for (uint rest = active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint* target = (uint*)pointers[lane];
            (target[0], target[1], target[2], target[3]) = (s0[lane], s1[lane], s2[lane], s3[lane]);
        }
    }

    private static void LoadAny(Warp w, Op* op, ulong* pointers)
    {
        int bytes = Access.ElementBytes(op->Aux);
        int count = Access.Count(op->Aux);
        bool isSigned = (op->Aux & Access.Signed) != 0;
        for (int i = 0; i < count; i++)
        {
            int offset = count == 1 ? op->D : op->List[i];
            if (offset == Op.None)
            {
                continue;
            }
            for (uint rest = w.Active; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                ulong value = Fetch(pointers[lane] + (ulong)(i * bytes), bytes);
                value = isSigned ? (ulong)Scalars.Extend(value, bytes * 8) : value;
                if ((op->Aux & Access.WideData) != 0)
                {
                    ((ulong*)(w.Regs + offset))[lane] = value;
                }
                else
                {
                    ((uint*)(w.Regs + offset))[lane] = (op->Aux & Access.Data16) != 0 ? (ushort)value
                        : (uint)value;
                }
            }
        }
    }

    private static void StoreAny(Warp w, Op* op, ulong* pointers)
    {
        int bytes = Access.ElementBytes(op->Aux);
        int count = Access.Count(op->Aux);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            for (int i = 0; i < count; i++)
            {
                int offset = count == 1 ? op->B : op->List[i];
                ulong value = (op->Aux & Access.WideData) != 0
                    ? ((ulong*)(w.Regs + offset))[lane] : ((uint*)(w.Regs + offset))[lane];
                Put(pointers[lane] + (ulong)(i * bytes), value, bytes);
            }
        }
    }

    private static void Put(ulong pointer, ulong value, int bytes)
    {
        switch (bytes)
        {
            case 1:
                *(byte*)pointer = (byte)value;
                break;
            case 2:
                *(ushort*)pointer = (ushort)value;
                break;
            case 4:
                *(uint*)pointer = (uint)value;
                break;
            default:
                *(ulong*)pointer = value;
                break;
        }
    }
}
