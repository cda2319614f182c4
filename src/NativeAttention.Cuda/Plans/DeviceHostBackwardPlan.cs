using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// Backward of a problem over host memory, run on a device: keeps device buffers and a stream of its own. Every
/// operand travels as it lies, gaps included; a gap of a gradient comes back as it went.
/// </summary>
internal sealed class DeviceHostBackwardPlan<T> : HostBackwardPlan<T>
    where T : unmanaged
{
    private readonly Stack<IDisposable> _owned = new();
    private BackwardPlan<T> _plan = null!;
    private CudaStream _stream = null!;
    private Pair<T> _query;
    private Pair<T> _key;
    private Pair<T> _value;
    private Pair<T> _output; // and its gradient, which is read, too
    private Pair<T> _extraKey;
    private Pair<T> _extraValue;
    private Pair<float> _lse; // likewise
    private Pair<float> _bias;
    private long _bytes;

    public DeviceHostBackwardPlan(CudaDevice device, AttentionProblem problem)
        : base(problem) => Make(device, () => device.PlanBackward<T>(problem));

    public DeviceHostBackwardPlan(CudaDevice device, NeighborhoodProblem problem)
        : base(problem) => Make(device, () => device.PlanBackward<T>(problem));

    /// <inheritdoc/>
    public override string KernelName => string.Join(" + ", _plan.KernelNames);

    /// <inheritdoc/>
    public override long WorkspaceBytes => _bytes + _plan.WorkspaceBytes;

    /// <inheritdoc/>
    protected override void Release()
    {
        while (_owned.TryPop(out IDisposable? last))
        {
            last.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void Execute(in BackwardInputs<T> inputs, in AttentionGradients<T> gradients,
        CancellationToken cancellationToken)
    {
        _query.Upload(inputs.Query, gradients.Query, _stream);
        _key.Upload(inputs.Key, gradients.Key, _stream);
        _value.Upload(inputs.Value, gradients.Value, _stream);
        _extraKey.Upload(inputs.ExtraKey, default, _stream);
        _extraValue.Upload(inputs.ExtraValue, default, _stream);
        _bias.Upload(inputs.RelativeBias, default, _stream);
        _output.First?.Upload(inputs.Output, _stream);
        _output.Gradient?.Upload(inputs.OutputGradient, _stream);
        _lse.First?.Upload(inputs.Lse, _stream);
        bool lseGradient = !inputs.LseGradient.IsEmpty;
        if (lseGradient)
        {
            _lse.Gradient?.Upload(inputs.LseGradient, _stream);
        }

        // The last moment: launched kernels cannot be called back. The caller's memory is still untouched.
        cancellationToken.ThrowIfCancellationRequested();
        _plan.RunOnStorage(
            new DeviceBackwardInputs<T>
            {
                Query = _query.First,
                Key = _key.First,
                Value = _value.First,
                Output = _output.First,
                OutputGradient = _output.Gradient,
                Lse = _lse.First,
                LseGradient = lseGradient ? _lse.Gradient : null,
                ExtraKey = _extraKey.First,
                ExtraValue = _extraValue.First,
                RelativeBias = _bias.First,
            },
            new DeviceAttentionGradients<T>(_query.Gradient, _key.Gradient, _value.Gradient)
            {
                ExtraKey = _extraKey.Gradient,
                ExtraValue = _extraValue.Gradient,
                RelativeBias = _bias.Gradient,
            },
            _stream);
        _query.Gradient?.Download(gradients.Query, _stream);
        _key.Gradient?.Download(gradients.Key, _stream);
        _value.Gradient?.Download(gradients.Value, _stream);
        _extraKey.Gradient?.Download(gradients.ExtraKey, _stream);
        _extraValue.Gradient?.Download(gradients.ExtraValue, _stream);
        _bias.Gradient?.Download(gradients.RelativeBias, _stream);
    }

    private void Make(CudaDevice device, Func<BackwardPlan<T>> plan)
    {
        try
        {
            _plan = Own(plan());
            _stream = Own(device.CreateStream());
            BackwardAxes axes = _plan.Axes;
            _query = Storage<T>(device, axes.Query.Axes.Extent, "query", axes.Query.Axes.HasGaps);
            _key = Storage<T>(device, axes.Key.Axes.Extent, "key", axes.Key.Axes.HasGaps);
            _value = Storage<T>(device, axes.Value.Axes.Extent, "value", axes.Value.Axes.HasGaps);
            _output = Storage<T>(device, axes.Output.Axes.Extent, "output");
            _lse = Storage<float>(device, axes.LseCount, "log-sum-exp");
            _extraKey = axes.ExtraKey.Axes.Sequence > 0 ? Storage<T>(device, axes.ExtraKey.Axes.Extent, "extra key") : default;
            _extraValue = axes.ExtraKey.Axes.Sequence > 0 ? Storage<T>(device, axes.ExtraValue.Axes.Extent, "extra value") : default;
            _bias = axes.BiasCount > 0 ? Storage<float>(device, axes.BiasCount, "bias") : default;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private Pair<TElement> Storage<TElement>(CudaDevice device, long extent, string name, bool leavesGaps = false)
        where TElement : unmanaged
    {
        if (extent > int.MaxValue)
        {
            throw new NotSupportedException($"The {name} has {extent} elements from first to last; host memory is taken up "
                + $"to {int.MaxValue}.");
        }

        _bytes += 2 * extent * Unsafe.SizeOf<TElement>();
        return new Pair<TElement>(Own(device.Allocate<TElement>([(int)extent], _stream)),
            Own(device.Allocate<TElement>([(int)extent], _stream)), leavesGaps);
    }

    private TOwned Own<TOwned>(TOwned owned)
        where TOwned : IDisposable
    {
        _owned.Push(owned);
        return owned;
    }

    /// <summary>An operand and its gradient; none for a problem that lacks it.</summary>
    private readonly record struct Pair<TElement>(DeviceTensor<TElement>? First, DeviceTensor<TElement>? Gradient,
        bool LeavesGaps)
        where TElement : unmanaged
    {
        /// <summary>Puts the operand on the device, and, where its gradient leaves gaps, what lies in them.</summary>
        public void Upload(ReadOnlySpan<TElement> source, ReadOnlySpan<TElement> gradient, CudaStream stream)
        {
            First?.Upload(source, stream);
            if (LeavesGaps)
            {
                Gradient?.Upload(gradient, stream);
            }
        }
    }
}
