using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>Element types of tensor maps, numbered as the driver numbers them.</summary>
internal enum TensorType
{
    UInt8,
    UInt16,
    UInt32,
    Int32,
    UInt64,
    Int64,
    Float16,
    Float32,
    Float64,
    BFloat16,
    Float32Flush,
    TFloat32,
    TFloat32Flush,
}

/// <summary>Facts about <see cref="TensorType"/>.</summary>
internal static class TensorTypes
{
    public static int Bytes(this TensorType type) => type switch
    {
        TensorType.UInt8 => 1,
        TensorType.UInt16 or TensorType.Float16 or TensorType.BFloat16 => 2,
        TensorType.UInt64 or TensorType.Int64 or TensorType.Float64 => 8,
        _ => 4,
    };

    public static bool IsFloat(this TensorType type) => type >= TensorType.Float16;
}

/// <summary>What <c>cuTensorMapEncodeTiled</c> is asked for, and the rules it documents.</summary>
internal ref struct TensorMapRequest
{
    private const ulong MaximumSize = 1UL << 32;
    private const ulong MaximumStride = 1UL << 40;

    public TensorType Type;
    public int Rank;
    public ulong Address;
    public ReadOnlySpan<ulong> Sizes;
    public ReadOnlySpan<ulong> Strides;
    public ReadOnlySpan<uint> Box;
    public ReadOnlySpan<uint> Steps;

    /// <summary>0 none, 1, 2, 3: spans of 32, 64, 128 bytes.</summary>
    public int Swizzle;
    public bool FillsWithNaN;

    /// <summary>The first rule that the request breaks, or null.</summary>
    public readonly string? Problem()
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (Address % 16 != 0)
        {
            return $"the tensor at 0x{Address:x} is not aligned to 16 bytes";
        }
        for (int d = 0; d < Rank; d++)
        {
            string? problem = ProblemOf(d);
            if (problem is not null)
            {
                return problem;
            }
        }
        long inner = (long)Box[0] * Type.Bytes();
        if (inner % 16 != 0)
        {
            return string.Create(culture, $"the inner size of the box is {inner} bytes, no multiple of 16");
        }
        int span = 16 << Swizzle;
        if (Swizzle != 0 && inner > span)
        {
            return string.Create(culture,
                $"the inner size of the box is {inner} bytes, more than the {span} of the swizzle");
        }
        return FillsWithNaN && !Type.IsFloat() ? $"elements of {Type} cannot be filled with NaN" : null;
    }

    private readonly string? ProblemOf(int d)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (Sizes[d] is 0 or > MaximumSize)
        {
            return string.Create(culture, $"globalDim[{d}] is {Sizes[d]}; 1 to 2^32 are allowed");
        }
        if (Box[d] is 0 or > 256)
        {
            return string.Create(culture, $"boxDim[{d}] is {Box[d]}; 1 to 256 are allowed");
        }
        if (d > 0 && Steps[d] is 0 or > 8)
        {
            return string.Create(culture, $"elementStrides[{d}] is {Steps[d]}; 1 to 8 are allowed");
        }
        return d > 0 && (Strides[d - 1] % 16 != 0 || Strides[d - 1] >= MaximumStride)
            ? string.Create(culture,
                $"globalStrides[{d - 1}] is {Strides[d - 1]}; multiples of 16 below 2^40 are allowed")
            : null;
    }
}
