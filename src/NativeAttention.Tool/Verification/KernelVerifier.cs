using System.Diagnostics;
using NativeAttention.Bindings;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Verification;

/// <summary>Runs one kernel of a device on one problem and measures its error against float64.</summary>
internal sealed class KernelVerifier
{
    private readonly AttentionBackend _backend;
    private readonly int _seed;
    private readonly int _repeats;

    /// <summary>Makes a verifier.</summary>
    /// <param name="backend">The opened device.</param>
    /// <param name="seed">Seed of the random inputs.</param>
    /// <param name="repeats">How often to run for the time; every run computes the same.</param>
    public KernelVerifier(AttentionBackend backend, int seed, int repeats = 1)
    {
        _backend = backend;
        _seed = seed;
        _repeats = repeats;
    }

    /// <summary>Runs a kernel on a problem. What goes wrong is part of the result.</summary>
    public VerificationResult Verify(KernelReport kernel, VerificationCase problem)
    {
        VerificationResult result = new(_backend.Name, kernel, problem);
        try
        {
            return kernel.ElementType switch
            {
                ElementType.Float32 => Verify<float>(result),
                ElementType.Float16 => Verify<Half>(result),
                _ => Verify<BFloat16>(result),
            };
        }
#pragma warning disable CA1031 // one kernel that fails, however, must not keep the others from being checked
        catch (Exception e)
#pragma warning restore CA1031
        {
            return result with
            {
                Failure = FailureReport.Of(e).Message,
                LostDevice = e is CudaException { IsContextLost: true },
            };
        }
    }

    private VerificationResult Verify<T>(VerificationResult result)
        where T : unmanaged
    {
        (KernelReport kernel, VerificationCase problem) = (result.Kernel, result.Case);
        if (kernel.IsScores)
        {
            return new ScoreVerifier(_backend, _seed, _repeats).Verify<T>(result);
        }

        AttentionProblem checkedProblem = AttentionProblem.Create(
            kernel.ElementType, problem.Shape, problem.ToOptions(kernel.Rung));
        if (!_backend.CanRun(checkedProblem, out string? reason))
        {
            return result with { Failure = reason, Skipped = problem.Modifiers is not null };
        }

        using HostAttentionPlan<T> plan = _backend.PlanHost<T>(checkedProblem);
        if (plan.KernelName != kernel.Name)
        {
            return result with { Failure = $"the plan chose {plan.KernelName}" };
        }

        AttentionShape s = problem.Shape;
        Random random = new(_seed);
        double[] query = Random(s.QueryHeads, s.QueryLength, s.HeadDim);
        double[] key = Random(s.KeyValueHeads, s.KeyLength, s.HeadDim);
        double[] value = Random(s.KeyValueHeads, s.KeyLength, s.ValueHeadDim);
        CaseModifiers modifiers = new(s, problem.Modifiers ?? new(), _seed);
        Float64Attention exact = Reference(null), dense = Reference(kernel.ElementType);
        (double[] output, float[] lse, TimeSpan time) = Run(plan, modifiers, query, key, value);
        return result with
        {
            Error = ErrorMeasure.Of(output, lse, exact),
            Bound = ErrorBound.Of(kernel.ElementType, exact, dense),
            Time = time,
        };

        double[] Random(int heads, int length, int dim) =>
            LogicalTensor.Random(kernel.ElementType, checked(s.Batch * heads * length * dim), random);

        Float64Attention Reference(ElementType? rounding) => new Float64Attention(s, problem.Mask,
            checkedProblem.Scale, rounding, problem.Modifiers is null ? null : modifiers)
            .Compute(query, key, value);
    }

    private (double[] Output, float[] Lse, TimeSpan Time) Run<T>(
        HostAttentionPlan<T> plan, CaseModifiers modifiers, double[] query, double[] key, double[] value)
        where T : unmanaged
    {
        AttentionShape s = plan.Problem.Shape;
        bool headsFirst = plan.Problem.Options.Layout == AttentionLayout.Bhsd;
        T[] q = new LogicalTensor(s.QueryHeads, s.QueryLength, s.HeadDim, headsFirst).Store<T>(query);
        T[] k = new LogicalTensor(s.KeyValueHeads, s.KeyLength, s.HeadDim, headsFirst).Store<T>(key);
        T[] v = new LogicalTensor(s.KeyValueHeads, s.KeyLength, s.ValueHeadDim, headsFirst).Store<T>(value);
        T[] output = new T[s.Batch * s.QueryLength * s.QueryHeads * s.ValueHeadDim];
        float[] lse = new float[s.Batch * s.QueryHeads * s.QueryLength];
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < _repeats; i++)
        {
            // What the kernel leaves unwritten stays NaN and is found.
            Array.Fill(output, Elements.FromDouble<T>(double.NaN));
            Array.Fill(lse, float.NaN);
            long start = Stopwatch.GetTimestamp();
            plan.Run(modifiers.Inputs(q, k, v), output, lse);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            best = time < best ? time : best;
        }

        LogicalTensor shape = new(s.QueryHeads, s.QueryLength, s.ValueHeadDim, headsFirst);
        return (shape.Load(output), lse, best);
    }
}
