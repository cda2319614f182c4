using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>Looks for what is not finite by the exponent bits: outputs are long, and conversions slow.</summary>
internal static class Finite
{
    /// <summary>Whether every element of a tensor is a number.</summary>
    public static bool All<T>(ReadOnlySpan<T> elements)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == sizeof(uint))
        {
            return All(MemoryMarshal.Cast<T, uint>(elements), 0x7f80_0000u);
        }

        ushort exponent = typeof(T) == typeof(Half) ? (ushort)0x7c00 : (ushort)0x7f80;
        return All(MemoryMarshal.Cast<T, ushort>(elements), exponent);
    }

    private static bool All(ReadOnlySpan<uint> bits, uint exponent)
    {
        bool finite = true;
        foreach (uint each in bits)
        {
            finite &= (each & exponent) != exponent;
        }

        return finite;
    }

    private static bool All(ReadOnlySpan<ushort> bits, ushort exponent)
    {
        bool finite = true;
        foreach (ushort each in bits)
        {
            finite &= (each & exponent) != exponent;
        }

        return finite;
    }
}
