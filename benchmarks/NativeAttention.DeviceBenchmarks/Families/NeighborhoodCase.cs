using NativeAttention.Cuda;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>A problem of neighborhood attention on a device.</summary>
internal sealed class NeighborhoodCase<T> : IPreparedCase
    where T : unmanaged
{
    private readonly BenchmarkBench _bench;
    private readonly NeighborhoodPlan<T> _plan;
    private readonly OperandSets<T> _sets;

    public NeighborhoodCase(
        BenchmarkBench bench, NeighborhoodCaseProblem problem, NeighborhoodPlan<T> plan, TimeSpan moduleLoad)
    {
        _bench = bench;
        _plan = plan;
        ModuleLoad = moduleLoad;
        Flops = problem.Flops;
        Bytes = problem.Bytes;
        DenseSpotCheck check = new(problem.Tokens, bench.Random, problem.Map.Keys);
        try
        {
            _sets = new OperandSets<T>(bench, Dims(plan.Problem.Shape), Bytes, check);
        }
        catch
        {
            plan.Dispose();
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
        _plan.Run(x.Query, x.Key, x.Value, x.Output, _bench.Stream);
    }

    public SpotCheck Check() => _sets.Check();

    public void Dispose()
    {
        _sets.Dispose();
        _plan.Dispose();
    }

    private static OperandDims Dims(NeighborhoodShape s)
    {
        int[] extents = [.. Enumerable.Range(0, s.Grid.Rank).Select(axis => s.Grid[axis])];
        return new OperandDims(Of(s.QueryHeads, s.HeadDim), Of(s.KeyValueHeads, s.HeadDim),
            Of(s.KeyValueHeads, s.ValueHeadDim), Of(s.QueryHeads, s.ValueHeadDim));

        int[] Of(int heads, int dim) => [s.Batch, .. extents, heads, dim];
    }
}
