using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>Which axis of a device tensor is which.</summary>
internal enum AxisOrder
{
    /// <summary>[batch, sequence, heads, dim]; the tensor's own strides count.</summary>
    Bshd,

    /// <summary>[batch, heads, sequence, dim]; the tensor's own strides count.</summary>
    Bhsd,

    /// <summary>The tensor is storage; the strides of the layout count.</summary>
    Storage,
}

/// <summary>One operand of a problem: how long its axes are, and how it is taken from a view.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Sequence">Tokens of one sequence.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Dim">Elements of one vector.</param>
/// <param name="Strides">Strides that the layout gives.</param>
/// <param name="Order">Where strides come from.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TensorAxes(
    int Batch, int Sequence, int Heads, int Dim, TensorStrides Strides, AxisOrder Order)
{
    /// <summary>
    /// Elements from the first to the last under the layout's strides; 0 when there are none.
    /// </summary>
    public long Extent => new TensorExtents(Batch, Sequence, Heads, Dim, Strides).RequiredLength;

    /// <summary>Whether there are elements that belong to no vector between the first and the last.</summary>
    public bool HasGaps => Extent > (long)Batch * Sequence * Heads * Dim;

    /// <summary>Checks a view and takes address and strides from it.</summary>
    /// <exception cref="ArgumentException">The view does not fit; the message says what would.</exception>
    public TensorRef Bind<T>(in DeviceView<T> view, string argument)
        where T : unmanaged
    {
        ref readonly StridedDims dims = ref view.Layout;
        if (Order == AxisOrder.Storage)
        {
            RequireStorage(view, argument);
            return Bind(view.Pointer);
        }

        Span<int> expected = Order == AxisOrder.Bshd
            ? [Batch, Sequence, Heads, Dim]
            : [Batch, Heads, Sequence, Dim];
        if (!dims.HasLengths(expected))
        {
            WrongDims(argument, dims.ToString(), StridedDims.Format(expected));
        }

        ReadOnlySpan<long> strides = dims.AllStrides;
        if (strides[3] != 1 && Dim > 1)
        {
            ThrowHelper.Argument(argument, $"the stride of its last axis is {strides[3]}; it must be 1.");
        }

        bool sequenceFirst = Order == AxisOrder.Bshd;
        return new TensorRef
        {
            Data = view.Pointer,
            BatchStride = strides[0],
            SequenceStride = strides[sequenceFirst ? 1 : 2],
            HeadStride = strides[sequenceFirst ? 2 : 1],
        };
    }

    /// <summary>Address and the layout's strides.</summary>
    public TensorRef Bind(ulong address) => new()
    {
        Data = address,
        BatchStride = Strides.Batch,
        SequenceStride = Strides.Sequence,
        HeadStride = Strides.Head,
    };

    /// <summary>Memory from the first to the last element of a bound tensor.</summary>
    public MemoryRange RangeOf(string argument, in TensorRef bound, int elementBytes)
    {
        TensorStrides strides = new(bound.BatchStride, bound.SequenceStride, bound.HeadStride);
        return new MemoryRange(
            argument, bound.Data, (ulong)(this with { Strides = strides }).Extent * (ulong)elementBytes);
    }

    private void RequireStorage<T>(in DeviceView<T> view, string argument)
        where T : unmanaged
    {
        if (!view.IsDense || view.Count < Extent)
        {
            ThrowHelper.Argument(argument,
                $"it is {view.Layout}{(view.IsDense ? "" : " with gaps")}; the strides {Strides} of [batch "
                + $"{Batch}, sequence {Sequence}, heads {Heads}, dim {Dim}] need a dense tensor of at least "
                + $"{Extent} elements.");
        }
    }

    private void WrongDims(string argument, string actual, string expected) => ThrowHelper.Argument(argument,
        $"its dims are {actual}; the plan needs {expected}, which is "
        + $"[{(Order == AxisOrder.Bshd ? "batch, sequence, heads, dim" : "batch, heads, sequence, dim")}].");
}

/// <summary>The four operands of a problem.</summary>
/// <param name="Query">The queries.</param>
/// <param name="Key">The keys.</param>
/// <param name="Value">The values.</param>
/// <param name="Output">The output.</param>
internal sealed record OperandAxes(TensorAxes Query, TensorAxes Key, TensorAxes Value, TensorAxes Output)
{
    /// <summary>The operands as the problem says.</summary>
    public static OperandAxes Of(AttentionProblem problem)
    {
        AttentionShape s = problem.Shape;
        LayoutStrides strides = problem.Strides;
        AxisOrder order = OrderOf(problem.Options.Layout);
        return new OperandAxes(
            Axes(TensorExtents.Query(s, strides)), Axes(TensorExtents.Key(s, strides)),
            Axes(TensorExtents.Value(s, strides)), Axes(TensorExtents.Output(s, strides)));

        TensorAxes Axes(TensorExtents e) => new(e.Batch, e.Sequence, e.Heads, e.Dim, e.Strides, order);
    }

    /// <summary>Where the strides of tensors come from under a layout.</summary>
    public static AxisOrder OrderOf(AttentionLayout layout) => layout == AttentionLayout.Bshd ? AxisOrder.Bshd
        : layout == AttentionLayout.Bhsd ? AxisOrder.Bhsd
        : AxisOrder.Storage;
}
