namespace NativeAttention.Emulation;

/// <summary>Scalar conversions to and from the 16-bit floating-point formats, rounded once from
/// binary64.</summary>
internal static class SmallFloats
{
    /// <summary>The value of a binary16 or bfloat16.</summary>
    public static double Widen(ushort bits, bool isBFloat)
    {
        return isBFloat ? BitConverter.UInt32BitsToSingle((uint)bits << 16)
            : (double)BitConverter.UInt16BitsToHalf(bits);
    }

    /// <summary>Rounds to nearest even; NaN gives 0x7FFF.</summary>
    public static ushort Narrow(double value, bool isBFloat)
    {
        return isBFloat ? Round(value, fractionBits: 7, minimumExponent: -126, maximumExponent: 127)
            : Round(value, fractionBits: 10, minimumExponent: -14, maximumExponent: 15);
    }

    private static ushort Round(double value, int fractionBits, int minimumExponent, int maximumExponent)
    {
        if (double.IsNaN(value))
        {
            return 0x7FFF;
        }
        int sign = double.IsNegative(value) ? 0x8000 : 0;
        int infinity = (maximumExponent - minimumExponent + 2) << fractionBits;
        double size = Math.Abs(value);
        if (double.IsInfinity(size))
        {
            return (ushort)(sign | infinity);
        }
        int exponent = size == 0 ? minimumExponent : Math.Max(Math.ILogB(size), minimumExponent);
        // In units of the last place the value is below 2^53, so rounding to an integer is rounding to the
        // format.
        double units = Math.Round(Math.ScaleB(size, fractionBits - exponent), MidpointRounding.ToEven);
        double result = ((exponent - minimumExponent) * Math.ScaleB(1, fractionBits)) + units;
        return (ushort)(sign | (int)Math.Min(result, infinity));
    }
}
