using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>
/// Read-only elements of one of the element types, which goes with them: an argument that may be float or a
/// 16-bit type. Made from a span by assignment.
/// </summary>
public readonly ref struct ElementSpan
{
    private ElementSpan(ReadOnlySpan<byte> bytes, ElementType elementType)
    {
        Bytes = bytes;
        ElementType = elementType;
    }

    /// <summary>The elements as bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Their type.</summary>
    public ElementType ElementType { get; }

    /// <summary>How many there are.</summary>
    public int Length => IsEmpty ? 0 : Bytes.Length / ElementTypes.SizeInBytes(ElementType);

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => Bytes.IsEmpty;

    /// <summary>Float elements.</summary>
    public static implicit operator ElementSpan(ReadOnlySpan<float> elements) => FromSpan(elements);

    /// <summary>Half elements.</summary>
    public static implicit operator ElementSpan(ReadOnlySpan<Half> elements) => FromSpan(elements);

    /// <summary>BFloat16 elements.</summary>
    public static implicit operator ElementSpan(ReadOnlySpan<BFloat16> elements) => FromSpan(elements);

    /// <summary>Float elements.</summary>
    public static implicit operator ElementSpan(float[]? elements) => FromSpan<float>(elements);

    /// <summary>Half elements.</summary>
    public static implicit operator ElementSpan(Half[]? elements) => FromSpan<Half>(elements);

    /// <summary>BFloat16 elements.</summary>
    public static implicit operator ElementSpan(BFloat16[]? elements) => FromSpan<BFloat16>(elements);

    /// <summary>Elements of any of the element types.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="elements">The elements.</param>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public static ElementSpan FromSpan<T>(ReadOnlySpan<T> elements)
        where T : unmanaged => new(MemoryMarshal.AsBytes(elements), ElementTypes.Of<T>());
}
