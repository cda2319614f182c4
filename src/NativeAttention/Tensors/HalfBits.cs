namespace NativeAttention;

/// <summary>
/// How the bits of a Half, its sign copied upwards, become a float: moved into place, and corrected by a
/// multiplication that also makes normal numbers of subnormal ones.
/// </summary>
internal static class HalfBits
{
    /// <summary>Difference in length of the fractions.</summary>
    public const int Shift = 13;

    /// <summary>Sign, exponent and fraction, without the other copies of the sign.</summary>
    public const int Kept = unchecked((int)0x8FFFE000);

    /// <summary>2^112: the difference of the exponent biases.</summary>
    public const float Rebias = 5.192296858534828e33f;

    /// <summary>
    /// What infinity becomes by that; NaN becomes more. Both get the largest exponent instead.
    /// </summary>
    public const float Infinite = 65536f;

    /// <summary>The bits of infinity, shifted so that the sign is lost: finite numbers have less.</summary>
    public const ushort InfinityTwice = 0xF800;
}
