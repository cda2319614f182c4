using System.Runtime.CompilerServices;

namespace NativeAttention.Testing;

/// <summary>
/// Conversions between the element types and double, unit roundoffs, and the poison pattern.
/// </summary>
public static class Elements
{
    private const uint PoisonFloat = 0x7FD0DEAD;
    private const ushort PoisonHalf = 0x7EAD;
    private const ushort PoisonBFloat16 = 0x7FED;

    /// <summary>The exact value of an element.</summary>
    public static double ToDouble<T>(T value)
        where T : unmanaged => value switch
        {
            float single => single,
            Half half => (double)half,
            BFloat16 brain => (double)brain,
            _ => throw new NotSupportedException($"{typeof(T)} is not an element type."),
        };

    /// <summary>The element nearest to a value, ties to even.</summary>
    public static T FromDouble<T>(double value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            float single = (float)value;
            return Unsafe.BitCast<float, T>(single);
        }

        return typeof(T) == typeof(Half)
            ? Unsafe.BitCast<Half, T>((Half)value)
            : Unsafe.BitCast<BFloat16, T>((BFloat16)value);
    }

    /// <summary>A value rounded to an element type.</summary>
    public static double Round(ElementType type, double value) => type switch
    {
        ElementType.Float32 => (float)value,
        ElementType.Float16 => (double)(Half)value,
        ElementType.BFloat16 => (double)(BFloat16)value,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>
    /// Largest relative error of rounding to an element type: half a unit in the last place of 1.
    /// </summary>
    public static double UnitRoundoff(ElementType type) => type switch
    {
        ElementType.Float32 => Math.ScaleB(1, -24),
        ElementType.Float16 => Math.ScaleB(1, -11),
        ElementType.BFloat16 => Math.ScaleB(1, -8),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>
    /// A NaN with a payload that no computation gives: what outputs and gaps are filled with.
    /// </summary>
    public static T Poison<T>()
        where T : unmanaged =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<uint, T>(PoisonFloat)
        : typeof(T) == typeof(Half) ? Unsafe.BitCast<ushort, T>(PoisonHalf)
        : Unsafe.BitCast<ushort, T>(PoisonBFloat16);

    /// <summary>Whether an element still is the poison, bit for bit.</summary>
    public static bool IsPoison<T>(T value)
        where T : unmanaged =>
        typeof(T) == typeof(float)
            ? Unsafe.BitCast<T, uint>(value) == PoisonFloat
            : Unsafe.BitCast<T, ushort>(value) == Unsafe.BitCast<T, ushort>(Poison<T>());
}
