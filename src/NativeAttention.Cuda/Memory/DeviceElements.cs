namespace NativeAttention.Cuda;

/// <summary>
/// Dense elements of one of the element types on a device, which goes with them: an argument that may be float
/// or a 16-bit type. Made from a tensor or a view by assignment; the device's form of
/// <see cref="ElementSpan"/>.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1815",
    Justification = "Passed on, not compared.")]
public readonly struct DeviceElements
{
    internal DeviceElements(OperandView view, ElementType elementType)
    {
        View = view;
        ElementType = elementType;
    }

    /// <summary>The type of the elements.</summary>
    public ElementType ElementType { get; }

    /// <summary>How many there are.</summary>
    public long Count => View.Count;

    /// <summary>Where they lie.</summary>
    internal OperandView View { get; }

    /// <summary>Float elements.</summary>
    public static implicit operator DeviceElements(DeviceView<float> elements) => FromView(elements);

    /// <summary>Half elements.</summary>
    public static implicit operator DeviceElements(DeviceView<Half> elements) => FromView(elements);

    /// <summary>BFloat16 elements.</summary>
    public static implicit operator DeviceElements(DeviceView<BFloat16> elements) => FromView(elements);

    /// <summary>Float elements; none for null.</summary>
    public static implicit operator DeviceElements(DeviceTensor<float>? elements) => FromView<float>(elements);

    /// <summary>Half elements; none for null.</summary>
    public static implicit operator DeviceElements(DeviceTensor<Half>? elements) => FromView<Half>(elements);

    /// <summary>BFloat16 elements; none for null.</summary>
    public static implicit operator DeviceElements(DeviceTensor<BFloat16>? elements) =>
        FromView<BFloat16>(elements);

    /// <summary>Elements of any of the element types.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="elements">The elements.</param>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public static DeviceElements FromView<T>(DeviceView<T> elements)
        where T : unmanaged => new(OperandView.Of(elements), ElementTypes.Of<T>());
}
