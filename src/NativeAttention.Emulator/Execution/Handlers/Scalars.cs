using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// Scalar operations for <see cref="ScalarHandlers"/>: three operands, and a small constant of the
/// instruction (a width, a mode). Values narrower than 64 bits arrive zero-extended; results are cut to the
/// slot by the caller, 16-bit ones here.
/// </summary>
internal static class Scalars
{
    public static ulong DivideUnsigned(ulong a, ulong b, ulong c, int bits) => a / b;

    public static ulong RemainderUnsigned(ulong a, ulong b, ulong c, int bits) => a % b;

    public static ulong DivideSigned(ulong a, ulong b, ulong c, int bits)
    {
        long divisor = Extend(b, bits);
        return Cut(divisor == -1 ? 0 - a : (ulong)(Extend(a, bits) / divisor), bits);
    }

    public static ulong RemainderSigned(ulong a, ulong b, ulong c, int bits)
    {
        long divisor = Extend(b, bits);
        return Cut(divisor == -1 ? 0 : (ulong)(Extend(a, bits) % divisor), bits);
    }

    public static ulong MultiplyHighUnsigned(ulong a, ulong b, ulong c, int bits)
    {
        return Cut((ulong)(((UInt128)a * b) >> bits) + c, bits);
    }

    public static ulong MultiplyHighSigned(ulong a, ulong b, ulong c, int bits)
    {
        return Cut((ulong)(((Int128)Extend(a, bits) * Extend(b, bits)) >> bits) + c, bits);
    }

    public static ulong MultiplyWide16Unsigned(ulong a, ulong b, ulong c, int bits) => Cut((a * b) + c, 32);

    public static ulong MultiplyWide16Signed(ulong a, ulong b, ulong c, int bits)
    {
        return Cut((ulong)(Extend(a, 16) * Extend(b, 16)) + c, 32);
    }

    public static ulong PopulationCount(ulong a, ulong b, ulong c, int bits) =>
        (ulong)BitOperations.PopCount(a);

    public static ulong LeadingZeros(ulong a, ulong b, ulong c, int bits) =>
        (ulong)(BitOperations.LeadingZeroCount(a) - (64 - bits));

    public static ulong ReverseBits(ulong a, ulong b, ulong c, int bits)
    {
        ulong result = 0;
        for (int i = 0; i < bits; i++)
        {
            result |= (a >> i & 1) << (bits - 1 - i);
        }
        return result;
    }

    public static ulong ConditionalNot(ulong a, ulong b, ulong c, int bits) => a == 0 ? 1u : 0u;

    /// <summary>Position of the most significant bit that differs from the sign; with <c>.shiftamt</c> its
    /// distance from the top.</summary>
    public static ulong FindLeading(ulong a, ulong b, ulong c, int mode)
    {
        int bits = mode & 0xFF;
        bool isSigned = (mode & 0x100) != 0;
        ulong value = isSigned && Extend(a, bits) < 0 ? Cut(~a, bits) : a;
        if (value == 0)
        {
            return uint.MaxValue;
        }
        int position = 63 - BitOperations.LeadingZeroCount(value);
        return (ulong)((mode & 0x200) != 0 ? bits - 1 - position : position);
    }

    public static ulong ExtractUnsigned(ulong a, ulong b, ulong c, int bits)
    {
        int position = (int)(b & 0xFF);
        int length = (int)(c & 0xFF);
        ulong value = position >= bits ? 0 : a >> position;
        return length >= 64 ? value : value & ((1UL << length) - 1);
    }

    public static ulong ExtractSigned(ulong a, ulong b, ulong c, int bits)
    {
        int position = (int)(b & 0xFF);
        int length = (int)(c & 0xFF);
        if (length == 0)
        {
            return 0;
        }
        int top = Math.Min(position + length - 1, bits - 1);
        bool sign = (a >> top & 1) != 0;
        ulong value = 0;
        for (int i = 0; i < bits; i++)
        {
            bool bit = i < length && position + i < bits ? (a >> (position + i) & 1) != 0 : sign;
            value |= bit ? 1UL << i : 0;
        }
        return value;
    }

    public static ulong FunnelLeftWrap(ulong a, ulong b, ulong c, int mode) =>
        Funnel(a, b, (int)(c & 31), isLeft: true);

    public static ulong FunnelLeftClamp(ulong a, ulong b, ulong c, int mode) =>
        Funnel(a, b, (int)Math.Min(c, 32), isLeft: true);

    public static ulong FunnelRightWrap(ulong a, ulong b, ulong c, int mode) =>
        Funnel(a, b, (int)(c & 31), isLeft: false);

    public static ulong FunnelRightClamp(ulong a, ulong b, ulong c, int mode) =>
        Funnel(a, b, (int)Math.Min(c, 32), isLeft: false);

    /// <summary>prmt: each selector nibble picks one of eight bytes; its top bit replicates the sign. The modes
    /// derive the nibbles from the two low bits of the selector.</summary>
    public static ulong Permute(ulong a, ulong b, ulong c, int mode)
    {
        ulong bytes = a | (b << 32);
        ulong result = 0;
        for (int i = 0; i < 4; i++)
        {
            int selector = mode == 0 ? (int)(c >> (i * 4)) & 15 : PermuteSelector((int)c & 3, i, mode);
            ulong value = bytes >> ((selector & 7) * 8) & 0xFF;
            if ((selector & 8) != 0)
            {
                value = (value & 0x80) != 0 ? 0xFFu : 0;
            }
            result |= value << (i * 8);
        }
        return result;
    }

    /// <summary>Modes of prmt: 1 f4e, 2 b4e, 3 rc8, 4 ecl, 5 ecr, 6 rc16.</summary>
    private static int PermuteSelector(int c, int i, int mode) => mode switch
    {
        1 => c + i,
        2 => (c - i) & 7,
        3 => c,
        4 => Math.Max(c, i),
        5 => Math.Min(c, i),
        _ => ((c & 1) << 1) | (i & 1),
    };

    public static ulong SumOfDifferencesUnsigned(ulong a, ulong b, ulong c, int bits) =>
        Cut(c + (a < b ? b - a : a - b), bits);

    public static ulong SumOfDifferencesSigned(ulong a, ulong b, ulong c, int bits)
    {
        long x = Extend(a, bits);
        long y = Extend(b, bits);
        return Cut(c + (ulong)(x < y ? y - x : x - y), bits);
    }

    /// <summary>dp4a: mode bit 0, 1 say that a, b have signs.</summary>
    public static ulong DotProduct4(ulong a, ulong b, ulong c, int mode)
    {
        long sum = (int)(uint)c;
        for (int i = 0; i < 4; i++)
        {
            ulong x = a >> (i * 8) & 0xFF;
            ulong y = b >> (i * 8) & 0xFF;
            sum += ((mode & 1) != 0 ? (sbyte)x : (long)x) * ((mode & 2) != 0 ? (sbyte)y : (long)y);
        }
        return (uint)sum;
    }

    /// <summary>dp2a: as dp4a with halves of a and two bytes of b; mode bit 2: the upper two.</summary>
    public static ulong DotProduct2(ulong a, ulong b, ulong c, int mode)
    {
        long sum = (int)(uint)c;
        for (int i = 0; i < 2; i++)
        {
            ulong x = a >> (i * 16) & 0xFFFF;
            ulong y = b >> ((((mode & 4) != 0 ? 2 : 0) + i) * 8) & 0xFF;
            sum += ((mode & 1) != 0 ? (short)x : (long)x) * ((mode & 2) != 0 ? (sbyte)y : (long)y);
        }
        return (uint)sum;
    }

    /// <summary>mul24 and mad24: mode bit 0 signed, 1 the upper 32 of 48 bits, 2 saturated.</summary>
    public static ulong MultiplyAdd24(ulong a, ulong b, ulong c, int mode)
    {
        long product = (mode & 1) != 0 ? Extend(a, 24) * Extend(b, 24) : (long)(Cut(a, 24) * Cut(b, 24));
        ulong part = (mode & 2) != 0 ? (ulong)(product >> 16) : (ulong)product;
        return (mode & 4) != 0 ? AddSaturated((uint)part, c, 0, 32) : (uint)(part + c);
    }

    /// <summary>mad.hi.sat.s32.</summary>
    public static ulong MultiplyHighAddSaturated(ulong a, ulong b, ulong c, int bits) =>
        AddSaturated(MultiplyHighSigned(a, b, 0, 32), c, 0, 32);

    /// <summary>Position of the c-th set bit of a from bit b on, upwards or (c negative) downwards.</summary>
    public static ulong FindNthSet(ulong a, ulong b, ulong c, int mode)
    {
        long count = (int)(uint)c;
        int at = (int)b;
        if (b > 31)
        {
            return uint.MaxValue;
        }
        if (count == 0)
        {
            return (a >> at & 1) != 0 ? (uint)at : uint.MaxValue;
        }
        int step = Math.Sign(count);
        for (long left = Math.Abs(count); at is >= 0 and < 32; at += step)
        {
            left -= (long)(a >> at & 1);
            if (left == 0)
            {
                return (uint)at;
            }
        }
        return uint.MaxValue;
    }

    /// <summary>szext: the low b bits of a, extended; mode bit 0 signed, 1 b modulo 32.</summary>
    public static ulong ExtendFrom(ulong a, ulong b, ulong c, int mode)
    {
        int length = (int)((mode & 2) != 0 ? b & 31 : Math.Min(b, 32));
        ulong low = Cut(a, length);
        return (mode & 1) != 0 && length > 0 ? (uint)Extend(low, length) : low;
    }

    /// <summary>bmsk: b ones from bit a on; mode 1: both modulo 32.</summary>
    public static ulong BitMask(ulong a, ulong b, ulong c, int mode)
    {
        int position = (int)(mode != 0 ? a & 31 : Math.Min(a, 32));
        int length = (int)(mode != 0 ? b & 31 : Math.Min(b, 32));
        return (uint)(((1UL << length) - 1) << position);
    }

    /// <summary>add, min, max of two 16-bit halves: mode bits 0-1: 0 add, 1 min, 2 max; bit 2 signed, bit 3
    /// relu.</summary>
    public static ulong OnPair(ulong a, ulong b, ulong c, int mode)
    {
        return OnHalfWord((ushort)a, (ushort)b, mode)
            | ((ulong)OnHalfWord((ushort)(a >> 16), (ushort)(b >> 16), mode) << 16);
    }

    private static ushort OnHalfWord(ushort a, ushort b, int mode)
    {
        int x = (mode & 4) != 0 ? (short)a : a;
        int y = (mode & 4) != 0 ? (short)b : b;
        int result = (mode & 3) switch { 0 => x + y, 1 => Math.Min(x, y), _ => Math.Max(x, y) };
        return (ushort)((mode & 8) != 0 ? Math.Max(result, 0) : result);
    }

    /// <summary>min.relu and max.relu of 32 bits; mode 1: max.</summary>
    public static ulong RectifiedExtreme(ulong a, ulong b, ulong c, int mode)
    {
        int x = (int)(uint)a;
        int y = (int)(uint)b;
        return (uint)Math.Max(mode != 0 ? Math.Max(x, y) : Math.Min(x, y), 0);
    }

    public static ulong AddSaturated(ulong a, ulong b, ulong c, int bits)
    {
        return (uint)(int)Math.Clamp((long)(int)(uint)a + (int)(uint)b, int.MinValue, int.MaxValue);
    }

    public static ulong SubtractSaturated(ulong a, ulong b, ulong c, int bits)
    {
        return (uint)(int)Math.Clamp((long)(int)(uint)a - (int)(uint)b, int.MinValue, int.MaxValue);
    }

    public static ulong Log2(ulong a, ulong b, ulong c, int flush) =>
        Apply(a, flush, static x => (float)Math.Log2(x));

    public static ulong Sine(ulong a, ulong b, ulong c, int flush) =>
        Apply(a, flush, static x => (float)Math.Sin(x));

    public static ulong Cosine(ulong a, ulong b, ulong c, int flush) =>
        Apply(a, flush, static x => (float)Math.Cos(x));

    public static ulong HyperbolicTangent(ulong a, ulong b, ulong c, int flush) =>
        Apply(a, flush, static x => (float)Math.Tanh(x));

    public static ulong CopySign32(ulong a, ulong b, ulong c, int mode) =>
        (b & 0x7FFF_FFFF) | (a & 0x8000_0000);

    public static ulong CopySign64(ulong a, ulong b, ulong c, int mode) =>
        (b & ~(1UL << 63)) | (a & (1UL << 63));

    /// <summary>testp: mode 0 finite, 1 infinite, 2 number, 3 notanumber, 4 normal, 5 subnormal; bit 8 for
    /// binary64.</summary>
    public static ulong TestProperty(ulong a, ulong b, ulong c, int mode)
    {
        double value = (mode & 0x100) != 0 ? BitConverter.UInt64BitsToDouble(a)
            : BitConverter.UInt32BitsToSingle((uint)a);
        bool isSubnormal = (mode & 0x100) != 0
            ? double.IsSubnormal(value) : float.IsSubnormal(BitConverter.UInt32BitsToSingle((uint)a));
        bool result = (mode & 0xFF) switch
        {
            0 => double.IsFinite(value),
            1 => double.IsInfinity(value),
            2 => !double.IsNaN(value),
            3 => double.IsNaN(value),
            4 => double.IsFinite(value) && value != 0 && !isSubnormal,
            _ => isSubnormal,
        };
        return result ? 1u : 0;
    }

    /// <summary>slct: a where c is not negative. Mode bit 0: c is a float; bit 1: subnormal ones count as 0.</summary>
    public static ulong SelectBySign(ulong a, ulong b, ulong c, int mode)
    {
        bool isFirst = (mode & 1) != 0
            ? Flush(BitConverter.UInt32BitsToSingle((uint)c), mode & 2) >= 0 : (int)(uint)c >= 0;
        return isFirst ? a : b;
    }

    /// <summary>bfi.</summary>
    public static ulong InsertBits(ulong a, ulong b, int position, int length, int bits)
    {
        if (length == 0 || position >= bits)
        {
            return b;
        }
        ulong mask = length >= 64 ? ulong.MaxValue : (1UL << length) - 1;
        mask <<= position;
        return Cut((b & ~mask) | ((a << position) & mask), bits);
    }

    /// <summary>Sign-extends a value of <paramref name="bits"/> bits.</summary>
    public static long Extend(ulong value, int bits) => (long)(value << (64 - bits)) >> (64 - bits);

    /// <summary>Keeps the low <paramref name="bits"/> bits.</summary>
    public static ulong Cut(ulong value, int bits) => bits == 64 ? value : value & ((1UL << bits) - 1);

    private static ulong Funnel(ulong low, ulong high, int amount, bool isLeft)
    {
        ulong both = low | (high << 32);
        return isLeft ? both << amount >> 32 : (uint)(both >> amount);
    }

    private static ulong Apply(ulong bits, int flush, Func<float, float> function)
    {
        float x = Flush(BitConverter.UInt32BitsToSingle((uint)bits), flush);
        float y = Flush(function(x), flush);
        return float.IsNaN(y) ? FloatOperators.CanonicalNaN : BitConverter.SingleToUInt32Bits(y);
    }

    private static float Flush(float x, int flush) =>
        flush != 0 && float.IsSubnormal(x) ? MathF.CopySign(0, x) : x;
}
