using System.Runtime.CompilerServices;

namespace NativeAttention.Tool.Verification;

/// <summary>Conversions between the element types and double.</summary>
internal static class Elements
{
    /// <summary>A value rounded to an element type.</summary>
    public static double Round(ElementType type, double value) => type switch
    {
        ElementType.Float32 => (float)value,
        ElementType.Float16 => (double)(Half)value,
        _ => (double)(BFloat16)value,
    };

    /// <summary>Largest relative error of rounding to an element type.</summary>
    public static double UnitRoundoff(ElementType type) => type switch
    {
        ElementType.Float32 => Math.ScaleB(1, -24),
        ElementType.Float16 => Math.ScaleB(1, -11),
        _ => Math.ScaleB(1, -8),
    };

    /// <summary>The value of an element.</summary>
    public static double ToDouble<T>(T value)
        where T : unmanaged =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<T, float>(value)
        : typeof(T) == typeof(Half) ? (double)Unsafe.BitCast<T, Half>(value)
        : (double)Unsafe.BitCast<T, BFloat16>(value);

    /// <summary>The element nearest to a value.</summary>
    public static T FromDouble<T>(double value)
        where T : unmanaged =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>((float)value)
        : typeof(T) == typeof(Half) ? Unsafe.BitCast<Half, T>((Half)value)
        : Unsafe.BitCast<BFloat16, T>((BFloat16)value);
}
