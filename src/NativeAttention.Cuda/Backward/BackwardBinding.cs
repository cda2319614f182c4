using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// Takes the views of one backward run: holds their memory, holds their dims against the problem, and demands that
/// what is written lies apart from everything else. Allocates nothing.
/// </summary>
/// <param name="axes">What the problem needs.</param>
/// <param name="asStorage">Whether tensors are storage for the strides of the problem, whatever its layout.</param>
internal ref struct BackwardBinding<T>(BackwardAxes axes, bool asStorage)
    where T : unmanaged
{
    private Ranges _ranges; // what is written first
    private int _count;
    private int _written;

    /// <summary>Binds all views.</summary>
    /// <exception cref="ArgumentException">A view does not fit, is missing or not part of the problem.</exception>
    [UnscopedRef]
    public BackwardOperands Bind(ref DeviceCall call, in DeviceBackwardInputs<T> inputs,
        in DeviceAttentionGradients<T> gradients, CudaStream stream)
    {
        BackwardOperands o = default;
        o.QueryGradient = Tensor(ref call, "query gradient", gradients.Query, axes.Query, stream);
        o.KeyGradient = Tensor(ref call, "key gradient", gradients.Key, axes.Key, stream);
        o.ValueGradient = Tensor(ref call, "value gradient", gradients.Value, axes.Value, stream);
        o.ExtraKeyGradient = Extra(ref call, "extra key gradient", gradients.ExtraKey, axes.ExtraKey, stream);
        o.ExtraValueGradient = Extra(ref call, "extra value gradient", gradients.ExtraValue, axes.ExtraValue, stream);
        o.BiasGradient = Floats(ref call, "bias gradient", gradients.RelativeBias, axes.BiasCount, stream);
        _written = _count;
        o.Query = Tensor(ref call, "query", inputs.Query, axes.Query, stream);
        o.Key = Tensor(ref call, "key", inputs.Key, axes.Key, stream);
        o.Value = Tensor(ref call, "value", inputs.Value, axes.Value, stream);
        o.Output = Tensor(ref call, "output", inputs.Output, axes.Output, stream);
        o.OutputGradient = Tensor(ref call, "output gradient", inputs.OutputGradient, axes.Output, stream);
        o.ExtraKey = Extra(ref call, "extra key", inputs.ExtraKey, axes.ExtraKey, stream);
        o.ExtraValue = Extra(ref call, "extra value", inputs.ExtraValue, axes.ExtraValue, stream);
        o.Bias = Floats(ref call, "bias", inputs.RelativeBias, axes.BiasCount, stream);
        o.Lse = Lse(ref call, "lse", inputs.Lse, stream);
        o.LseGradient = inputs.LseGradient.Device is null ? 0 : Lse(ref call, "lse gradient", inputs.LseGradient, stream);
        RequireApart();
        return o;
    }

    private TensorRef Tensor(ref DeviceCall call, string argument, in DeviceView<T> view, in BackwardOperand of,
        CudaStream stream)
    {
        call.Hold(view, argument, stream);
        TensorRef bound = of.Bind(view, argument, asStorage);
        Note(of.Axes.RangeOf(argument, bound, Unsafe.SizeOf<T>()));
        return bound;
    }

    // A tensor that the problem may not have.
    private TensorRef Extra(ref DeviceCall call, string argument, in DeviceView<T> view, in BackwardOperand of,
        CudaStream stream)
    {
        if (of.Axes.Sequence > 0)
        {
            return Tensor(ref call, argument, view, of, stream);
        }

        RefuseGiven(argument, view);
        return default;
    }

    private ulong Floats(ref DeviceCall call, string argument, in DeviceView<float> view, long needed, CudaStream stream)
    {
        if (needed == 0)
        {
            RefuseGiven(argument, view);
            return 0;
        }

        call.Hold(view, argument, stream);
        if (!view.IsDense || view.Count < needed)
        {
            ThrowHelper.Argument(argument, $"it is {view.Layout}{(view.IsDense ? "" : " with gaps")}; the plan needs a dense "
                + $"tensor of at least {needed} elements.");
        }

        Note(new MemoryRange(argument, view.Pointer, (ulong)needed * sizeof(float)));
        return view.Pointer;
    }

    private ulong Lse(ref DeviceCall call, string argument, in DeviceView<float> view, CudaStream stream)
    {
        call.Hold(view, argument, stream);
        bool fits = asStorage ? view.Count >= axes.LseCount : view.Layout.HasLengths(axes.LseDims);
        if (!view.IsDense || !fits)
        {
            ThrowHelper.Argument(argument, $"it is {view.Layout}{(view.IsDense ? "" : " with gaps")}; the plan needs a dense "
                + $"{StridedDims.Format(axes.LseDims)}, which is "
                + (axes.Query.Map is null ? "[batch, query heads, query length]." : "the output without its last axis."));
        }

        Note(new MemoryRange(argument, view.Pointer, (ulong)axes.LseCount * sizeof(float)));
        return view.Pointer;
    }

    private static void RefuseGiven<TElement>(string argument, in DeviceView<TElement> view)
        where TElement : unmanaged
    {
        if (view.Device is not null)
        {
            ThrowHelper.Argument(argument, $"it is {view.Layout}, but the problem has none: leave it out.");
        }
    }

    private void Note(in MemoryRange range) => _ranges[_count++] = range;

    private readonly void RequireApart()
    {
        for (int i = 0; i < _written; i++)
        {
            for (int j = i + 1; j < _count; j++)
            {
                ViewOperand.RequireApart(_ranges[i], _ranges[j]);
            }
        }
    }

    [InlineArray(16)]
    private struct Ranges
    {
        private MemoryRange _first;
    }
}
