using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>
/// Turns tensor spans into plain spans with strides: the edge where <see cref="TensorSpan{T}"/> ends.
/// </summary>
internal static class TensorArguments
{
    /// <summary>The strides of a rank-4 tensor whose innermost axis is dense.</summary>
    /// <param name="lengths">Lengths of the four axes.</param>
    /// <param name="strides">Strides of the four axes.</param>
    /// <param name="headsFirst">Whether the axes are batch, heads, sequence, dim.</param>
    /// <param name="tensor">Name of the argument.</param>
    public static TensorStrides Strides(ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> strides,
        bool headsFirst, string tensor)
    {
        if (lengths[3] > 1 && strides[3] != 1)
        {
            ThrowInnermost(tensor, strides[3]);
        }

        return new TensorStrides(strides[0], strides[headsFirst ? 2 : 1], strides[headsFirst ? 1 : 2]);
    }

    /// <summary>The storage of a tensor as a span that starts at its first element.</summary>
    /// <remarks>The tensor span has proved that its strides stay inside its memory.</remarks>
    public static ReadOnlySpan<T> Storage<T>(scoped in ReadOnlyTensorSpan<T> tensor, long needed,
        string name) =>
        needed == 0
            ? default
            : MemoryMarshal.CreateReadOnlySpan(in tensor.GetPinnableReference(), Fits(needed, name));

    /// <summary>As the other overload, writable.</summary>
    public static Span<T> Storage<T>(scoped in TensorSpan<T> tensor, long needed, string name) =>
        needed == 0
        ? default
        : MemoryMarshal.CreateSpan(ref tensor.GetPinnableReference(), Fits(needed, name));

    private static int Fits(long needed, string name)
    {
        if (needed > int.MaxValue)
        {
            ThrowTooLarge(needed, name);
        }

        return (int)needed;
    }

    [DoesNotReturn]
    private static void ThrowInnermost(string tensor, nint stride) =>
        throw new ArgumentException($"The innermost axis of the {tensor} has stride {stride}: it must be 1.",
            tensor);

    [DoesNotReturn]
    private static void ThrowTooLarge(long needed, string name) =>
        throw new ArgumentException(
            $"The {name} spans {needed} elements: host memory is taken up to 2^31 - 1.", name);
}
