using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

/// <summary>
/// Every rule a problem must keep, in one place. Each broken rule is one exception that names the argument,
/// its value and what is allowed.
/// </summary>
internal static class ProblemRules
{
    /// <summary>Checks the rules that need no strides.</summary>
    public static void CheckValues(ElementType elementType, AttentionShape shape, AttentionOptions options)
    {
        _ = ElementTypes.SizeInBytes(elementType);
        CheckShape(shape);
        CheckOptions(options);
        CheckSizes(elementType, shape);
    }

    /// <summary>Checks the rules of a shape that hold for every element type.</summary>
    public static void CheckShape(AttentionShape shape)
    {
        AtLeast(0, shape.Batch, nameof(shape.Batch));
        AtLeast(0, shape.QueryLength, nameof(shape.QueryLength));
        AtLeast(0, shape.KeyLength, nameof(shape.KeyLength));
        AtLeast(1, shape.QueryHeads, nameof(shape.QueryHeads));
        AtLeast(1, shape.KeyValueHeads, nameof(shape.KeyValueHeads));
        AtLeast(1, shape.HeadDim, nameof(shape.HeadDim));
        AtLeast(1, shape.ValueHeadDim, nameof(shape.ValueHeadDim));
        AtLeast(1, shape.ValueHeads, nameof(shape.ValueHeads));
        CheckMultiple(shape.QueryHeads, shape.KeyValueHeads, nameof(shape.KeyValueHeads));
        CheckMultiple(shape.QueryHeads, shape.ValueHeads, nameof(shape.ValueHeads));
    }

    /// <summary>Query heads are split evenly over other heads.</summary>
    public static void CheckMultiple(int queryHeads, int heads, string name)
    {
        if (queryHeads % heads != 0)
        {
            Throw("shape", $"QueryHeads is {queryHeads}: it must be a multiple of {name}, which is {heads}.");
        }
    }

    /// <summary>A scale that is given is finite.</summary>
    public static void CheckScale(float? given)
    {
        if (given is float scale && !float.IsFinite(scale))
        {
            Throw("options", $"Scale is {scale}: it must be finite (null means 1/sqrt(head dim)).");
        }
    }

    /// <summary>Checks the strides of all four tensors.</summary>
    public static void CheckStrides(ElementType elementType, AttentionShape shape, LayoutStrides strides)
    {
        int size = ElementTypes.SizeInBytes(elementType);
        TensorExtents query = TensorExtents.Query(shape, strides), key = TensorExtents.Key(shape, strides);
        TensorExtents value = TensorExtents.Value(shape, strides),
            output = TensorExtents.Output(shape, strides);
        CheckStrides("query", query, size);
        CheckStrides("key", key, size);
        CheckStrides("value", value, size);
        CheckStrides("output", output, size);
        if (StrideAliasing.Find(output) is string collision)
        {
            Throw("options", $"The output strides {output.Strides} let two elements share an address: "
                + $"{collision} Every output element must have an address of its own.");
        }
    }

    private static void CheckOptions(AttentionOptions options)
    {
        NotNull(options.Mask, nameof(options.Mask));
        NotNull(options.Operands, nameof(options.Operands));
        NotNull(options.Layout, nameof(options.Layout));
        NotNull(options.Tuning, nameof(options.Tuning));
        CheckScale(options.Scale);
        if (options.SoftCap is float cap && !(float.IsFinite(cap) && cap > 0))
        {
            Throw(nameof(options), $"SoftCap is {cap}: it must be finite and above 0 (null means none).");
        }

        if (options.Mask.IsTopLeft && options.DiagonalOffset is int offset && offset != 0)
        {
            Throw(nameof(options), $"DiagonalOffset is {offset}, but the mask '{options.Mask}' sets it to 0: "
                + "use AttentionMask.Causal with an offset.");
        }

        if (options.Tuning.MaxThreads is int threads && threads < 1)
        {
            Throw(nameof(options),
                $"MaxThreads is {threads}: it must be 1 or more (null means all processors).");
        }
    }

    // Strides of dense layouts are products of lengths: they must fit before they are formed.
    private static void CheckSizes(ElementType elementType, AttentionShape s)
    {
        int size = ElementTypes.SizeInBytes(elementType);
        CheckSize("query", s.Batch, s.QueryLength, s.QueryHeads, s.HeadDim, size);
        CheckSize("key", s.Batch, s.KeyLength, s.KeyValueHeads, s.HeadDim, size);
        CheckSize("value", s.Batch, s.KeyLength, s.ValueHeads, s.ValueHeadDim, size);
        CheckSize("output", s.Batch, s.QueryLength, s.QueryHeads, s.ValueHeadDim, size);
        CheckSize("lse", s.Batch, s.QueryLength, s.QueryHeads, 1, sizeof(float));
    }

    private static void CheckSize(string tensor, int batch, int length, int heads, int dim, int elementSize)
    {
        UInt128 vectors = (UInt128)(ulong)Math.Max(1, batch) * (ulong)Math.Max(1, length) * (ulong)heads;
        UInt128 bytes = vectors * (ulong)dim * (ulong)elementSize;
        if (bytes > long.MaxValue)
        {
            Throw("shape", $"The {tensor} tensor of {batch} x {length} x {heads} x {dim} elements of "
                + $"{elementSize} bytes has {bytes} bytes: at most {long.MaxValue} can be addressed.");
        }
    }

    private static void CheckStrides(string tensor, TensorExtents extents, int elementSize)
    {
        TensorStrides s = extents.Strides;
        if (s.Batch < 0 || s.Sequence < 0 || s.Head < 0)
        {
            Throw("options", $"The {tensor} strides {s} must not be negative.");
        }

        if (extents.RequiredLength128 * elementSize > long.MaxValue)
        {
            Throw("options", $"The {tensor} strides {s} reach offset {extents.RequiredLength128 - 1}: "
                + $"offsets must stay below 2^63 bytes, {long.MaxValue / elementSize} elements.");
        }
    }

    private static void AtLeast(int least, int value, string name)
    {
        if (value < least)
        {
            ThrowOutOfRange("shape", value, $"{name} is {value}: it must be {least} or more.");
        }
    }

    private static void NotNull(object? value, string name)
    {
        if (value is null)
        {
            Throw("options", $"{name} is null: leave it out for its default.");
        }
    }

    [DoesNotReturn]
    private static void Throw(string argument, string message) =>
        throw new ArgumentException(message, argument);

    [DoesNotReturn]
    private static void ThrowOutOfRange(string argument, int value, string message) =>
        throw new ArgumentOutOfRangeException(argument, value, message);
}
