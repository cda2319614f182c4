using System.Runtime.InteropServices;

namespace NativeAttention.Tool.Npy;

/// <summary>An array in memory: C order, this machine's byte order.</summary>
internal sealed class NpyArray
{
    private readonly Array _values;

    public NpyArray(NpyElementType type, long[] shape, Array values)
    {
        Type = type;
        Shape = shape;
        _values = values;
    }

    /// <summary>Element type.</summary>
    public NpyElementType Type { get; }

    /// <summary>Length of every axis; empty for a scalar.</summary>
    public long[] Shape { get; }

    /// <summary>Number of elements.</summary>
    public int Count => _values.Length;

    /// <summary>The elements as they lie in memory.</summary>
    /// <exception cref="OverflowException">They are more than 2 GiB.</exception>
    public ReadOnlySpan<byte> Bytes => MemoryMarshal.CreateReadOnlySpan(
        ref MemoryMarshal.GetArrayDataReference(_values), checked(Count * NpyDtype.SizeOf(Type)));

    /// <summary>The elements, last axis fastest, of whatever type.</summary>
    public Array Elements => _values;

    /// <summary>The elements, last axis fastest.</summary>
    /// <exception cref="InvalidOperationException">The elements are not of this type.</exception>
    public T[] Values<T>()
        where T : unmanaged =>
        NpyDtype.Of<T>() == Type
            ? (T[])_values
            : throw new InvalidOperationException(
                $"The array holds {NpyDtype.NameOf(Type)}, not {NpyDtype.NameOf(NpyDtype.Of<T>())}.");
}
