namespace NativeAttention;

/// <summary>
/// One validated and lowered attention problem: what a backend plans from. It can only be made by
/// <see cref="Create"/>, so whoever holds one need not check shapes, strides, scale or mask again.
/// </summary>
public sealed class AttentionProblem
{
    private AttentionProblem(ElementType elementType, AttentionShape shape, AttentionOptions options)
    {
        ElementType = elementType;
        Shape = shape;
        Options = options;
        Strides = options.Layout.Resolve(shape);
        Scale = options.Scale ?? (float)(1.0 / Math.Sqrt(shape.HeadDim));
        Band = options.Mask.Lower(shape.QueryLength, shape.KeyLength);
    }

    /// <summary>Element type of query, key, value and output.</summary>
    public ElementType ElementType { get; }

    /// <summary>The lengths.</summary>
    public AttentionShape Shape { get; }

    /// <summary>The options as given.</summary>
    public AttentionOptions Options { get; }

    /// <summary>The factor on every score: the given scale, or 1/sqrt(head dim).</summary>
    public float Scale { get; }

    /// <summary>Strides of the four tensors.</summary>
    internal LayoutStrides Strides { get; }

    /// <summary>The mask, lowered.</summary>
    internal KeyBand Band { get; }

    /// <summary>Checks everything that can be checked without tensors, and lowers the options.</summary>
    public static AttentionProblem Create(ElementType elementType, AttentionShape shape, AttentionOptions options) =>
        new(elementType, shape, options);
}
