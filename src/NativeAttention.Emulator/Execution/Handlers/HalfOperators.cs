using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>Conversions between binary32 and the 16-bit formats by integer arithmetic, since no vector
/// conversion is at hand.</summary>
internal static class HalfOperators
{
    /// <summary>binary16 in the low half of each lane to binary32; exact. NaN becomes a quiet NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> WidenHalf(Vector512<uint> h)
    {
        Vector512<uint> sign = (h & Vector512.Create(0x8000u)) << 16;
        Vector512<uint> body = (h & Vector512.Create(0x7FFFu)) << 13;
        // 2^112 moves the exponent bias from 15 to 127 and normalises subnormal numbers on the way.
        Vector512<uint> value = (body.AsSingle() * Vector512.Create(0x7780_0000u).AsSingle()).AsUInt32();
        Vector512<uint> isSpecial = Vector512.GreaterThanOrEqual(body, Vector512.Create(0x0F80_0000u));
        return (value | (isSpecial & Vector512.Create(0x7F80_0000u))) | sign;
    }

    /// <summary>binary32 to binary16, to nearest even; NaN gives 0x7FFF.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> NarrowHalf(Vector512<uint> f)
    {
        Vector512<uint> sign = (f >> 16) & Vector512.Create(0x8000u);
        Vector512<uint> size = f & Vector512.Create(0x7FFF_FFFFu);
        Vector512<uint> odd = (size >> 13) & Vector512<uint>.One;
        Vector512<uint> normal = (size + odd - Vector512.Create(0x37FF_F001u)) >> 13;
        // Adding 1/2 aligns the result's last bit with that of the subnormal binary16 numbers.
        Vector512<float> half = Vector512.Create(0.5f);
        Vector512<uint> small = (size.AsSingle() + half).AsUInt32() - half.AsUInt32();
        Vector512<uint> isSmall = Vector512.LessThan(size, Vector512.Create(0x3880_0000u));
        Vector512<uint> isHuge = Vector512.GreaterThanOrEqual(size, Vector512.Create(0x477F_F000u));
        Vector512<uint> isNaN = Vector512.GreaterThan(size, Vector512.Create(0x7F80_0000u));
        Vector512<uint> result = Vector512.ConditionalSelect(isSmall, small, normal);
        result = Vector512.ConditionalSelect(isHuge, Vector512.Create(0x7C00u), result) | sign;
        return Vector512.ConditionalSelect(isNaN, Vector512.Create(0x7FFFu), result);
    }

    /// <summary>e4m3 in the low byte of each lane to binary32; exact. Only all ones are NaN.</summary>
    public static Vector512<uint> WidenE4M3(Vector512<uint> e)
    {
        Vector512<uint> size = e & Vector512.Create(0x7Fu);
        // 2^120 moves the exponent bias from 7 to 127 and normalises subnormal numbers on the way.
        Vector512<uint> value =
            ((size << 20).AsSingle() * Vector512.Create(0x7B80_0000u).AsSingle()).AsUInt32();
        Vector512<uint> isNaN = Vector512.Equals(size, Vector512.Create(0x7Fu));
        return Vector512.ConditionalSelect(isNaN, Vector512.Create(FloatOperators.CanonicalNaN), value)
            | ((e & Vector512.Create(0x80u)) << 24);
    }

    /// <summary>bfloat16 in the low half of each lane to binary32; exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> WidenBFloat(Vector512<uint> h) => h << 16;

    /// <summary>binary32 to bfloat16, to nearest even; NaN gives 0x7FFF.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> NarrowBFloat(Vector512<uint> f)
    {
        Vector512<uint> odd = (f >> 16) & Vector512<uint>.One;
        Vector512<uint> result = (f + Vector512.Create(0x7FFFu) + odd) >> 16;
        Vector512<uint> isNaN =
            Vector512.GreaterThan(f & Vector512.Create(0x7FFF_FFFFu), Vector512.Create(0x7F80_0000u));
        return Vector512.ConditionalSelect(isNaN, Vector512.Create(0x7FFFu), result);
    }

    /// <summary>binary32 rounded to tf32, to nearest with ties away from zero; NaN stays the canonical
    /// NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RoundTf32(Vector512<uint> f)
    {
        Vector512<uint> size = f & Vector512.Create(0x7FFF_FFFFu);
        Vector512<uint> rounded = (f + Vector512.Create(0x1000u)) & Vector512.Create(0xFFFF_E000u);
        Vector512<uint> isInfinite = Vector512.Equals(size, Vector512.Create(0x7F80_0000u));
        Vector512<uint> isNaN = Vector512.GreaterThan(size, Vector512.Create(0x7F80_0000u));
        rounded = Vector512.ConditionalSelect(isInfinite, f, rounded);
        return Vector512.ConditionalSelect(isNaN, Vector512.Create(0x7FFF_FFFFu), rounded);
    }

    public readonly struct HalfToFloat : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a)
        {
            return FloatOperators.Canonical(WidenHalf(a).AsSingle());
        }
    }

    public readonly struct BFloatToFloat : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) =>
            FloatOperators.Canonical(WidenBFloat(a).AsSingle());
    }

    public readonly struct FloatToHalf : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => NarrowHalf(a);
    }

    public readonly struct FloatToBFloat : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => NarrowBFloat(a);
    }

    public readonly struct FloatToTf32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => RoundTf32(a);
    }

    /// <summary>Two binary32 values to packed binary16: a is the upper half.</summary>
    public readonly struct PackHalf : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            (NarrowHalf(a) << 16) | NarrowHalf(b);
    }

    /// <summary>Two binary32 values to packed bfloat16: a is the upper half.</summary>
    public readonly struct PackBFloat : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            (NarrowBFloat(a) << 16) | NarrowBFloat(b);
    }

    /// <summary>A binary32 operation on binary16 lanes; exact for add, subtract and multiply, whose result
    /// binary32 rounding leaves alone.</summary>
    public readonly struct OnHalf<TOperator> : IBinary<uint>
        where TOperator : struct, IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            return NarrowHalf(TOperator.Invoke(WidenHalf(a & Low), WidenHalf(b & Low)));
        }
    }

    /// <summary>A binary32 operation on both binary16 halves of a lane.</summary>
    public readonly struct OnHalfPair<TOperator> : IBinary<uint>
        where TOperator : struct, IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            return OnHalf<TOperator>.Invoke(a, b) | (OnHalf<TOperator>.Invoke(a >> 16, b >> 16) << 16);
        }
    }

    /// <summary>A binary32 operation on bfloat16 lanes.</summary>
    public readonly struct OnBFloat<TOperator> : IBinary<uint>
        where TOperator : struct, IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            return NarrowBFloat(TOperator.Invoke(a << 16, b << 16));
        }
    }

    /// <summary>A binary32 operation on both bfloat16 halves of a lane.</summary>
    public readonly struct OnBFloatPair<TOperator> : IBinary<uint>
        where TOperator : struct, IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            return OnBFloat<TOperator>.Invoke(a, b) | (OnBFloat<TOperator>.Invoke(a >> 16, b >> 16) << 16);
        }
    }

    public readonly struct FromHalf : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => WidenHalf(a);
    }

    /// <summary>binary16 with subnormal numbers taken for zeros.</summary>
    public readonly struct FromFlushedHalf : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a)
        {
            Vector512<uint> isSmall = Vector512.Equals(a & Vector512.Create(0x7C00u), Vector512<uint>.Zero);
            return WidenHalf(Vector512.ConditionalSelect(isSmall, a & Vector512.Create(0x8000u), a));
        }
    }

    public readonly struct FromBFloat : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => WidenBFloat(a);
    }

    /// <summary>Flips or clears the sign bits of 16-bit halves.</summary>
    public readonly struct NegateLow : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => a ^ Vector512.Create(0x8000u);
    }

    public readonly struct NegatePair : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => a ^ Vector512.Create(0x8000_8000u);
    }

    public readonly struct AbsoluteLow : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => a & Vector512.Create(0x7FFFu);
    }

    public readonly struct AbsolutePair : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => a & Vector512.Create(0x7FFF_7FFFu);
    }

    private static Vector512<uint> Low
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create(0xFFFFu);
    }
}
