using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// Additions, subtractions and multiply-adds that read or write the carry. The carry is a predicate of its own, one
/// bit a lane; after a subtraction it is the borrow.
/// </summary>
internal static unsafe class CarryHandlers
{
    /// <summary>Bits of <see cref="Op.Aux"/>.</summary>
    public const int Wide = 1;
    public const int Subtracts = 2;
    public const int Multiplies = 4;
    public const int High = 8;
    public const int Signed = 16;
    public const int Reads = 32;
    public const int Writes = 64;

    /// <summary>d = a + b, a - b or a * b + c, with the carry at List[0].</summary>
    public static void Run(Warp w, Op* op)
    {
        int mode = op->Aux;
        uint* carries = (uint*)(w.Regs + op->List[0]);
        uint incoming = (mode & Reads) != 0 ? *carries : 0;
        uint outgoing = 0;
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong a = Read(w, op->A, lane, mode);
            ulong b = Read(w, op->B, lane, mode);
            if ((mode & Multiplies) != 0)
            {
                (a, b) = (Product(a, b, mode), Read(w, op->C, lane, mode));
            }
            ulong result = Combine(a, b, incoming >> lane & 1, mode, out bool carry);
            outgoing |= carry ? 1u << lane : 0;
            if ((mode & Wide) != 0)
            {
                ((ulong*)(w.Regs + op->D))[lane] = result;
            }
            else
            {
                ((uint*)(w.Regs + op->D))[lane] = (uint)result;
            }
        }
        if ((mode & Writes) != 0)
        {
            *carries = (*carries & ~w.Active) | outgoing;
        }
    }

    private static ulong Read(Warp w, int offset, int lane, int mode) =>
        (mode & Wide) != 0 ? ((ulong*)(w.Regs + offset))[lane] : ((uint*)(w.Regs + offset))[lane];

    private static ulong Product(ulong a, ulong b, int mode)
    {
        int bits = (mode & Wide) != 0 ? 64 : 32;
        UInt128 product = (mode & Signed) != 0
            ? (UInt128)((Int128)Scalars.Extend(a, bits) * Scalars.Extend(b, bits)) : (UInt128)a * b;
        return Scalars.Cut((ulong)((mode & High) != 0 ? product >> bits : product), bits);
    }

    private static ulong Combine(ulong a, ulong b, uint carryIn, int mode, out bool carry)
    {
        int bits = (mode & Wide) != 0 ? 64 : 32;
        UInt128 second = (UInt128)b + carryIn;
        UInt128 result = (mode & Subtracts) != 0 ? a - second : a + second;
        carry = (result >> bits & 1) != 0;
        return Scalars.Cut((ulong)result, bits);
    }
}
