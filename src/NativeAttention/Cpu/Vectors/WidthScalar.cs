using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// One float at a time: for processors without vectors, and as the plainest reading of the kernels.
/// </summary>
internal readonly unsafe struct WidthScalar : IVectorWidth<float>
{
    public static int Count => 1;

    public static int BlockVectors => 2;

    public static string Name => "scalar";

    public static float Zero => 0f;

    public static float Indices => 0f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(float* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Widen<T>(T* source)
        where T : unmanaged =>
        typeof(T) == typeof(float) ? *(float*)source
        : typeof(T) == typeof(Half) ? (float)*(Half*)source
        : (float)*(BFloat16*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, float* destination) => *destination = value;

    public static float Broadcast(float value) => value;

    public static float Add(float a, float b) => a + b;

    public static float Subtract(float a, float b) => a - b;

    public static float Multiply(float a, float b) => a * b;

    public static float Divide(float a, float b) => a / b;

    public static float Abs(float x) => MathF.Abs(x);

    public static float CopySign(float x, float sign) => MathF.CopySign(x, sign);

    public static float MultiplyAdd(float a, float b, float c) => (a * b) + c;

    public static float Max(float a, float b) => a > b ? a : b;

    public static bool AnyGreater(float a, float b) => a > b;

    public static float SelectBetween(float x, float low, float high, float value, float other) =>
        x >= low && x <= high ? value : other;

    public static float ReplaceNegativeInfinity(float x, float other) =>
        float.IsNegativeInfinity(x) ? other : x;

    public static float Exp2(float x)
    {
        float shifted = x + Exp2Polynomial.RoundingShift;
        float f = x - (shifted - Exp2Polynomial.RoundingShift);
        float p = Exp2Polynomial.C5;
        p = (p * f) + Exp2Polynomial.C4;
        p = (p * f) + Exp2Polynomial.C3;
        p = (p * f) + Exp2Polynomial.C2;
        p = (p * f) + Exp2Polynomial.C1;
        p = (p * f) + Exp2Polynomial.C0;
        int exponent = BitConverter.SingleToInt32Bits(shifted) << Exp2Polynomial.FractionBits;
        return float.IsNaN(x) ? x : x < Exp2Polynomial.Underflow ? 0f : BitConverter.Int32BitsToSingle(
            BitConverter.SingleToInt32Bits(p) + exponent);
    }

    public static void StoreSums(float a, float b, float c, float d, float* destination)
    {
        destination[0] = a;
        destination[1] = b;
        destination[2] = c;
        destination[3] = d;
    }

    public static float SumLanes(float value) => value;

    public static float MaxLane(float value) => value;

    public static float EvenHalves<T>(float pairs)
        where T : unmanaged
    {
        int bits = BitConverter.SingleToInt32Bits(pairs) << 16;
        return BitConverter.Int32BitsToSingle(
            typeof(T) == typeof(Half) ? (bits >> (16 - HalfBits.Shift)) & HalfBits.Kept : bits);
    }

    public static float OddHalves<T>(float pairs)
        where T : unmanaged
    {
        int bits = BitConverter.SingleToInt32Bits(pairs) & (0xFFFF << 16);
        return BitConverter.Int32BitsToSingle(
            typeof(T) == typeof(Half) ? (bits >> (16 - HalfBits.Shift)) & HalfBits.Kept : bits);
    }

    public static float RestoreInfinity(float x) =>
        MathF.Abs(x) >= HalfBits.Infinite / HalfBits.Rebias
            ? BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(x) | (0xFF << 23))
            : x;

    public static float LargerHalves(float largest, float pairs)
    {
        uint sofar = BitConverter.SingleToUInt32Bits(largest), bits = BitConverter.SingleToUInt32Bits(pairs);
        uint even = Math.Max((ushort)sofar, (ushort)(bits << 1));
        uint odd = Math.Max(sofar >> 16, (ushort)(bits >> 15) & ~1u);
        return BitConverter.UInt32BitsToSingle((odd << 16) | even);
    }

    public static bool AreFiniteHalves(float largest)
    {
        uint bits = BitConverter.SingleToUInt32Bits(largest);
        return (ushort)bits < HalfBits.InfinityTwice && bits >> 16 < HalfBits.InfinityTwice;
    }

    public static void StoreInterleaved(float even, float odd, float* destination)
    {
        destination[0] = even;
        destination[1] = odd;
    }
}
