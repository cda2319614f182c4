using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Cpu;

/// <summary>Registers of 4 floats (SSE, NEON).</summary>
internal readonly unsafe struct Width128 : IVectorWidth<Vector128<float>>
{
    public static int Count => Vector128<float>.Count;

    public static int BlockVectors => 2;

    public static string Name => "v128";

    public static Vector128<float> Zero => Vector128<float>.Zero;

    public static Vector128<float> Indices => Vector128.CreateSequence(0f, 1f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Widen<T>(T* source)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            return Vector128.Load((float*)source);
        }

        Vector128<int> bits = Vector128.WidenLower(Vector64.Load((short*)source).ToVector128Unsafe());
        return typeof(T) == typeof(Half) ? WidenHalf(bits) : (bits << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Abs(Vector128<float> x) => Vector128.Abs(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> CopySign(Vector128<float> x, Vector128<float> sign) => Vector128.CopySign(x, sign);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        Vector128.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Max(Vector128<float> a, Vector128<float> b) => Vector128.MaxNative(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(Vector128<float> a, Vector128<float> b) => Vector128.GreaterThanAny(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SelectBetween(Vector128<float> x, Vector128<float> low,
        Vector128<float> high, Vector128<float> value, Vector128<float> other) => Vector128.ConditionalSelect(
            Vector128.GreaterThanOrEqual(x, low) & Vector128.LessThanOrEqual(x, high), value, other);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ReplaceNegativeInfinity(Vector128<float> x, Vector128<float> other) =>
        Vector128.ConditionalSelect(Vector128.Equals(x, Vector128.Create(float.NegativeInfinity)), other, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Exp2(Vector128<float> x)
    {
        Vector128<float> shifted = x + Vector128.Create(Exp2Polynomial.RoundingShift);
        Vector128<float> f = x - (shifted - Vector128.Create(Exp2Polynomial.RoundingShift));
        Vector128<float> p = Vector128.Create(Exp2Polynomial.C5);
        p = MultiplyAdd(p, f, Vector128.Create(Exp2Polynomial.C4));
        p = MultiplyAdd(p, f, Vector128.Create(Exp2Polynomial.C3));
        p = MultiplyAdd(p, f, Vector128.Create(Exp2Polynomial.C2));
        p = MultiplyAdd(p, f, Vector128.Create(Exp2Polynomial.C1));
        p = MultiplyAdd(p, f, Vector128.Create(Exp2Polynomial.C0));

        // The integer part of x sits in the low bits of the shifted value: move it onto the exponent.
        p = (p.AsInt32() + (shifted.AsInt32() << Exp2Polynomial.FractionBits)).AsSingle();
        // Below its range 0; a NaN stays itself, since the sum above could make a number of its payload.
        return Vector128.ConditionalSelect(
            Vector128.GreaterThanOrEqual(x, Vector128.Create(Exp2Polynomial.Underflow)), p,
            Vector128.AndNot(x, Vector128.Equals(x, x)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(Vector128<float> a, Vector128<float> b, Vector128<float> c,
        Vector128<float> d, float* destination)
    {
        if (!Sse.IsSupported)
        {
            Vector128.Create(SumLanes(a), SumLanes(b), SumLanes(c), SumLanes(d)).Store(destination);
            return;
        }

        Vector128<float> ab = Sse.UnpackLow(a, b) + Sse.UnpackHigh(a, b);
        Vector128<float> cd = Sse.UnpackLow(c, d) + Sse.UnpackHigh(c, d);
        (Sse.MoveLowToHigh(ab, cd) + Sse.MoveHighToLow(cd, ab)).Store(destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumLanes(Vector128<float> value) => Vector128.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Vector128<float> value)
    {
        Vector128<float> pairs = Vector128.MaxNative(value, Vector128.Shuffle(value, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(pairs, Vector128.Shuffle(pairs, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> EvenHalves<T>(Vector128<float> pairs)
        where T : unmanaged
    {
        if (typeof(T) != typeof(Half))
        {
            return (pairs.AsInt32() << 16).AsSingle();
        }

        // One multiplication extends the sign of the lower element and shifts it.
        Vector128<int> placed = Sse2.IsSupported
            ? Sse2.MultiplyAddAdjacent(pairs.AsInt16(), Vector128.Create(1 << HalfBits.Shift).AsInt16())
            : (pairs.AsInt32() << 16) >> (16 - HalfBits.Shift);
        return (placed & Vector128.Create(HalfBits.Kept)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> OddHalves<T>(Vector128<float> pairs)
        where T : unmanaged => typeof(T) == typeof(Half)
            ? ((pairs.AsInt32() >> (16 - HalfBits.Shift)) & Vector128.Create(HalfBits.Kept)).AsSingle()
            : (pairs.AsInt32() & Vector128.Create(0xFFFF << 16)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> RestoreInfinity(Vector128<float> x)
    {
        Vector128<float> special = Vector128.GreaterThanOrEqual(
            Vector128.Abs(x), Vector128.Create(HalfBits.Infinite / HalfBits.Rebias));
        return x | (special & Vector128.Create(float.PositiveInfinity));
    }

    // Without their signs, and so twice what they were.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LargerHalves(Vector128<float> largest, Vector128<float> pairs) =>
        Vector128.Max(largest.AsUInt16(), pairs.AsUInt16() + pairs.AsUInt16()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreFiniteHalves(Vector128<float> largest) =>
        Vector128.LessThanAll(largest.AsUInt16(), Vector128.Create(HalfBits.InfinityTwice));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(Vector128<float> even, Vector128<float> odd, float* destination)
    {
        Vector128<int> low = Vector128.Create(0, 0, 1, 1);
        Vector128<int> high = Vector128.Create(2, 2, 3, 3);
        Vector128<float> isOdd = Vector128.Create(0, -1, 0, -1).AsSingle();
        Vector128.ConditionalSelect(isOdd, Vector128.Shuffle(odd, low), Vector128.Shuffle(even, low)).Store(destination);
        Vector128.ConditionalSelect(isOdd, Vector128.Shuffle(odd, high), Vector128.Shuffle(even, high)).Store(destination + Count);
    }

    // As ElementConvert does it, which says why; what is infinite is told before the multiplication.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> WidenHalf(Vector128<int> bits) =>
        RestoreInfinity(((bits << HalfBits.Shift) & Vector128.Create(HalfBits.Kept)).AsSingle()) * Vector128.Create(HalfBits.Rebias);
}
