using NativeAttention.Benchmarks.Problems;
using NativeAttention.Cuda;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>A dense problem on a device.</summary>
internal sealed class DenseCase<T> : IPreparedCase
    where T : unmanaged
{
    private readonly BenchmarkBench _bench;
    private readonly AttentionPlan<T> _plan;
    private readonly OperandSets<T> _sets;
    private readonly List<HostOperands<T>> _optional = [];

    public DenseCase(BenchmarkBench bench, DenseProblem problem, AttentionPlan<T> plan, TimeSpan moduleLoad)
    {
        _bench = bench;
        _plan = plan;
        ModuleLoad = moduleLoad;
        Flops = WorkCounts.Flops(problem);
        Bytes = WorkCounts.Bytes(problem);
        DenseSpotCheck check = new(problem, bench.Random);
        try
        {
            _sets = new OperandSets<T>(bench, Dims(problem), Bytes, check);
            FillOptional(check.Operands);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Kernel => _plan.KernelName;

    public TimeSpan ModuleLoad { get; }

    public double Flops { get; }

    public double Bytes { get; }

    public ResultMetric Metric => ResultMetric.Tflops;

    public int Sets => _sets.Count;

    public void Launch(int set)
    {
        ref readonly Operands<T> x = ref _sets[set];
        _plan.Run(_optional[set].With(x.Query, x.Key, x.Value), x.Output, _bench.Stream);
    }

    public SpotCheck Check() => _sets.Check();

    public void Dispose()
    {
        _optional.ForEach(o => o.Dispose());
        _sets?.Dispose(); // there are none when memory ran out
        _plan.Dispose();
    }

    private static OperandDims Dims(DenseProblem problem)
    {
        AttentionShape s = problem.Shape;
        (int queries, int keys) = problem.Packed is { } packed ? (packed.Queries, packed.Keys)
            : (s.QueryLength, s.KeyLength);
        return new OperandDims(Of(queries, s.QueryHeads, s.HeadDim), Of(keys, s.KeyValueHeads, s.HeadDim),
            Of(keys, s.KeyValueHeads, s.ValueHeadDim), Of(queries, s.QueryHeads, s.ValueHeadDim));

        int[] Of(int length, int heads, int dim) => problem.Packed is not null ? [length, heads, dim]
            : problem.Options.Layout == AttentionLayout.Bhsd ? [s.Batch, heads, length, dim]
            : [s.Batch, length, heads, dim];
    }

    private void FillOptional(OperandValues values)
    {
        for (int i = 0; i < _sets.Count; i++)
        {
            _optional.Add(new HostOperands<T>(_bench.Device, _plan.Operands, _bench.Stream));
            _optional[i].Upload(values.With<T>([], [], []), _bench.Stream);
        }
    }
}
