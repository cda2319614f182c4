using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>
/// Bulk conversion between float and the element types, by vector integer arithmetic: .NET 10 has no vector
/// instruction for either 16-bit type.
/// </summary>
/// <remarks>Hot from the first call on, and so compiled with all optimisations at once, like the kernels.</remarks>
internal static class ElementConvert
{
    private const uint SignOfHalf = 0x8000;
    private const uint FloatInfinity = 0x7F800000;
    private const uint QuietNaN = 0x00400000;

    /// <summary>Widens elements to float, exactly; a NaN stays a NaN.</summary>
    /// <param name="source">Elements of type float, Half or BFloat16.</param>
    /// <param name="destination">As many floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen<T>(ReadOnlySpan<T> source, Span<float> destination)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            MemoryMarshal.Cast<T, float>(source).CopyTo(destination);
            return;
        }

        ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<T, ushort>(source);
        Span<float> target = destination[..bits.Length];
        int i = 0;
        for (; i <= bits.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(bits[i..]), out Vector<uint> low, out Vector<uint> high);
            WidenBits<T>(low).CopyTo(target[i..]);
            WidenBits<T>(high).CopyTo(target[(i + Vector<uint>.Count)..]);
        }

        for (; i < bits.Length; i++)
        {
            target[i] = typeof(T) == typeof(Half)
                ? (float)BitConverter.UInt16BitsToHalf(bits[i])
                : BitConverter.UInt32BitsToSingle((uint)bits[i] << 16);
        }
    }

    /// <summary>Rounds floats to nearest, ties to even; a NaN stays a NaN, and too large a number becomes infinite.</summary>
    /// <param name="source">Floats.</param>
    /// <param name="destination">As many elements of type float, Half or BFloat16.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow<T>(ReadOnlySpan<float> source, Span<T> destination)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            source.CopyTo(MemoryMarshal.Cast<T, float>(destination));
            return;
        }

        Span<ushort> target = MemoryMarshal.Cast<T, ushort>(destination)[..source.Length];
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector<uint> low = NarrowBits<T>(new Vector<float>(source[i..]));
            Vector<uint> high = NarrowBits<T>(new Vector<float>(source[(i + Vector<float>.Count)..]));
            Vector.Narrow(low, high).CopyTo(target[i..]);
        }

        for (; i < source.Length; i++)
        {
            target[i] = typeof(T) == typeof(Half)
                ? BitConverter.HalfToUInt16Bits((Half)source[i])
                : ((BFloat16)source[i]).ToBits();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> WidenBits<T>(Vector<uint> bits) =>
        typeof(T) == typeof(Half) ? WidenHalf(bits) : Vector.AsVectorSingle(Vector.ShiftLeft(bits, 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> NarrowBits<T>(Vector<float> value) =>
        typeof(T) == typeof(Half) ? NarrowToHalf(value) : NarrowToBFloat16(value);

    // Exponent and fraction are moved into place; a multiplication by 2^112 then corrects the exponent bias and makes
    // normal numbers of subnormal ones, exactly. Infinity and NaN get the largest exponent instead.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> WidenHalf(Vector<uint> bits)
    {
        Vector<uint> sign = Vector.ShiftLeft(bits & new Vector<uint>(SignOfHalf), 16);
        Vector<uint> magnitude = Vector.ShiftLeft(bits & new Vector<uint>(SignOfHalf - 1), 13);
        Vector<float> scaled = Vector.AsVectorSingle(magnitude) * new Vector<float>(MathF.ScaleB(1, 112));
        Vector<uint> special = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x7C00u << 13));
        return Vector.AsVectorSingle(Vector.AsVectorUInt32(scaled) | (special & new Vector<uint>(FloatInfinity)) | sign);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> NarrowToHalf(Vector<float> value)
    {
        Vector<uint> bits = Vector.AsVectorUInt32(value);
        Vector<uint> sign = Vector.ShiftRightLogical(bits & new Vector<uint>(0x80000000), 16);
        Vector<uint> magnitude = bits & new Vector<uint>(0x7FFFFFFF);

        // Normal results: move the exponent bias from 127 to 15 and round away 13 bits; carries do the rest.
        Vector<uint> odd = Vector.ShiftRightLogical(magnitude, 13) & Vector<uint>.One;
        Vector<uint> normal = Vector.ShiftRightLogical(
            magnitude - new Vector<uint>((112u << 23) - 0xFFF) + odd, 13);

        // Subnormal results: adding 1/2 lines the last bit of the float up with that of the half, and rounds.
        Vector<uint> half = new(BitConverter.SingleToUInt32Bits(0.5f));
        Vector<uint> subnormal = Vector.AsVectorUInt32(
            Vector.AsVectorSingle(magnitude) + Vector.AsVectorSingle(half)) - half;

        Vector<uint> result = Vector.ConditionalSelect(
            Vector.LessThan(magnitude, new Vector<uint>(113u << 23)), subnormal, normal);
        Vector<uint> infinity = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(143u << 23));
        Vector<uint> nan = Vector.GreaterThan(magnitude, new Vector<uint>(FloatInfinity));
        result = Vector.ConditionalSelect(infinity, new Vector<uint>(0x7C00), result);
        return sign | Vector.ConditionalSelect(nan, new Vector<uint>(0x7E00), result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> NarrowToBFloat16(Vector<float> value)
    {
        Vector<uint> bits = Vector.AsVectorUInt32(value);
        Vector<uint> odd = Vector.ShiftRightLogical(bits, 16) & Vector<uint>.One;
        Vector<uint> rounded = bits + new Vector<uint>(0x7FFF) + odd;
        Vector<uint> nan = Vector.GreaterThan(
            bits & new Vector<uint>(0x7FFFFFFF), new Vector<uint>(FloatInfinity));
        return Vector.ShiftRightLogical(
            Vector.ConditionalSelect(nan, bits | new Vector<uint>(QuietNaN), rounded), 16);
    }
}
