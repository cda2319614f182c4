namespace NativeAttention.Emulation;

/// <summary>
/// Where the rows of 16 bytes of a wgmma operand lie. An operand consists of blocks of 8 by 8 elements of 16
/// bits (or as many bytes of other types): block (b, c) holds the rows or columns 8b to 8b + 7 and the bytes
/// 16c to 16c + 15 along k. A block has eight rows of 16 bytes: along k, or, when it is transposed, across.
/// </summary>
internal readonly struct MatrixDescriptor
{
    private const ulong Unused = 0x3FF1_C000_C000_C000;

    private readonly uint _start;
    private readonly uint _leading;
    private readonly uint _stride;
    private readonly int _span;
    private readonly bool _isTransposed;

    public MatrixDescriptor(ulong bits, bool isTransposed)
    {
        _start = (uint)(bits & 0x3FFF) << 4;
        _leading = (uint)(bits >> 16 & 0x3FFF) << 4;
        _stride = (uint)(bits >> 32 & 0x3FFF) << 4;
        _span = (bits >> 62) switch { 0 => 16, 1 => 128, 2 => 64, _ => 32 };
        _isTransposed = isTransposed;
    }

    /// <summary>What forbids the use of a descriptor, or null.</summary>
    public static string? Problem(ulong bits)
    {
        if ((bits >> 49 & 7) != 0)
        {
            return $"the base offset of descriptor 0x{bits:x16} is not 0: only tiles whose swizzle pattern is aligned are supported";
        }
        return (bits & Unused) != 0 ? $"descriptor 0x{bits:x16} has bits set that must be 0" : null;
    }

    /// <summary>Shared address of row <paramref name="row"/> of a block.</summary>
    public uint Row(int block, int chunk, int row)
    {
        uint address = _start;
        if (_span == 16)
        {
            return address + ((uint)row * 16) + ((uint)block * _stride) + ((uint)chunk * _leading);
        }
        address += (uint)(row * _span);
        if (_isTransposed)
        {
            uint across = (uint)block * 16;
            address += (across % (uint)_span) + (across / (uint)_span * _leading) + ((uint)chunk * _stride);
        }
        else
        {
            address += ((uint)block * _stride) + ((uint)chunk * 16);
        }
        return TensorBox.Swizzle(address, _span);
    }
}
