using System.Diagnostics;
using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>
/// Forward neighborhood attention. Options: <c>map</c>, the extents of a map of as many tokens as the shape has
/// queries and keys; <c>window</c>, <c>stride</c> and <c>dilation</c>, one number for each axis; <c>rung</c>.
/// Dense attention of the same tokens takes turns with it.
/// </summary>
internal sealed class NeighborhoodFamily : ICaseFamily
{
    public string Name => "neighborhood";

    public IPreparedCase Prepare(BenchmarkBench bench, BenchmarkCase problem) =>
        Dtypes.Parse(problem.Dtype) switch
        {
            ElementType.Float32 => Prepare<float>(bench, problem),
            ElementType.Float16 => Prepare<Half>(bench, problem),
            _ => Prepare<BFloat16>(bench, problem),
        };

    public (double Flops, double Bytes) WorkOf(BenchmarkCase problem)
    {
        NeighborhoodCaseProblem read = new(problem);
        return (read.Flops, read.Bytes);
    }

    public BenchmarkCase PlainOf(BenchmarkCase problem) => problem with
    {
        Family = DenseFamily.FamilyName,
        Options = [],
    };

    public IEnumerable<GoalLine> Goals(BenchmarkCase problem) =>
        NeighborhoodGoals.Of(new NeighborhoodCaseProblem(problem), problem.Id);

    private static NeighborhoodCase<T> Prepare<T>(BenchmarkBench bench, BenchmarkCase problem)
        where T : unmanaged
    {
        NeighborhoodCaseProblem read = new(problem);
        long start = Stopwatch.GetTimestamp();
        NeighborhoodPlan<T> plan = bench.Device.PlanNeighborhood<T>(read.Problem.Shape, read.Problem.Options);
        TimeSpan planning = Stopwatch.GetElapsedTime(start);
        return new NeighborhoodCase<T>(bench, read, plan, bench.ModuleLoad(plan.KernelName, planning));
    }
}
