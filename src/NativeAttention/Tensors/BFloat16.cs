namespace NativeAttention;

/// <summary>bfloat16: sign, eight exponent bits and seven fraction bits; the upper half of a binary32.</summary>
public readonly struct BFloat16
{
}
