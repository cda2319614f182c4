using System.Numerics;
using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>How views become parameters of a kernel.</summary>
internal static class ViewOperand
{
    /// <summary>Bytes that a thread moves at once where all addresses are multiples of it.</summary>
    public const int VectorBytes = 16;

    /// <summary>The axes of a view, to check.</summary>
    public static ArgumentAxes Axes<T>(in DeviceView<T> view, string argument)
        where T : unmanaged => new(argument, view.Dims, view.Strides);

    /// <summary>Address and strides of a tensor that is read.</summary>
    public static TensorRef Read(ulong address, TensorExtents extents) => new()
    {
        Data = address,
        BatchStride = extents.Strides.Batch,
        SequenceStride = extents.Strides.Sequence,
        HeadStride = extents.Strides.Head,
    };

    /// <summary>Address and strides of a tensor that is written.</summary>
    public static MutableTensorRef Written(ulong address, TensorExtents extents) =>
        Unsafe.BitCast<TensorRef, MutableTensorRef>(Read(address, extents));

    /// <summary>
    /// All bits that the address of a row, or its length in bytes, can have: what they are multiples of.
    /// </summary>
    public static ulong Bits(ulong address, TensorExtents extents, int elementBytes)
    {
        TensorStrides strides = extents.Strides;
        long elements = strides.Batch | strides.Sequence | strides.Head | (long)extents.Dim;
        return address | ((ulong)elements * (ulong)elementBytes);
    }

    /// <summary>
    /// Lanes that share a row, as a power of two: one for each piece of it, up to a warp.
    /// </summary>
    /// <param name="pieces">Elements or vectors of a row.</param>
    public static int GroupShift(int pieces) =>
        Math.Min(BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(pieces, 1))), 5);

    /// <summary>Demands that two ranges of device memory have no byte in common.</summary>
    public static void RequireApart(in MemoryRange written, in MemoryRange other) => OverlapRule.RequireApart(
        written.Argument, written.Start, written.Bytes, other.Argument, other.Start, other.Bytes);

    /// <summary>Demands that what is read lies apart from all that is written.</summary>
    public static void RequireApart(ReadOnlySpan<MemoryRange> written, in MemoryRange read)
    {
        foreach (ref readonly MemoryRange range in written)
        {
            RequireApart(range, read);
        }
    }

    /// <summary>Demands that a view is dense and has given dims, and takes its memory.</summary>
    /// <param name="view">The view.</param>
    /// <param name="argument">Name of the argument that carried it.</param>
    /// <param name="dims">Lengths of its axes.</param>
    /// <param name="axes">What they are, for the message.</param>
    /// <exception cref="ArgumentException">It is not.</exception>
    public static MemoryRange RequireDense<T>(in DeviceView<T> view, string argument, ReadOnlySpan<int> dims,
        string axes)
        where T : unmanaged
    {
        if (!view.Layout.HasLengths(dims) || !view.IsDense)
        {
            ThrowHelper.Argument(argument, $"it is {view.Layout}{(view.IsDense ? "" : " with gaps")}; the plan "
                + $"needs a dense {StridedDims.Format(dims)}, which is [{axes}].");
        }

        return MemoryRange.Of(argument, view);
    }
}
