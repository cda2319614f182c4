using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
        return Vector128.ConditionalSelect(
            Vector128.LessThan(x, Vector128.Create(Exp2Polynomial.Underflow)), Vector128<float>.Zero, p);
    }
}
