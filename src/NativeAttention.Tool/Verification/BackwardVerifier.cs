using System.Diagnostics;

namespace NativeAttention.Tool.Verification;

/// <summary>
/// Runs the gradients of one problem and measures their error against float64. Forward is the reference rounded to the
/// element type, so that no other kernel takes part.
/// </summary>
internal sealed class BackwardVerifier
{
    private readonly AttentionBackend _backend;
    private readonly int _seed;
    private readonly int _repeats;

    /// <summary>Makes a verifier.</summary>
    /// <param name="backend">The opened device.</param>
    /// <param name="seed">Seed of the random inputs.</param>
    /// <param name="repeats">How often to run for the time; every run computes the same.</param>
    public BackwardVerifier(AttentionBackend backend, int seed, int repeats)
    {
        _backend = backend;
        _seed = seed;
        _repeats = repeats;
    }

    /// <summary>
    /// Runs the problem of a result; adds error and bound of the gradient that is worst by its bound, and the time.
    /// </summary>
    public VerificationResult Verify<T>(VerificationResult result)
        where T : unmanaged
    {
        (ElementType type, VerificationCase problem) = (result.Kernel.ElementType, result.Case);
        using HostBackwardPlan<T>? plan = Plan<T>(result, out float scale, out string? reason);
        if (plan is null)
        {
            return result with { Failure = reason };
        }

        if (!plan.KernelName.Split(" + ").Contains(result.Kernel.Name))
        {
            return result with { Failure = $"the plan chose {plan.KernelName}" };
        }

        problem = problem with { Map = problem.Map?.Draw(problem.Shape.QueryHeads, _seed) };
        Tensors tensors = new(type, problem, _seed);
        Float64Attention forward = tensors.Forward(scale);
        Float64Gradients exact = tensors.Backward(scale, forward, null), plain = tensors.Backward(scale, forward, type);
        (double[][] gradients, TimeSpan time) = Run(plan, problem, tensors, forward);
        Float64Gradient[] expected = [exact.Query, exact.Key, exact.Value, exact.Bias];
        Float64Gradient[] yardsticks = [plain.Query, plain.Key, plain.Value, plain.Bias];
        (ErrorMeasure error, ErrorBound bound) = Enumerable.Range(0, expected.Length)
            .Select(n => (Error: ErrorMeasure.Of(gradients[n], expected[n]),
                Bound: ErrorBound.Of(type, expected[n], yardsticks[n], forward.ScoreMagnitude)))
            .MaxBy(one => one.Error.MaxOutput / one.Bound.Output);
        return result with { Error = error, Bound = bound, Time = time };
    }

    private HostBackwardPlan<T>? Plan<T>(VerificationResult result, out float scale, out string? reason)
        where T : unmanaged
    {
        (ElementType type, string rung, VerificationCase problem) =
            (result.Kernel.ElementType, result.Kernel.Rung, result.Case);
        if (problem.Map is { } map)
        {
            NeighborhoodProblem onMap =
                NeighborhoodProblem.Create(type, map.ToShape(problem.Shape), map.ToOptions(problem, rung));
            scale = onMap.Scale;
            return _backend.CanRunBackward(onMap, out reason) ? _backend.PlanBackward<T>(onMap) : null;
        }

        AttentionProblem dense = AttentionProblem.Create(type, problem.Shape, problem.ToOptions(rung));
        scale = dense.Scale;
        return _backend.CanRunBackward(dense, out reason) ? _backend.PlanBackward<T>(dense) : null;
    }

    private (double[][] Gradients, TimeSpan Time) Run<T>(HostBackwardPlan<T> plan, VerificationCase problem, Tensors at,
        Float64Attention forward)
        where T : unmanaged
    {
        AttentionShape s = problem.Shape;
        LogicalTensor query = problem.Queries(s.HeadDim), output = problem.Queries(s.ValueHeadDim);
        LogicalTensor key = problem.Keys(s.HeadDim), value = problem.Keys(s.ValueHeadDim);
        LogicalTensor lse = problem.Queries(1) with { HeadsFirst = problem.Map is null };
        int keys = problem.KeyRows * s.HeadDim, values = problem.KeyRows * s.ValueHeadDim; // extra ones follow
        BackwardStorage<T> read = new(query.Store<T>(at.Query), key.Store<T>(at.Key), value.Store<T>(at.Value),
            output.Store<T>(forward.Output), lse.Store<float>(forward.Lse), output.Store<T>(at.OutputGradient),
            lse.Store<float>(at.LseGradient ?? []), problem.Map?.Bias ?? []);
        T[] dq = new T[at.Query.Length], dk = new T[at.Key.Length], dv = new T[at.Value.Length];
        float[] dbias = new float[read.Bias.Length];
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < _repeats; i++)
        {
            // What the kernel leaves unwritten stays NaN and is found.
            Array.Fill(dq, Elements.FromDouble<T>(double.NaN));
            Array.Fill(dk, Elements.FromDouble<T>(double.NaN));
            Array.Fill(dv, Elements.FromDouble<T>(double.NaN));
            Array.Fill(dbias, float.NaN);
            long start = Stopwatch.GetTimestamp();
            plan.Run(read.Inputs(keys, values), new AttentionGradients<T>(dq, dk.AsSpan(0, keys), dv.AsSpan(0, values))
            {
                ExtraKey = dk.AsSpan(keys),
                ExtraValue = dv.AsSpan(values),
                RelativeBias = dbias,
            });
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            best = time < best ? time : best;
        }

        return ([query.Load(dq), key.Load(dk), value.Load(dv), [.. dbias]], best);
    }

    private sealed record BackwardStorage<T>(T[] Query, T[] Key, T[] Value, T[] Output, float[] Lse, T[] OutputGradient,
        float[] LseGradient, float[] Bias)
        where T : unmanaged
    {
        public BackwardInputs<T> Inputs(int keys, int values) => new()
        {
            Query = Query,
            Key = Key.AsSpan(0, keys),
            Value = Value.AsSpan(0, values),
            Output = Output,
            Lse = Lse,
            OutputGradient = OutputGradient,
            LseGradient = LseGradient,
            ExtraKey = Key.AsSpan(keys),
            ExtraValue = Value.AsSpan(values),
            RelativeBias = Bias,
        };
    }

    /// <summary>Random inputs in logical order, and the references on them.</summary>
    private sealed class Tensors
    {
        private readonly VerificationCase _problem;

        public Tensors(ElementType type, VerificationCase problem, int seed)
        {
            _problem = problem;
            AttentionShape s = problem.Shape;
            Random random = new(seed);
            Query = Random(s.QueryHeads, s.QueryLength, s.HeadDim);
            Key = Random(s.KeyValueHeads, s.KeyLength, s.HeadDim);
            Value = Random(s.KeyValueHeads, s.KeyLength, s.ValueHeadDim);
            OutputGradient = Random(s.QueryHeads, s.QueryLength, s.ValueHeadDim);
            LseGradient = !problem.LseGradient ? null
                : LogicalTensor.Random(ElementType.Float32, checked(s.Batch * s.QueryHeads * s.QueryLength), random);

            double[] Random(int heads, int length, int dim) =>
                LogicalTensor.Random(type, checked(s.Batch * heads * length * dim), random);
        }

        public double[] Query { get; }

        public double[] Key { get; }

        public double[] Value { get; }

        public double[] OutputGradient { get; }

        public double[]? LseGradient { get; }

        public Float64Attention Forward(float scale)
        {
            AttentionShape s = _problem.Shape;
            return new Float64Attention(s, _problem.Mask, scale, null, _problem.Map)
            {
                Probabilities = new double[checked(s.Batch * s.QueryHeads * s.QueryLength * s.KeyLength)],
            }.Compute(Query, Key, Value);
        }

        public Float64Gradients Backward(float scale, Float64Attention forward, ElementType? rounding) =>
            new Float64Gradients(_problem.Shape, scale, rounding, _problem.Map)
                .Compute(Query, Key, Value, forward, OutputGradient, LseGradient);
    }
}
