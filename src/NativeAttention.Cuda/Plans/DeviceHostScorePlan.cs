using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// A pass over the scores of a problem over host memory, run on a device: keeps device buffers and a stream of its
/// own, as <see cref="DeviceHostPlan{T}"/>.
/// </summary>
internal sealed class DeviceHostScorePlan<T> : HostScorePlan<T>
    where T : unmanaged
{
    private readonly OwnedResources _owned = new();
    private readonly ScorePlan<T> _plan;
    private readonly CudaStream _stream;
    private readonly DeviceTensor<T> _query;
    private readonly DeviceTensor<T> _key;
    private readonly HostOperands<T> _operands;
    private readonly DeviceTensor<float>? _lse;
    private readonly DeviceTensor<T>? _scores;
    private readonly DeviceTensor<float>? _sums;
    private readonly DeviceTensor<float>? _entropy;
    private readonly DeviceTensor<float>? _maxima;

    public DeviceHostScorePlan(CudaDevice device, AttentionProblem problem, ScoreRequest request)
        : base(problem, request)
    {
        AttentionShape s = problem.Shape;
        try
        {
            _plan = _owned.Add(device.PlanScoreProblem<T>(problem, request));
            _stream = _owned.Add(device.CreateStream());
            _query = _owned.AddStorage<T>(device, _plan.Axes.Query, "query", _stream);
            _key = _owned.AddStorage<T>(device, _plan.Axes.Key, "key", _stream);
            _operands = _owned.Add(new HostOperands<T>(device, _plan.Operands, _stream));
            _lse = Allocate<float>(request.NeedsLse, "lse", [s.Batch, s.QueryHeads, s.QueryLength]);
            _scores = Allocate<T>(request.Scores is not null, "Scores",
                [s.Batch, s.QueryHeads, s.QueryLength, s.KeyLength]);
            _sums = Allocate<float>(request.ColumnSums, "ColumnSums", [s.Batch, s.QueryHeads, s.KeyLength]);
            _entropy = Allocate<float>(request.RowEntropy, "RowEntropy", [s.Batch, s.QueryHeads, s.QueryLength]);
            int side = request.BlockMaxima ?? 1;
            _maxima = Allocate<float>(request.BlockMaxima is not null, "BlockMaxima",
                [s.Batch, s.QueryHeads, ScoreRequest.Blocks(s.QueryLength, side),
                    ScoreRequest.Blocks(s.KeyLength, side)]);
        }
        catch
        {
            Dispose();
            throw;
        }

        DeviceTensor<TElement>? Allocate<TElement>(bool wanted, string name, int[] dims)
            where TElement : unmanaged
        {
            Int128 count = dims.Aggregate((Int128)1, (product, length) => product * length);
            return !wanted ? null
                : count <= int.MaxValue ? _owned.Add(device.Allocate<TElement>(dims, _stream!))
                : throw new NotSupportedException(
                    $"The {name} has {count} elements; host memory is taken up to {int.MaxValue}.");
        }
    }

    /// <inheritdoc/>
    public override string KernelName => _plan.KernelName;

    /// <inheritdoc/>
    public override long WorkspaceBytes => _operands.Bytes
        + ((_query.Count + _key.Count + (_scores?.Count ?? 0)) * Unsafe.SizeOf<T>())
        + (((_lse?.Count ?? 0) + (_sums?.Count ?? 0) + (_entropy?.Count ?? 0) + (_maxima?.Count ?? 0))
            * sizeof(float));

    /// <inheritdoc/>
    protected override void Release() => _owned.Dispose();

    /// <inheritdoc/>
    protected override void Execute(in AttentionInputs<T> inputs, ReadOnlySpan<float> lse,
        in ScoreResults<T> results, CancellationToken cancellationToken)
    {
        _query.Upload(inputs.Query, _stream);
        _key.Upload(inputs.Key, _stream);
        _operands.Upload(inputs, _stream);
        _lse?.Upload(lse[..(int)_lse.Count], _stream);

        // The last moment: a launched kernel cannot be called back. The caller's memory is still untouched.
        cancellationToken.ThrowIfCancellationRequested();
        DeviceScoreResults<T> written = new()
        {
            Scores = _scores,
            ColumnSums = _sums,
            RowEntropy = _entropy,
            BlockMaxima = _maxima,
        };
        _plan.RunOnStorage(_operands.With(_query, _key, null), _lse, written, _stream);
        Download(_scores, results.Scores);
        Download(_sums, results.ColumnSums);
        Download(_entropy, results.RowEntropy);
        Download(_maxima, results.BlockMaxima);
    }

    private void Download<TElement>(DeviceTensor<TElement>? from, Span<TElement> to)
        where TElement : unmanaged => from?.Download(to[..(int)from.Count], _stream);
}
