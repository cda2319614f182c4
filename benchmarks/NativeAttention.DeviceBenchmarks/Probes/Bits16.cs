namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>The bits of the 16-bit element types.</summary>
internal static class Bits16
{
    /// <summary>The bits of the nearest element.</summary>
    public static ushort Of(ElementType type, double value) => type == ElementType.Float16
        ? BitConverter.HalfToUInt16Bits((Half)value)
        : ((BFloat16)value).ToBits();
}
