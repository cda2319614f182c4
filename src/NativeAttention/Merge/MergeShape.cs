using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>
/// The tensors of one merge: part 0 is the first; part k > 0 lies (k - 1) times a stride behind the rest.
/// That is a stack of parts, of which the first is taken apart, as well as two tensors of their own.
/// </summary>
/// <param name="Parts">Number of parts, at least 1.</param>
/// <param name="First">Part 0.</param>
/// <param name="Rest">Part 1, and all further ones.</param>
/// <param name="RestStride">Elements from one further part to the next.</param>
/// <param name="RestLseStride">The same for the log-sum-exps.</param>
/// <param name="Output">The output.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MergeShape(
    int Parts, TensorExtents First, TensorExtents Rest, long RestStride, long RestLseStride,
    TensorExtents Output)
{
    private const string LseAxes = "[batch, heads, sequence]";

    /// <summary>Number of rows, which is the number of log-sum-exps.</summary>
    public long Rows => (long)Output.Batch * Output.Heads * Output.Sequence;

    /// <summary>Elements that the further parts span.</summary>
    public long RestLength => Parts < 2 ? 0 : ((Parts - 2) * RestStride) + Rest.RequiredLength;

    /// <summary>Log-sum-exps that the further parts span.</summary>
    public long RestLseLength => Parts < 2 || Rows == 0 ? 0 : ((Parts - 2) * RestLseStride) + Rows;

    /// <summary>A merge of all parts of a stack.</summary>
    public static MergeShape Stack(in ArgumentAxes outputs, in ArgumentAxes lses, in ArgumentAxes output,
        AttentionLayout? layout)
    {
        TensorExtents part = outputs.Extents(layout, leading: 1);
        int parts = outputs.Length(0);
        if (parts < 1)
        {
            outputs.Throw("has 0 parts: there must be 1 or more.");
        }

        lses.RequireLengths([parts, part.Batch, part.Heads, part.Sequence],
            "[parts, batch, heads, sequence]");
        lses.RequireDense(1, LseAxes);
        return new MergeShape(parts, part, part, outputs.Stride(0), lses.Stride(0),
            Same(output, part, outputs.Name, layout));
    }

    /// <summary>A merge of two tensors.</summary>
    public static MergeShape Pair(in ArgumentAxes first, in ArgumentAxes firstLse, in ArgumentAxes second,
        in ArgumentAxes secondLse, in ArgumentAxes output, AttentionLayout? layout)
    {
        TensorExtents part = first.Extents(layout);
        CheckLse(firstLse, part);
        TensorExtents rest = Same(second, part, first.Name, layout);
        CheckLse(secondLse, part);
        return new MergeShape(2, part, rest, 0, 0, Same(output, part, first.Name, layout));
    }

    /// <summary>Checks the log-sum-exp of the result.</summary>
    public void CheckLse(in ArgumentAxes lse) => CheckLse(lse, Output);

    private static void CheckLse(in ArgumentAxes lse, TensorExtents part)
    {
        lse.RequireLengths([part.Batch, part.Heads, part.Sequence], LseAxes);
        lse.RequireDense(0, LseAxes);
    }

    private static TensorExtents Same(in ArgumentAxes tensor, TensorExtents part, string other,
        AttentionLayout? layout)
    {
        TensorExtents extents = tensor.Extents(layout);
        if (extents with { Strides = part.Strides } != part)
        {
            tensor.Throw($"is batch {extents.Batch}, sequence {extents.Sequence}, heads {extents.Heads}, "
                + $"head dim {extents.Dim}, but the {other} is {part.Batch}, {part.Sequence}, {part.Heads}, "
                + $"{part.Dim}: they must be the same.");
        }

        return extents;
    }
}
