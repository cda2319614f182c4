using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Cpu;

/// <summary>Registers of 16 floats (AVX-512).</summary>
internal readonly unsafe struct Width512 : IVectorWidth<Vector512<float>>
{
    public static int Count => Vector512<float>.Count;

    public static int BlockVectors => 4;

    public static string Name => "v512";

    public static Vector512<float> Zero => Vector512<float>.Zero;

    public static Vector512<float> Indices => Vector512.CreateSequence(0f, 1f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Widen<T>(T* source)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            return Vector512.Load((float*)source);
        }

        Vector512<int> bits = Vector512.WidenLower(Vector256.Load((short*)source).ToVector512Unsafe());
        return typeof(T) == typeof(Half) ? WidenHalf(bits) : (bits << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Abs(Vector512<float> x) => Vector512.Abs(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> CopySign(Vector512<float> x, Vector512<float> sign) => Vector512.CopySign(x, sign);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Vector512.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) => Vector512.MaxNative(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(Vector512<float> a, Vector512<float> b) => Vector512.GreaterThanAny(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SelectBetween(Vector512<float> x, Vector512<float> low,
        Vector512<float> high, Vector512<float> value, Vector512<float> other) => Vector512.ConditionalSelect(
            Vector512.GreaterThanOrEqual(x, low) & Vector512.LessThanOrEqual(x, high), value, other);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ReplaceNegativeInfinity(Vector512<float> x, Vector512<float> other) =>
        Vector512.ConditionalSelect(Vector512.Equals(x, Vector512.Create(float.NegativeInfinity)), other, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp2(Vector512<float> x)
    {
        if (Avx512DQ.IsSupported)
        {
            return Exp2ByScaling(x);
        }

        Vector512<float> shifted = x + Vector512.Create(Exp2Polynomial.RoundingShift);
        Vector512<float> f = x - (shifted - Vector512.Create(Exp2Polynomial.RoundingShift));
        Vector512<float> p = Vector512.Create(Exp2Polynomial.C5);
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.C4));
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.C3));
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.C2));
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.C1));
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.C0));

        // The integer part of x sits in the low bits of the shifted value: move it onto the exponent.
        p = (p.AsInt32() + (shifted.AsInt32() << Exp2Polynomial.FractionBits)).AsSingle();
        // Below its range 0; a NaN stays itself, since the sum above could make a number of its payload.
        return Vector512.ConditionalSelect(
            Vector512.GreaterThanOrEqual(x, Vector512.Create(Exp2Polynomial.Underflow)), p,
            Vector512.AndNot(x, Vector512.Equals(x, x)));
    }

    // The processor splits x into its floor and a fraction, and scales by powers of two, at the cost of one
    // instruction each; minus infinity and NaN come out right by themselves.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Exp2ByScaling(Vector512<float> x)
    {
        const byte FractionAboveFloor = 0b1001;
        Vector512<float> f = Avx512DQ.Reduce(x, FractionAboveFloor);
        Vector512<float> p = Vector512.Create(Exp2Polynomial.F5);
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.F4));
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.F3));
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.F2));
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.F1));
        p = MultiplyAdd(p, f, Vector512.Create(Exp2Polynomial.F0));
        return Avx512F.Scale(p, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(Vector512<float> a, Vector512<float> b, Vector512<float> c,
        Vector512<float> d, float* destination)
    {
        if (!Avx512F.IsSupported)
        {
            Vector128.Create(SumLanes(a), SumLanes(b), SumLanes(c), SumLanes(d)).Store(destination);
            return;
        }

        // Neighbouring lanes become a, b and c, d; then every 128 bits are a, b, c, d.
        Vector512<float> ab = Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b);
        Vector512<float> cd = Avx512F.UnpackLow(c, d) + Avx512F.UnpackHigh(c, d);
        Vector512<float> abcd = Avx512F.Shuffle(ab, cd, 0b01_00_01_00) + Avx512F.Shuffle(ab, cd, 0b11_10_11_10);
        Vector256<float> half = abcd.GetLower() + abcd.GetUpper();
        (half.GetLower() + half.GetUpper()).Store(destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumLanes(Vector512<float> value) => Vector512.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Vector512<float> value)
        => Width256.MaxLane(Vector256.MaxNative(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> EvenHalves<T>(Vector512<float> pairs)
        where T : unmanaged
    {
        if (typeof(T) != typeof(Half))
        {
            return (pairs.AsInt32() << 16).AsSingle();
        }

        // One multiplication extends the sign of the lower element and shifts it.
        Vector512<int> placed = Avx512BW.IsSupported
            ? Avx512BW.MultiplyAddAdjacent(pairs.AsInt16(), Vector512.Create(1 << HalfBits.Shift).AsInt16())
            : (pairs.AsInt32() << 16) >> (16 - HalfBits.Shift);
        return (placed & Vector512.Create(HalfBits.Kept)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> OddHalves<T>(Vector512<float> pairs)
        where T : unmanaged => typeof(T) == typeof(Half)
            ? ((pairs.AsInt32() >> (16 - HalfBits.Shift)) & Vector512.Create(HalfBits.Kept)).AsSingle()
            : (pairs.AsInt32() & Vector512.Create(0xFFFF << 16)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> RestoreInfinity(Vector512<float> x)
    {
        Vector512<float> special = Vector512.GreaterThanOrEqual(
            Vector512.Abs(x), Vector512.Create(HalfBits.Infinite / HalfBits.Rebias));
        return x | (special & Vector512.Create(float.PositiveInfinity));
    }

    // Without their signs, and so twice what they were.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LargerHalves(Vector512<float> largest, Vector512<float> pairs) =>
        Vector512.Max(largest.AsUInt16(), pairs.AsUInt16() + pairs.AsUInt16()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreFiniteHalves(Vector512<float> largest) =>
        Vector512.LessThanAll(largest.AsUInt16(), Vector512.Create(HalfBits.InfinityTwice));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(Vector512<float> even, Vector512<float> odd, float* destination)
    {
        Vector512<int> low = Vector512.Create(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
        Vector512<int> high = Vector512.Create(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
        Vector512<float> isOdd = Vector512.Create(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1).AsSingle();
        Vector512.ConditionalSelect(isOdd, Vector512.Shuffle(odd, low), Vector512.Shuffle(even, low)).Store(destination);
        Vector512.ConditionalSelect(isOdd, Vector512.Shuffle(odd, high), Vector512.Shuffle(even, high)).Store(destination + Count);
    }

    // As ElementConvert does it, which says why; what is infinite is told before the multiplication.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> WidenHalf(Vector512<int> bits) =>
        RestoreInfinity(((bits << HalfBits.Shift) & Vector512.Create(HalfBits.Kept)).AsSingle()) * Vector512.Create(HalfBits.Rebias);
}
