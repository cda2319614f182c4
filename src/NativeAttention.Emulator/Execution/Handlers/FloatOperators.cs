using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// The binary32 and binary64 operators on vectors of lanes. Results that are NaN are the canonical NaN;
/// subnormal numbers are kept unless the operator is wrapped in a flushing one.
/// </summary>
internal static class FloatOperators
{
    public const uint CanonicalNaN = 0x7FFF_FFFF;
    public const ulong CanonicalNaN64 = 0x7FF8_0000_0000_0000;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Canonical(Vector512<float> a)
    {
        return Vector512.ConditionalSelect(Vector512.Equals(a, a).AsUInt32(), a.AsUInt32(),
            Vector512.Create(CanonicalNaN));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Canonical(Vector512<double> a)
    {
        return Vector512.ConditionalSelect(Vector512.Equals(a, a).AsUInt64(), a.AsUInt64(),
            Vector512.Create(CanonicalNaN64));
    }

    /// <summary>Replaces subnormal numbers by zeros of their sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Flush(Vector512<uint> a)
    {
        Vector512<uint> isSmall = Vector512.Equals(a & Vector512.Create(0x7F80_0000u), Vector512<uint>.Zero);
        return Vector512.ConditionalSelect(isSmall, a & Vector512.Create(0x8000_0000u), a);
    }

    /// <summary>Clamps to [0, 1]; NaN gives 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Saturate(Vector512<uint> a)
    {
        Vector512<float> value = a.AsSingle();
        Vector512<float> positive = Vector512.ConditionalSelect(
            Vector512.GreaterThan(value, Vector512<float>.Zero), value, Vector512<float>.Zero);
        return Vector512.ConditionalSelect(
            Vector512.LessThan(positive, Vector512<float>.One), positive, Vector512<float>.One).AsUInt32();
    }

    public readonly struct FlushUnary<TOperator> : IUnary<uint>
        where TOperator : struct, IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => Flush(TOperator.Invoke(Flush(a)));
    }

    public readonly struct FlushBinary<TOperator> : IBinary<uint>
        where TOperator : struct, IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Flush(TOperator.Invoke(Flush(a), Flush(b)));
    }

    public readonly struct FlushTernary<TOperator> : ITernary<uint>
        where TOperator : struct, ITernary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c)
        {
            return Flush(TOperator.Invoke(Flush(a), Flush(b), Flush(c)));
        }
    }

    public readonly struct Unchanged : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => a;
    }

    public readonly struct Flushed : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => Flush(a);
    }

    /// <summary>A comparison of what <typeparamref name="TRead"/> makes of the operands.</summary>
    public readonly struct CompareAs<TRead, TCompare> : ICompare<uint>
        where TRead : struct, IUnary<uint>
        where TCompare : struct, ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            TCompare.Invoke(TRead.Invoke(a), TRead.Invoke(b));
    }

    public readonly struct SaturateBinary<TOperator> : IBinary<uint>
        where TOperator : struct, IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Saturate(TOperator.Invoke(a, b));
    }

    public readonly struct SaturateTernary<TOperator> : ITernary<uint>
        where TOperator : struct, ITernary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c)
        {
            return Saturate(TOperator.Invoke(a, b, c));
        }
    }

    public readonly struct Add32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Canonical(a.AsSingle() + b.AsSingle());
    }

    public readonly struct Subtract32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Canonical(a.AsSingle() - b.AsSingle());
    }

    public readonly struct Multiply32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Canonical(a.AsSingle() * b.AsSingle());
    }

    public readonly struct Divide32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Canonical(a.AsSingle() / b.AsSingle());
    }

    public readonly struct FusedMultiplyAdd32 : ITernary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
            Canonical(Vector512.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()));
    }

    public readonly struct Negate32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => a ^ Vector512.Create(0x8000_0000u);
    }

    public readonly struct Absolute32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => a & ~Vector512.Create(0x8000_0000u);
    }

    public readonly struct SquareRoot32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) => Canonical(Vector512.Sqrt(a.AsSingle()));
    }

    public readonly struct Reciprocal32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) =>
            Canonical(Vector512<float>.One / a.AsSingle());
    }

    /// <summary>Minimum: a NaN gives the other operand, -0 is below +0.</summary>
    public readonly struct Min32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            Vector512<float> x = a.AsSingle();
            Vector512<float> y = b.AsSingle();
            Vector512<uint> result = Vector512.ConditionalSelect(Vector512.LessThan(x, y).AsUInt32(), a, b);
            // Equal numbers are one value or two zeros; of those the signs decide.
            result = Vector512.ConditionalSelect(Vector512.Equals(x, y).AsUInt32(), a | b, result);
            Vector512<uint> yIsNumber = Vector512.Equals(y, y).AsUInt32();
            result = Vector512.ConditionalSelect(yIsNumber, result, a);
            return Canonical(result.AsSingle());
        }
    }

    /// <summary>Minimum: a NaN gives NaN, -0 is below +0.</summary>
    public readonly struct MinNaN32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            Vector512<uint> areNumbers =
                (Vector512.Equals(a.AsSingle(), a.AsSingle()) & Vector512.Equals(b.AsSingle(),
                    b.AsSingle())).AsUInt32();
            return Vector512.ConditionalSelect(areNumbers, Min32.Invoke(a, b),
                Vector512.Create(CanonicalNaN));
        }
    }

    /// <summary>Maximum: a NaN gives the other operand, -0 is below +0.</summary>
    public readonly struct Max32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            Vector512<float> x = a.AsSingle();
            Vector512<float> y = b.AsSingle();
            Vector512<uint> result =
                Vector512.ConditionalSelect(Vector512.GreaterThan(x, y).AsUInt32(), a, b);
            // Equal numbers are one value or two zeros; of those the signs decide.
            result = Vector512.ConditionalSelect(Vector512.Equals(x, y).AsUInt32(), a & b, result);
            Vector512<uint> yIsNumber = Vector512.Equals(y, y).AsUInt32();
            result = Vector512.ConditionalSelect(yIsNumber, result, a);
            return Canonical(result.AsSingle());
        }
    }

    /// <summary>Maximum: a NaN gives NaN, -0 is below +0.</summary>
    public readonly struct MaxNaN32 : IBinary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            Vector512<uint> areNumbers =
                (Vector512.Equals(a.AsSingle(), a.AsSingle()) & Vector512.Equals(b.AsSingle(),
                    b.AsSingle())).AsUInt32();
            return Vector512.ConditionalSelect(areNumbers, Max32.Invoke(a, b),
                Vector512.Create(CanonicalNaN));
        }
    }

    public readonly struct Equal32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Vector512.Equals(a.AsSingle(), b.AsSingle()).AsUInt32();
    }

    public readonly struct Less32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Vector512.LessThan(a.AsSingle(), b.AsSingle()).AsUInt32();
    }

    public readonly struct LessEqual32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Vector512.LessThanOrEqual(a.AsSingle(), b.AsSingle()).AsUInt32();
    }

    public readonly struct Greater32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Vector512.GreaterThan(a.AsSingle(), b.AsSingle()).AsUInt32();
    }

    public readonly struct GreaterEqual32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Vector512.GreaterThanOrEqual(a.AsSingle(), b.AsSingle()).AsUInt32();
    }

    public readonly struct NotEqual32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            ~Vector512.Equals(a.AsSingle(), b.AsSingle()).AsUInt32() & Numbers32.Invoke(a, b);
    }

    public readonly struct Numbers32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) =>
            Vector512.Equals(a.AsSingle(), a.AsSingle()).AsUInt32() & Vector512.Equals(b.AsSingle(),
                b.AsSingle()).AsUInt32();
    }

    public readonly struct NotNumbers32 : ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b) => ~Numbers32.Invoke(a, b);
    }

    public readonly struct Add64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Canonical(a.AsDouble() + b.AsDouble());
    }

    public readonly struct Subtract64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Canonical(a.AsDouble() - b.AsDouble());
    }

    public readonly struct Multiply64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Canonical(a.AsDouble() * b.AsDouble());
    }

    public readonly struct Divide64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Canonical(a.AsDouble() / b.AsDouble());
    }

    public readonly struct FusedMultiplyAdd64 : ITernary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b, Vector512<ulong> c) =>
            Canonical(Vector512.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()));
    }

    public readonly struct Negate64 : IUnary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a) =>
            a ^ Vector512.Create(0x8000_0000_0000_0000ul);
    }

    public readonly struct Absolute64 : IUnary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a) =>
            a & ~Vector512.Create(0x8000_0000_0000_0000ul);
    }

    public readonly struct SquareRoot64 : IUnary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a) => Canonical(Vector512.Sqrt(a.AsDouble()));
    }

    public readonly struct Reciprocal64 : IUnary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a) =>
            Canonical(Vector512<double>.One / a.AsDouble());
    }

    /// <summary>Minimum: a NaN gives the other operand, -0 is below +0.</summary>
    public readonly struct Min64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b)
        {
            Vector512<double> x = a.AsDouble();
            Vector512<double> y = b.AsDouble();
            Vector512<ulong> result = Vector512.ConditionalSelect(Vector512.LessThan(x, y).AsUInt64(), a, b);
            // Equal numbers are one value or two zeros; of those the signs decide.
            result = Vector512.ConditionalSelect(Vector512.Equals(x, y).AsUInt64(), a | b, result);
            Vector512<ulong> yIsNumber = Vector512.Equals(y, y).AsUInt64();
            result = Vector512.ConditionalSelect(yIsNumber, result, a);
            return Canonical(result.AsDouble());
        }
    }

    /// <summary>Minimum: a NaN gives NaN, -0 is below +0.</summary>
    public readonly struct MinNaN64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b)
        {
            Vector512<ulong> areNumbers =
                (Vector512.Equals(a.AsDouble(), a.AsDouble()) & Vector512.Equals(b.AsDouble(),
                    b.AsDouble())).AsUInt64();
            return Vector512.ConditionalSelect(areNumbers, Min64.Invoke(a, b),
                Vector512.Create(CanonicalNaN64));
        }
    }

    /// <summary>Maximum: a NaN gives the other operand, -0 is below +0.</summary>
    public readonly struct Max64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b)
        {
            Vector512<double> x = a.AsDouble();
            Vector512<double> y = b.AsDouble();
            Vector512<ulong> result =
                Vector512.ConditionalSelect(Vector512.GreaterThan(x, y).AsUInt64(), a, b);
            // Equal numbers are one value or two zeros; of those the signs decide.
            result = Vector512.ConditionalSelect(Vector512.Equals(x, y).AsUInt64(), a & b, result);
            Vector512<ulong> yIsNumber = Vector512.Equals(y, y).AsUInt64();
            result = Vector512.ConditionalSelect(yIsNumber, result, a);
            return Canonical(result.AsDouble());
        }
    }

    /// <summary>Maximum: a NaN gives NaN, -0 is below +0.</summary>
    public readonly struct MaxNaN64 : IBinary<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b)
        {
            Vector512<ulong> areNumbers =
                (Vector512.Equals(a.AsDouble(), a.AsDouble()) & Vector512.Equals(b.AsDouble(),
                    b.AsDouble())).AsUInt64();
            return Vector512.ConditionalSelect(areNumbers, Max64.Invoke(a, b),
                Vector512.Create(CanonicalNaN64));
        }
    }

    public readonly struct Equal64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Vector512.Equals(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    public readonly struct Less64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Vector512.LessThan(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    public readonly struct LessEqual64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Vector512.LessThanOrEqual(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    public readonly struct Greater64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Vector512.GreaterThan(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    public readonly struct GreaterEqual64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Vector512.GreaterThanOrEqual(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    public readonly struct NotEqual64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            ~Vector512.Equals(a.AsDouble(), b.AsDouble()).AsUInt64() & Numbers64.Invoke(a, b);
    }

    public readonly struct Numbers64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            Vector512.Equals(a.AsDouble(), a.AsDouble()).AsUInt64() & Vector512.Equals(b.AsDouble(),
                b.AsDouble()).AsUInt64();
    }

    public readonly struct NotNumbers64 : ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b) =>
            ~Numbers64.Invoke(a, b);
    }

    /// <summary>The comparison, or true when an operand is NaN.</summary>
    public readonly struct Unordered32<TCompare> : ICompare<uint>
        where TCompare : struct, ICompare<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a, Vector512<uint> b)
        {
            return TCompare.Invoke(a, b) | NotNumbers32.Invoke(a, b);
        }
    }

    /// <summary>The comparison, or true when an operand is NaN.</summary>
    public readonly struct Unordered64<TCompare> : ICompare<ulong>
        where TCompare : struct, ICompare<ulong>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Invoke(Vector512<ulong> a, Vector512<ulong> b)
        {
            return TCompare.Invoke(a, b) | NotNumbers64.Invoke(a, b);
        }
    }

    /// <summary>A signed integer to binary32, to nearest even.</summary>
    public readonly struct FromSigned : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a) =>
            Vector512.ConvertToSingle(a.AsInt32()).AsUInt32();
    }

    /// <summary>An unsigned integer to binary32, to nearest even.</summary>
    public readonly struct FromUnsigned : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a)
        {
            (Vector512<ulong> low, Vector512<ulong> high) = Vector512.Widen(a);
            return Vector512.Narrow(Vector512.ConvertToDouble(low),
                Vector512.ConvertToDouble(high)).AsUInt32();
        }
    }

    /// <summary>1 / sqrt(a), rounded once from binary64.</summary>
    public readonly struct ReciprocalSquareRoot32 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a)
        {
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(a.AsSingle());
            low = Vector512<double>.One / Vector512.Sqrt(low);
            high = Vector512<double>.One / Vector512.Sqrt(high);
            return Canonical(Vector512.Narrow(low, high));
        }
    }

    /// <summary>
    /// 2^a: a is split into an integer n and a fraction f in [-1/2, 1/2]; 2^f by its Taylor series in f ln 2
    /// (degree 7, error below 1e-8), scaled by 2^n in two exact steps so that results among the subnormal
    /// numbers are rounded once.
    /// </summary>
    public readonly struct Exp2 : IUnary<uint>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<uint> Invoke(Vector512<uint> a)
        {
            Vector512<float> x = a.AsSingle();
            Vector512<float> clamped = Vector512.ConditionalSelect(
                Vector512.LessThan(x, Vector512.Create(130f)), x, Vector512.Create(130f));
            clamped = Vector512.ConditionalSelect(
                Vector512.GreaterThan(clamped, Vector512.Create(-160f)), clamped, Vector512.Create(-160f));
            // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
            Vector512<float> magic = Vector512.Create(12582912f);
            Vector512<float> shifted = clamped + magic;
            Vector512<int> n = shifted.AsInt32() - magic.AsInt32();
            Vector512<float> f = clamped - (shifted - magic);
            Vector512<float> p = Vector512.Create(1.5252733804059841e-5f);
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1.5403530393381609e-4f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1.3333558146428443e-3f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(9.6181291076284772e-3f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(5.5504108664821580e-2f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(2.4022650695910072e-1f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(6.9314718055994531e-1f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512<float>.One);
            Vector512<int> half = n >> 1;
            Vector512<float> result = p * PowerOfTwo(half) * PowerOfTwo(n - half);
            return Vector512.ConditionalSelect(
                Vector512.Equals(x, x).AsUInt32(), result.AsUInt32(), Vector512.Create(CanonicalNaN));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<float> PowerOfTwo(Vector512<int> n) =>
            ((n + Vector512.Create(127)) << 23).AsSingle();
    }
}
