using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Cpu;

/// <summary>Registers of 8 floats (AVX2).</summary>
internal readonly unsafe struct Width256 : IVectorWidth<Vector256<float>>
{
    public static int Count => Vector256<float>.Count;

    public static int BlockVectors => 2;

    public static string Name => "v256";

    public static Vector256<float> Zero => Vector256<float>.Zero;

    public static Vector256<float> Indices => Vector256.CreateSequence(0f, 1f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen<T>(T* source)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            return Vector256.Load((float*)source);
        }

        Vector256<int> bits = Vector256.WidenLower(Vector128.Load((short*)source).ToVector256Unsafe());
        return typeof(T) == typeof(Half) ? WidenHalf(bits) : (bits << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Subtract(Vector256<float> a, Vector256<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Divide(Vector256<float> a, Vector256<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Abs(Vector256<float> x) => Vector256.Abs(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> CopySign(Vector256<float> x, Vector256<float> sign) => Vector256.CopySign(x, sign);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) =>
        Vector256.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Max(Vector256<float> a, Vector256<float> b) => Vector256.MaxNative(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(Vector256<float> a, Vector256<float> b) => Vector256.GreaterThanAny(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SelectBetween(Vector256<float> x, Vector256<float> low,
        Vector256<float> high, Vector256<float> value, Vector256<float> other) => Vector256.ConditionalSelect(
            Vector256.GreaterThanOrEqual(x, low) & Vector256.LessThanOrEqual(x, high), value, other);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ReplaceNegativeInfinity(Vector256<float> x, Vector256<float> other) =>
        Vector256.ConditionalSelect(Vector256.Equals(x, Vector256.Create(float.NegativeInfinity)), other, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp2(Vector256<float> x)
    {
        Vector256<float> shifted = x + Vector256.Create(Exp2Polynomial.RoundingShift);
        Vector256<float> f = x - (shifted - Vector256.Create(Exp2Polynomial.RoundingShift));
        Vector256<float> p = Vector256.Create(Exp2Polynomial.C5);
        p = MultiplyAdd(p, f, Vector256.Create(Exp2Polynomial.C4));
        p = MultiplyAdd(p, f, Vector256.Create(Exp2Polynomial.C3));
        p = MultiplyAdd(p, f, Vector256.Create(Exp2Polynomial.C2));
        p = MultiplyAdd(p, f, Vector256.Create(Exp2Polynomial.C1));
        p = MultiplyAdd(p, f, Vector256.Create(Exp2Polynomial.C0));

        // The integer part of x sits in the low bits of the shifted value: move it onto the exponent.
        p = (p.AsInt32() + (shifted.AsInt32() << Exp2Polynomial.FractionBits)).AsSingle();
        // Below its range 0; a NaN stays itself, since the sum above could make a number of its payload.
        return Vector256.ConditionalSelect(
            Vector256.GreaterThanOrEqual(x, Vector256.Create(Exp2Polynomial.Underflow)), p,
            Vector256.AndNot(x, Vector256.Equals(x, x)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(Vector256<float> a, Vector256<float> b, Vector256<float> c,
        Vector256<float> d, float* destination)
    {
        if (!Avx.IsSupported)
        {
            Vector128.Create(SumLanes(a), SumLanes(b), SumLanes(c), SumLanes(d)).Store(destination);
            return;
        }

        // Neighbouring lanes become a, b and c, d; then both halves are a, b, c, d.
        Vector256<float> ab = Avx.UnpackLow(a, b) + Avx.UnpackHigh(a, b);
        Vector256<float> cd = Avx.UnpackLow(c, d) + Avx.UnpackHigh(c, d);
        Vector256<float> abcd = Avx.Shuffle(ab, cd, 0b01_00_01_00) + Avx.Shuffle(ab, cd, 0b11_10_11_10);
        (abcd.GetLower() + abcd.GetUpper()).Store(destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumLanes(Vector256<float> value) => Vector256.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Vector256<float> value)
        => Width128.MaxLane(Vector128.MaxNative(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> EvenHalves<T>(Vector256<float> pairs)
        where T : unmanaged
    {
        if (typeof(T) != typeof(Half))
        {
            return (pairs.AsInt32() << 16).AsSingle();
        }

        // One multiplication extends the sign of the lower element and shifts it.
        Vector256<int> placed = Avx2.IsSupported
            ? Avx2.MultiplyAddAdjacent(pairs.AsInt16(), Vector256.Create(1 << HalfBits.Shift).AsInt16())
            : (pairs.AsInt32() << 16) >> (16 - HalfBits.Shift);
        return (placed & Vector256.Create(HalfBits.Kept)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> OddHalves<T>(Vector256<float> pairs)
        where T : unmanaged => typeof(T) == typeof(Half)
            ? ((pairs.AsInt32() >> (16 - HalfBits.Shift)) & Vector256.Create(HalfBits.Kept)).AsSingle()
            : (pairs.AsInt32() & Vector256.Create(0xFFFF << 16)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> RestoreInfinity(Vector256<float> x)
    {
        Vector256<float> special = Vector256.GreaterThanOrEqual(
            Vector256.Abs(x), Vector256.Create(HalfBits.Infinite / HalfBits.Rebias));
        return x | (special & Vector256.Create(float.PositiveInfinity));
    }

    // Without their signs, and so twice what they were.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LargerHalves(Vector256<float> largest, Vector256<float> pairs) =>
        Vector256.Max(largest.AsUInt16(), pairs.AsUInt16() + pairs.AsUInt16()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreFiniteHalves(Vector256<float> largest) =>
        Vector256.LessThanAll(largest.AsUInt16(), Vector256.Create(HalfBits.InfinityTwice));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(Vector256<float> even, Vector256<float> odd, float* destination)
    {
        Vector256<int> low = Vector256.Create(0, 0, 1, 1, 2, 2, 3, 3);
        Vector256<int> high = Vector256.Create(4, 4, 5, 5, 6, 6, 7, 7);
        Vector256<float> isOdd = Vector256.Create(0, -1, 0, -1, 0, -1, 0, -1).AsSingle();
        Vector256.ConditionalSelect(isOdd, Vector256.Shuffle(odd, low), Vector256.Shuffle(even, low)).Store(destination);
        Vector256.ConditionalSelect(isOdd, Vector256.Shuffle(odd, high), Vector256.Shuffle(even, high)).Store(destination + Count);
    }

    // As ElementConvert does it, which says why; what is infinite is told before the multiplication.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> WidenHalf(Vector256<int> bits) =>
        RestoreInfinity(((bits << HalfBits.Shift) & Vector256.Create(HalfBits.Kept)).AsSingle()) * Vector256.Create(HalfBits.Rebias);
}
