using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>Lengths and strides of up to six axes: a plain value, so that views cost no allocation.</summary>
internal readonly struct StridedDims
{
    /// <summary>Most axes a tensor may have.</summary>
    public const int MaxRank = 6;

    private readonly Lengths _lengths;
    private readonly Distances _strides;
    private readonly int _rank;

    private StridedDims(ReadOnlySpan<int> lengths, ReadOnlySpan<long> strides)
    {
        _rank = lengths.Length;
        lengths.CopyTo(_lengths);
        strides.CopyTo(_strides);
    }

    /// <summary>Number of axes; 0 only for the default value.</summary>
    public int Rank => _rank;

    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            for (int axis = 0; axis < _rank; axis++)
            {
                count *= _lengths[axis];
            }

            return _rank == 0 ? 0 : count;
        }
    }

    /// <summary>Elements from the first to the last, gaps included; 0 when there are none.</summary>
    public long Extent
    {
        get
        {
            if (Count == 0)
            {
                return 0;
            }

            long last = 0;
            for (int axis = 0; axis < _rank; axis++)
            {
                last += (_lengths[axis] - 1) * _strides[axis];
            }

            return last + 1;
        }
    }

    /// <summary>Whether the elements lie one behind the other, last axis fastest.</summary>
    public bool IsDense
    {
        get
        {
            long expected = 1;
            for (int axis = _rank - 1; axis >= 0; axis--)
            {
                if (_lengths[axis] > 1 && _strides[axis] != expected)
                {
                    return Count == 0;
                }

                expected *= _lengths[axis];
            }

            return true;
        }
    }

    /// <summary>The lengths of all axes.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ReadOnlySpan<int> AllLengths => ((ReadOnlySpan<int>)_lengths)[.._rank];

    /// <summary>The strides of all axes, in elements.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ReadOnlySpan<long> AllStrides => ((ReadOnlySpan<long>)_strides)[.._rank];

    /// <summary>Dense axes of the given lengths.</summary>
    /// <exception cref="ArgumentException">No axis, or more than <see cref="MaxRank"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A negative length, or more bytes than 64 bits can
    /// count.</exception>
    public static StridedDims Dense(ReadOnlySpan<int> dims, int elementBytes)
    {
        if (dims.Length is 0 or > MaxRank)
        {
            ThrowHelper.Argument(nameof(dims), $"{dims.Length} axes; allowed are 1 to {MaxRank}.");
        }

        Span<long> strides = stackalloc long[dims.Length];
        long bytes = elementBytes;
        for (int axis = dims.Length - 1; axis >= 0; axis--)
        {
            if (dims[axis] < 0)
            {
                ThrowHelper.OutOfRange(nameof(dims), dims[axis], "a length of 0 or more");
            }

            strides[axis] = bytes / elementBytes;
            if (Math.BigMul(bytes, dims[axis], out long product) != 0 || product < 0)
            {
                ThrowHelper.OutOfRange(nameof(dims), Format(dims), "a tensor of at most 2^63 - 1 bytes");
            }

            bytes = Math.Max(product, elementBytes);
        }

        return new StridedDims(dims, strides);
    }

    /// <summary>Keeps <paramref name="length"/> entries of one axis.</summary>
    public StridedDims Slice(int axis, int start, int length, out long offset)
    {
        if ((uint)axis >= (uint)_rank)
        {
            ThrowHelper.OutOfRange(nameof(axis), axis, $"0 to {_rank - 1}");
        }

        int have = _lengths[axis];
        if ((uint)start > (uint)have)
        {
            ThrowHelper.OutOfRange(nameof(start), start, $"0 to {have}, the length of axis {axis}");
        }

        if ((uint)length > (uint)(have - start))
        {
            ThrowHelper.OutOfRange(nameof(length), length, $"0 to {have - start}, what axis {axis} has left");
        }

        offset = start * _strides[axis];
        Lengths lengths = _lengths;
        lengths[axis] = length;
        return new StridedDims(((ReadOnlySpan<int>)lengths)[.._rank], AllStrides);
    }

    /// <summary>Drops an axis of length 1.</summary>
    public StridedDims Squeeze(int axis)
    {
        if ((uint)axis >= (uint)_rank || _rank == 1)
        {
            ThrowHelper.OutOfRange(nameof(axis), axis,
                _rank == 1 ? "none: a view keeps one axis" : $"0 to {_rank - 1}");
        }

        if (_lengths[axis] != 1)
        {
            ThrowHelper.OutOfRange(nameof(axis), axis,
                $"an axis of length 1 (axis {axis} has {_lengths[axis]})");
        }

        Span<int> lengths = stackalloc int[_rank - 1];
        Span<long> strides = stackalloc long[_rank - 1];
        for (int from = 0, to = 0; from < _rank; from++)
        {
            if (from != axis)
            {
                lengths[to] = _lengths[from];
                strides[to++] = _strides[from];
            }
        }

        return new StridedDims(lengths, strides);
    }

    /// <summary>Whether the lengths are exactly these.</summary>
    public bool HasLengths(ReadOnlySpan<int> lengths) => AllLengths.SequenceEqual(lengths);

    /// <summary>The lengths as text: <c>[2, 1024, 8, 64]</c>.</summary>
    public override string ToString() => Format(AllLengths);

    /// <summary>Lengths as text.</summary>
    public static string Format(ReadOnlySpan<int> lengths) => "[" + string.Join(", ",
        lengths.ToArray().Select(length => length.ToString(CultureInfo.InvariantCulture))) + "]";

    [InlineArray(MaxRank)]
    private struct Lengths
    {
        private int _first;
    }

    [InlineArray(MaxRank)]
    private struct Distances
    {
        private long _first;
    }
}
