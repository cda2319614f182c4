namespace NativeAttention.Emulation;

/// <summary>
/// A box of a tensor. In shared memory its elements lie densely, the innermost dimension first; in global
/// memory they may lie apart, and may lie outside the tensor.
/// </summary>
internal sealed class TensorBox
{
    private readonly TensorMap _map;
    private readonly int[] _coordinates;
    private readonly int[] _counts = new int[TensorMap.MaximumRank];

    public TensorBox(TensorMap map, int[] coordinates)
    {
        (_map, _coordinates) = (map, coordinates);
        RowCount = 1;
        for (int d = 0; d < TensorMap.MaximumRank; d++)
        {
            _counts[d] = (map.Box[d] + map.Steps[d] - 1) / map.Steps[d];
            RowCount *= d == 0 ? 1 : _counts[d];
        }
        RowBytes = _counts[0] * map.ElementBytes;
    }

    public TensorMap Map => _map;

    /// <summary>Rows along the innermost dimension.</summary>
    public int RowCount { get; }

    public int RowBytes { get; }

    public int Bytes => RowCount * RowBytes;

    /// <summary>
    /// The part of a row that lies inside the tensor: bytes of the row before it, its bytes (0 when there is
    /// none), and its address.
    /// </summary>
    public (int Skipped, int Valid, ulong Address) Row(int index)
    {
        long offset = 0;
        for (int d = 1; d < _map.Rank; d++)
        {
            long x = _coordinates[d] + ((long)(index % _counts[d]) * _map.Steps[d]);
            index /= _counts[d];
            if (x < 0 || x >= _map.Sizes[d])
            {
                return (0, 0, 0);
            }
            offset += x * _map.Strides[d];
        }
        long first = Math.Max(0, -(long)_coordinates[0]);
        long end = Math.Min(_counts[0], _map.Sizes[0] - _coordinates[0]);
        if (first >= end)
        {
            return (0, 0, 0);
        }
        int bytes = _map.ElementBytes;
        ulong address = _map.Address + (ulong)(offset + ((_coordinates[0] + first) * bytes));
        return ((int)first * bytes, (int)(end - first) * bytes, address);
    }

    /// <summary>Exchanges the 16-byte units of a row of shared memory as the swizzle of the map
    /// says.</summary>
    public uint Swizzle(uint address) => Swizzle(address, _map.SwizzleSpan);

    /// <summary>Swizzles an address by a pattern of rows of <paramref name="span"/> bytes; 16 leaves it
    /// alone.</summary>
    public static uint Swizzle(uint address, int span) =>
        address ^ ((address >> 3) & (uint)(span - 16));
}
