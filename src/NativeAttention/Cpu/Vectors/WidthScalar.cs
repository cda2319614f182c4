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
}
