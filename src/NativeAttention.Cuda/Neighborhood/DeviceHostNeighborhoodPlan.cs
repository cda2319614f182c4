using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// A neighborhood problem over host memory, run on a device: keeps device buffers and a stream of its own.
/// </summary>
internal sealed class DeviceHostNeighborhoodPlan<T> : HostNeighborhoodPlan<T>
    where T : unmanaged
{
    private readonly NeighborhoodPlan<T> _plan;
    private readonly CudaStream _stream;
    private readonly DeviceTensor<T> _query;
    private readonly DeviceTensor<T> _key;
    private readonly DeviceTensor<T> _value;
    private readonly DeviceTensor<T> _output;
    private readonly DeviceTensor<float> _lse;
    private readonly DeviceTensor<T>? _extraKey;
    private readonly DeviceTensor<T>? _extraValue;
    private readonly DeviceTensor<float>? _bias;
    private readonly Stack<IDisposable> _owned = new();

    public DeviceHostNeighborhoodPlan(CudaDevice device, NeighborhoodProblem problem)
        : base(problem)
    {
        try
        {
            _plan = Own(device.PlanProblem<T>(problem));
            _stream = Own(device.CreateStream());
            NeighborhoodShape shape = problem.Shape;
            _query = Tensor<T>(MapAxes.Query(problem).Dims, "query");
            _key = Tensor<T>(MapAxes.Key(problem).Dims, "key");
            _value = Tensor<T>(MapAxes.Value(problem).Dims, "value");
            ReadOnlySpan<int> output = MapAxes.Output(problem).Dims;
            _output = Tensor<T>(output, "output");
            _lse = Tensor<float>(output[..^1], "lse");
            if (shape.ExtraKeys > 0)
            {
                _extraKey = Tensor<T>([shape.Batch, shape.ExtraKeys, shape.KeyValueHeads, shape.HeadDim], "ExtraKey");
                _extraValue = Tensor<T>(
                    [shape.Batch, shape.ExtraKeys, shape.KeyValueHeads, shape.ValueHeadDim], "ExtraValue");
            }

            _bias = problem.RelativeBiasLength > 0
                ? Tensor<float>([shape.QueryHeads, (int)problem.Lowered.BiasEntries], "RelativeBias") : null;
        }
        catch
        {
            Dispose();
            throw;
        }

        DeviceTensor<TElement> Tensor<TElement>(ReadOnlySpan<int> dims, string name)
            where TElement : unmanaged
        {
            DeviceTensor<TElement> tensor = Own(device.Allocate<TElement>(dims, _stream));
            Bytes += tensor.Count * Unsafe.SizeOf<TElement>();
            return tensor.Count <= int.MaxValue ? tensor : throw new NotSupportedException(
                $"The {name} has {tensor.Count} elements; host memory is taken up to {int.MaxValue}.");
        }
    }

    /// <inheritdoc/>
    public override string KernelName => _plan.KernelName;

    /// <inheritdoc/>
    public override long WorkspaceBytes => _plan.WorkspaceBytes + Bytes;

    private long Bytes { get; set; }

    /// <inheritdoc/>
    protected override void Release()
    {
        while (_owned.TryPop(out IDisposable? last))
        {
            last.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void Execute(in NeighborhoodInputs<T> inputs, Span<T> output, Span<float> lse,
        CancellationToken cancellationToken)
    {
        _query.Upload(inputs.Query, _stream);
        _key.Upload(inputs.Key, _stream);
        _value.Upload(inputs.Value, _stream);
        _extraKey?.Upload(inputs.ExtraKey, _stream);
        _extraValue?.Upload(inputs.ExtraValue, _stream);
        _bias?.Upload(inputs.RelativeBias, _stream);
        DeviceNeighborhoodInputs<T> onDevice = new(_query, _key, _value)
        {
            ExtraKey = _extraKey,
            ExtraValue = _extraValue,
            RelativeBias = _bias,
        };

        // The last moment: a launched kernel cannot be called back. The caller's memory is still untouched.
        cancellationToken.ThrowIfCancellationRequested();
        if (lse.IsEmpty)
        {
            _plan.Run(onDevice, _output, _stream);
        }
        else
        {
            _plan.Run(onDevice, _output, _lse, _stream);
            _lse.Download(lse, _stream);
        }

        _output.Download(output, _stream);
    }

    private TOwned Own<TOwned>(TOwned owned)
        where TOwned : IDisposable
    {
        _owned.Push(owned);
        return owned;
    }
}
