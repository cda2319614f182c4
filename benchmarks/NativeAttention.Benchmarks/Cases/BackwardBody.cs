using NativeAttention.Benchmarks.Problems;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>A case of backward made ready: forward has run, what it wrote is there.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed class BackwardBody<T> : BenchBody
    where T : unmanaged
{
    // The bound has an absolute part of 1e-5, beside which gradients of means over thousands of keys are small.
    private const float GradientFactor = 16;

    private readonly Operands<T> _operands;
    private readonly HostBackwardPlan<T> _plan;
    private readonly T[] _output;
    private readonly float[] _lse;
    private readonly T[] _outputGradient;
    private readonly T[] _queryGradient;
    private readonly T[] _keyGradient;
    private readonly T[] _valueGradient;

    public BackwardBody(BenchCase @case, OperandStore store)
        : base(@case)
    {
        AttentionShape s = @case.Shape;
        _operands = store.Of<T>(@case);
        int rows = s.Batch * s.QueryLength * s.QueryHeads;
        _output = new T[rows * s.ValueHeadDim];
        _lse = new float[rows];
        _outputGradient = _operands.OutputGradient(_output.Length, GradientFactor);
        _queryGradient = new T[_operands.Query.Length];
        _keyGradient = new T[_operands.Key.Length];
        _valueGradient = new T[_operands.Value.Length];
        CpuBackend cpu = CpuBackend.Default;
        if (@case.MapProblem is { } map)
        {
            using HostNeighborhoodPlan<T> forward = cpu.PlanNeighborhood<T>(map);
            forward.Run(_operands.Query, _operands.Key, _operands.Value, _output, _lse);
            _plan = cpu.PlanBackward<T>(map);
        }
        else
        {
            AttentionProblem dense = @case.Problem.Problem;
            using HostAttentionPlan<T> forward = cpu.PlanHost<T>(dense);
            forward.Run(_operands.Inputs, _output, _lse);
            _plan = cpu.PlanBackward<T>(dense);
        }
    }

    /// <summary>The elements of the gradients of query, key and value, at places of their storage.</summary>
    public IReadOnlyList<Func<long, double>> Gradients =>
        [At(_queryGradient), At(_keyGradient), At(_valueGradient)];

    public override string KernelName => _plan.KernelName;

    public override void Run() => _plan.Run(new BackwardInputs<T>
    {
        Query = _operands.Query,
        Key = _operands.Key,
        Value = _operands.Value,
        Output = _output,
        Lse = _lse,
        OutputGradient = _outputGradient,
    }, new AttentionGradients<T>(_queryGradient, _keyGradient, _valueGradient));

    public override Accuracy Check()
    {
        foreach (T[] gradient in (T[][])[_queryGradient, _keyGradient, _valueGradient])
        {
            Array.Fill(gradient, Elements.FromDouble<T>(double.NaN));
        }

        Run();
        return References(Case).Compare(Gradients);
    }

    /// <summary>The gradients of a case that has these inputs.</summary>
    public GradientReferences References(BenchCase @case) => new(@case, At(_operands.Query),
        At(_operands.Key), At(_operands.Value), At(_output), _lse, At(_outputGradient));

    public override void Dispose() => _plan.Dispose();

    private static Func<long, double> At(T[] values) => i => Elements.ToDouble(values[i]);
}
