using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Cpu;

/// <summary>
/// Bulk conversion between float and the element types, by vector integer arithmetic: .NET 10 has no vector
/// instruction for either 16-bit type.
/// </summary>
/// <remarks>
/// Hot from the first call on, and so compiled with all optimisations at once, like the kernels.
/// </remarks>
internal static class ElementConvert
{
    private const uint FloatInfinity = 0x7F800000;
    private const uint QuietNaN = 0x00400000;

    /// <summary>Widens elements to float, exactly; a NaN stays a NaN.</summary>
    /// <param name="source">Elements of type float, Half or BFloat16.</param>
    /// <param name="destination">As many floats.</param>
    public static unsafe void Widen<T>(ReadOnlySpan<T> source, Span<float> destination)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            MemoryMarshal.Cast<T, float>(source).CopyTo(destination);
            return;
        }

        fixed (T* from = source)
        {
            fixed (float* to = destination[..source.Length])
            {
                WidenRows(from, 0, 1, source.Length, to);
            }
        }
    }

    /// <summary>Widens rows of 16-bit elements to rows of floats that lie one after another.</summary>
    /// <param name="source">Elements of type Half or BFloat16.</param>
    /// <param name="stride">Distance between rows.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="length">Elements in a row.</param>
    /// <param name="destination">As many floats.</param>
    /// <param name="ahead">Distance to the rows that are wanted next, which are asked for; 0 for none.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void WidenRows<T>(T* source, nint stride, int rows, int length, float* destination,
        nint ahead = 0)
        where T : unmanaged
    {
        for (; rows > 0; rows--)
        {
            ushort* from = (ushort*)source;
            for (int line = 0; ahead != 0 && line < length; line += CachePrefetch.LineBytes / sizeof(T))
            {
                CachePrefetch.Near(from + ahead + line);
            }

            int i = 0;
            if (Avx512F.IsSupported)
            {
                for (; i <= length - Vector512<float>.Count; i += Vector512<float>.Count)
                {
                    WidenBits<T>(Avx512F.ConvertToVector512Int32(Vector256.Load((short*)from + i)))
                        .Store(destination + i);
                }
            }

            for (; i <= length - Vector<ushort>.Count; i += Vector<ushort>.Count)
            {
                Vector.Widen(Vector.Load((short*)from + i), out Vector<int> low, out Vector<int> high);
                WidenBits<T>(low).Store(destination + i);
                WidenBits<T>(high).Store(destination + i + Vector<int>.Count);
            }

            for (; i < length; i++)
            {
                destination[i] = typeof(T) == typeof(Half)
                    ? (float)BitConverter.UInt16BitsToHalf(from[i])
                    : BitConverter.UInt32BitsToSingle((uint)from[i] << 16);
            }

            source += stride;
            destination += length;
        }
    }

    /// <summary>
    /// Rounds floats to nearest, ties to even; a NaN stays a NaN, and too large a number becomes infinite.
    /// </summary>
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
        ref float from = ref MemoryMarshal.GetReference(source);
        ref ushort to = ref MemoryMarshal.GetReference(target);
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector<uint> low = NarrowBits<T>(Vector.LoadUnsafe(ref from, (nuint)i));
            Vector<uint> high = NarrowBits<T>(Vector.LoadUnsafe(ref from, (nuint)(i + Vector<float>.Count)));
            Vector.Narrow(low, high).StoreUnsafe(ref to, (nuint)i);
        }

        for (; i < source.Length; i++)
        {
            target[i] = typeof(T) == typeof(Half)
                ? BitConverter.HalfToUInt16Bits((Half)source[i])
                : ((BFloat16)source[i]).ToBits();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> WidenBits<T>(Vector<int> bits) =>
        typeof(T) == typeof(Half) ? WidenHalf(bits) : Vector.AsVectorSingle(Vector.ShiftLeft(bits, 16));

    // Vector<T> has 256 bits even where the processor has more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> WidenBits<T>(Vector512<int> bits) =>
        typeof(T) == typeof(Half) ? WidenHalf(bits) : Vector512.ShiftLeft(bits, 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> NarrowBits<T>(Vector<float> value) =>
        typeof(T) == typeof(Half) ? NarrowToHalf(value) : NarrowToBFloat16(value);

    // Sign (which the signed widening has copied upwards), exponent and fraction are moved into place.
    // Multiplying by 2^112 then corrects the exponent bias and makes normal numbers of subnormal ones,
    // exactly. Infinity and NaN, whose exponent stands for 65536 and more, get the largest exponent instead.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> WidenHalf(Vector<int> bits)
    {
        Vector<int> placed = Vector.ShiftLeft(bits, HalfBits.Shift) & new Vector<int>(HalfBits.Kept);
        Vector<float> scaled = Vector.AsVectorSingle(placed) * new Vector<float>(HalfBits.Rebias);
        Vector<int> special = Vector.GreaterThanOrEqual(Vector.Abs(scaled), new Vector<float>(HalfBits.Infinite));
        return Vector.AsVectorSingle(
            Vector.AsVectorInt32(scaled) | (special & new Vector<int>((int)FloatInfinity)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> WidenHalf(Vector512<int> bits)
    {
        Vector512<int> placed = Vector512.ShiftLeft(bits, 13) & Vector512.Create(unchecked((int)0x8FFFE000));
        Vector512<float> scaled = placed.AsSingle() * Vector512.Create(MathF.ScaleB(1, 112));
        Vector512<float> special = Vector512.GreaterThanOrEqual(
            Vector512.Abs(scaled), Vector512.Create(65536f));
        Vector512<float> infinite = scaled | Vector512.Create((int)FloatInfinity).AsSingle();
        return Vector512.ConditionalSelect(special, infinite, scaled);
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
