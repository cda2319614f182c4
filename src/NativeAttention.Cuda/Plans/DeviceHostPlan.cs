using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// A problem over host memory, run on a device: keeps device buffers and a stream of its own. The layout's
/// strides are honoured by the kernel, so every operand travels as it lies, gaps included; a gap of the
/// output comes back as it went.
/// </summary>
internal sealed class DeviceHostPlan<T> : HostAttentionPlan<T>
    where T : unmanaged
{
    private readonly AttentionPlan<T> _plan;
    private readonly CudaStream _stream;
    private readonly DeviceTensor<T> _query;
    private readonly DeviceTensor<T> _key;
    private readonly DeviceTensor<T> _value;
    private readonly DeviceTensor<T> _output;
    private readonly DeviceTensor<float> _lse;
    private readonly HostOperands<T> _operands;
    private readonly bool _leavesGaps;
    private readonly OwnedResources _owned = new();

    public DeviceHostPlan(CudaDevice device, AttentionProblem problem)
        : base(problem)
    {
        try
        {
            _plan = _owned.Add(device.PlanProblem<T>(problem));
            _stream = _owned.Add(device.CreateStream());
            _query = _owned.AddStorage<T>(device, _plan.Axes.Query, "query", _stream);
            _key = _owned.AddStorage<T>(device, _plan.Axes.Key, "key", _stream);
            _value = _owned.AddStorage<T>(device, _plan.Axes.Value, "value", _stream);
            _output = _owned.AddStorage<T>(device, _plan.Axes.Output, "output", _stream);
            _lse = _owned.Add(device.Allocate<float>(LseDims(problem), _stream));
            _operands = _owned.Add(new HostOperands<T>(device, _plan.Operands, _stream));
            // Packed tokens behind the last sequence belong to no row.
            _leavesGaps = _plan.Axes.Output.HasGaps || problem.Strides.Packed is not null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string KernelName => _plan.KernelName;

    /// <inheritdoc/>
    public override long WorkspaceBytes => _operands.Bytes + (_lse.Count * sizeof(float))
        + ((_query.Count + _key.Count + _value.Count + _output.Count) * Unsafe.SizeOf<T>());

    /// <inheritdoc/>
    protected override void Release() => _owned.Dispose();

    /// <inheritdoc/>
    protected override void Execute(in AttentionInputs<T> inputs, Span<T> output, Span<float> lse,
        CancellationToken cancellationToken)
    {
        _query.Upload(inputs.Query, _stream);
        _key.Upload(inputs.Key, _stream);
        _value.Upload(inputs.Value, _stream);
        _operands.Upload(inputs, _stream);
        if (_leavesGaps)
        {
            _output.Upload(output, _stream);
            if (!lse.IsEmpty)
            {
                _lse.Upload(lse, _stream);
            }
        }

        // The last moment: a launched kernel cannot be called back. The caller's memory is still untouched.
        cancellationToken.ThrowIfCancellationRequested();
        _plan.RunOnStorage(_operands.With(_query, _key, _value), _output, lse.IsEmpty ? null : _lse, _stream);
        _output.Download(output, _stream);
        if (!lse.IsEmpty)
        {
            _lse.Download(lse, _stream);
        }
    }

    private static int[] LseDims(AttentionProblem problem)
    {
        AttentionShape shape = problem.Shape;
        return problem.Strides.Packed is PackedTokens packed
            ? [shape.QueryHeads, packed.Queries]
            : [shape.Batch, shape.QueryHeads, shape.QueryLength];
    }
}
