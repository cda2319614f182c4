using System.Runtime.CompilerServices;

namespace NativeAttention;

/// <summary>Which C# types are element types, and how large they are.</summary>
public static class ElementTypes
{
    /// <summary>The element type of a C# type.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    public static ElementType Of<T>()
        where T : unmanaged =>
        TryOf<T>(out ElementType type) ? type : throw UnsupportedType(typeof(T));

    /// <summary>The element type of a C# type, without throwing.</summary>
    /// <typeparam name="T">Any unmanaged type.</typeparam>
    /// <param name="type">The element type, when there is one.</param>
    /// <returns>Whether <typeparamref name="T"/> is an element type.</returns>
    public static bool TryOf<T>(out ElementType type)
        where T : unmanaged
    {
        type = typeof(T) == typeof(Half) ? ElementType.Float16
            : typeof(T) == typeof(BFloat16) ? ElementType.BFloat16
            : ElementType.Float32;
        return type != ElementType.Float32 || typeof(T) == typeof(float);
    }

    /// <summary>Bytes of one element: 4 for float32, 2 for the 16-bit types.</summary>
    /// <param name="type">The element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not a member of <see cref="ElementType"/>.</exception>
    public static int SizeInBytes(ElementType type) => type switch
    {
        ElementType.Float32 => sizeof(float),
        ElementType.Float16 or ElementType.BFloat16 => sizeof(ushort),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type,
            "The element types are Float32, Float16 and BFloat16."),
    };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NotSupportedException UnsupportedType(Type type) =>
        new($"Element type {type} is not supported: use float, System.Half or NativeAttention.BFloat16.");
}
