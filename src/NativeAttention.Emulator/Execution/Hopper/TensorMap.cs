using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// A tensor map: how boxes of a tensor in global memory are found. The 128 bytes that kernels see begin with
/// a magic number and end with a checksum, so that every use notices bytes that are no map.
/// </summary>
internal sealed class TensorMap
{
    public const int ImageBytes = 128;
    public const int Alignment = 64;
    public const int MaximumRank = 5;

    private const ulong Magic = 0x0131_5041_4D54_414E;
    private const int ChecksumAt = ImageBytes - sizeof(uint);

    private TensorMap()
    {
    }

    public TensorType Type { get; private init; }

    public int ElementBytes => Type.Bytes();

    public int Rank { get; private init; }

    /// <summary>Bytes after which the swizzle pattern of a row repeats; 16 without swizzle.</summary>
    public int SwizzleSpan { get; private init; }

    public bool FillsWithNaN { get; private init; }

    public ulong Address { get; private init; }

    /// <summary>Elements along each dimension, the innermost first.</summary>
    public long[] Sizes { get; } = new long[MaximumRank];

    /// <summary>Bytes between neighbours along each dimension.</summary>
    public long[] Strides { get; } = new long[MaximumRank];

    /// <summary>Elements that a box holds along each dimension.</summary>
    public int[] Box { get; } = new int[MaximumRank];

    /// <summary>Distance between the elements of a box along each dimension.</summary>
    public int[] Steps { get; } = new int[MaximumRank];

    /// <summary>Writes the 128 bytes of a map that has been checked.</summary>
    public static void Write(in TensorMapRequest request, Span<byte> image)
    {
        image = image[..ImageBytes];
        image.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(image, Magic);
        image[8] = (byte)request.Type;
        image[9] = (byte)request.Rank;
        image[10] = (byte)request.Swizzle;
        image[11] = (byte)(request.FillsWithNaN ? 1 : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(image[16..], request.Address);
        for (int d = 0; d < request.Rank; d++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(image[(24 + (d * 4))..], (uint)(request.Sizes[d] - 1));
            image[80 + d] = (byte)(request.Box[d] - 1);
            // The innermost step is ignored for tensors that are not interleaved.
            image[85 + d] = d == 0 ? (byte)1 : (byte)request.Steps[d];
            if (d > 0)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(image[(40 + (d * 8))..], request.Strides[d - 1]);
            }
        }
        BinaryPrimitives.WriteUInt32LittleEndian(image[ChecksumAt..], Checksum(image));
    }

    /// <summary>Reads a map; null when the bytes are none.</summary>
    public static TensorMap? Read(ReadOnlySpan<byte> image)
    {
        if (image.Length < ImageBytes || BinaryPrimitives.ReadUInt64LittleEndian(image) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(image[ChecksumAt..]) != Checksum(image))
        {
            return null;
        }
        TensorMap map = new()
        {
            Type = (TensorType)image[8],
            Rank = image[9],
            SwizzleSpan = 16 << image[10],
            FillsWithNaN = image[11] != 0,
            Address = BinaryPrimitives.ReadUInt64LittleEndian(image[16..]),
        };
        for (int d = 0; d < MaximumRank; d++)
        {
            bool isUsed = d < map.Rank;
            map.Sizes[d] = isUsed ? BinaryPrimitives.ReadUInt32LittleEndian(image[(24 + (d * 4))..]) + 1L : 1;
            map.Box[d] = isUsed ? image[80 + d] + 1 : 1;
            map.Steps[d] = isUsed ? image[85 + d] : 1;
            map.Strides[d] = d == 0 ? map.ElementBytes
                : isUsed ? (long)BinaryPrimitives.ReadUInt64LittleEndian(image[(40 + (d * 8))..]) : 0;
        }
        return map;
    }

    public override string ToString()
    {
        return string.Create(CultureInfo.InvariantCulture,
            $"a map of {string.Join(" x ", Sizes.Take(Rank))} elements of {Type} in boxes of {string.Join(" x ", Box.Take(Rank))}");
    }

    private static uint Checksum(ReadOnlySpan<byte> image)
    {
        uint sum = uint.MaxValue;
        for (int i = 0; i < ChecksumAt; i += sizeof(uint))
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt32LittleEndian(image[i..]));
        }
        return ~sum;
    }
}
