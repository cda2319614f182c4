using NativeAttention.Benchmarks.Problems;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>A case of neighborhood attention made ready.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed class MapBody<T> : BenchBody
    where T : unmanaged
{
    private readonly Operands<T> _operands;
    private readonly HostNeighborhoodPlan<T> _plan;
    private readonly T[] _output;

    public MapBody(BenchCase @case, NeighborhoodProblem problem, OperandStore store)
        : base(@case)
    {
        _operands = store.Of<T>(@case);
        _output = new T[problem.OutputLength];
        _plan = CpuBackend.Default.PlanNeighborhood<T>(problem);
    }

    public override string KernelName => _plan.KernelName;

    public override void Run() => _plan.Run(_operands.Query, _operands.Key, _operands.Value, _output);

    public override Accuracy Check()
    {
        Array.Fill(_output, Elements.FromDouble<T>(double.NaN));
        Run();
        return _operands.Check<T>(Case, _output);
    }

    public override void Dispose() => _plan.Dispose();
}
