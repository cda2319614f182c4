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
        where T : unmanaged => result.Kernel.IsScores ? new ScoreVerifier(_backend, _seed, _repeats).Verify<T>(result)
            : result.Kernel.IsBackward ? new BackwardVerifier(_backend, _seed, _repeats).Verify<T>(result)
            : result.Case.Map is MapPattern map ? VerifyMap<T>(result, map)
            : VerifyDense<T>(result);

    private VerificationResult VerifyDense<T>(VerificationResult result)
        where T : unmanaged
    {
        (KernelReport kernel, VerificationCase problem) = (result.Kernel, result.Case);
        AttentionProblem checkedProblem = AttentionProblem.Create(
            kernel.ElementType, problem.Shape, problem.ToOptions(kernel.Rung));
        if (!_backend.CanRun(checkedProblem, out string? reason))
        {
            return result with { Failure = reason, Skipped = problem.Modifiers is not null };
        }

        using HostAttentionPlan<T> plan = _backend.PlanHost<T>(checkedProblem);
        CaseModifiers modifiers = new(problem.Shape, problem.Modifiers ?? new(), _seed);
        return Verify<T>(result, plan.KernelName, checkedProblem.Scale, problem.Modifiers is null ? null : modifiers,
            (q, k, v, output, lse) => plan.Run(modifiers.Inputs(q, k, v), output, lse));
    }

    private VerificationResult VerifyMap<T>(VerificationResult result, MapPattern map)
        where T : unmanaged
    {
        (KernelReport kernel, VerificationCase problem) = (result.Kernel, result.Case);
        NeighborhoodProblem checkedProblem = NeighborhoodProblem.Create(
            kernel.ElementType, map.ToShape(problem.Shape), map.ToOptions(problem, kernel.Rung));
        if (!_backend.CanRun(checkedProblem, out string? reason))
        {
            return result with { Failure = reason };
        }

        using HostNeighborhoodPlan<T> plan = _backend.PlanNeighborhood<T>(checkedProblem);
        float[] byToken = new float[checkedProblem.LseLength];
        AttentionShape s = problem.Shape;
        MapPattern drawn = map.Draw(s.QueryHeads, _seed);
        (int keys, int values) = (problem.KeyRows * s.HeadDim, problem.KeyRows * s.ValueHeadDim);
        return Verify<T>(result, plan.KernelName, checkedProblem.Scale, drawn, (q, k, v, output, lse) =>
        {
            // Heads are last in the log-sum-exp, too.
            Array.Fill(byToken, float.NaN);
            plan.Run(new NeighborhoodInputs<T>(q, k.AsSpan(0, keys), v.AsSpan(0, values))
            {
                ExtraKey = k.AsSpan(keys),
                ExtraValue = v.AsSpan(values),
                RelativeBias = drawn.Bias,
            }, output, byToken);
            for (int i = 0; i < lse.Length; i++)
            {
                (int head, int token) = Math.DivRem(i, s.QueryLength); // head counts through the batch
                int row = (head / s.QueryHeads * s.QueryLength) + token;
                lse[i] = byToken[(row * s.QueryHeads) + (head % s.QueryHeads)];
            }
        });
    }

    private VerificationResult Verify<T>(VerificationResult result, string planned, float scale,
        IScoreModifiers? modifiers, Action<T[], T[], T[], T[], float[]> run)
        where T : unmanaged
    {
        (KernelReport kernel, VerificationCase problem) = (result.Kernel, result.Case);
        if (planned != kernel.Name)
        {
            return result with { Failure = $"the plan chose {planned}" };
        }

        AttentionShape s = problem.Shape;
        Random random = new(_seed);
        double[] query = Random(s.QueryHeads, s.QueryLength, s.HeadDim);
        double[] key = Random(s.KeyValueHeads, s.KeyLength, s.HeadDim);
        double[] value = Random(s.KeyValueHeads, s.KeyLength, s.ValueHeadDim);
        Float64Attention exact = Reference(null), dense = Reference(kernel.ElementType);
        (double[] output, float[] lse, TimeSpan time) = Run(problem, run, query, key, value);
        return result with
        {
            Error = ErrorMeasure.Of(output, lse, exact),
            Bound = ErrorBound.Of(kernel.ElementType, exact, dense),
            Time = time,
        };

        double[] Random(int heads, int length, int dim) =>
            LogicalTensor.Random(kernel.ElementType, checked(s.Batch * heads * length * dim), random);

        Float64Attention Reference(ElementType? rounding) =>
            new Float64Attention(s, problem.Mask, scale, rounding, modifiers).Compute(query, key, value);
    }

    private (double[] Output, float[] Lse, TimeSpan Time) Run<T>(VerificationCase problem,
        Action<T[], T[], T[], T[], float[]> run, double[] query, double[] key, double[] value)
        where T : unmanaged
    {
        AttentionShape s = problem.Shape;
        T[] q = problem.Queries(s.HeadDim).Store<T>(query);
        T[] k = problem.Keys(s.HeadDim).Store<T>(key);
        T[] v = problem.Keys(s.ValueHeadDim).Store<T>(value);
        T[] output = new T[s.Batch * s.QueryLength * s.QueryHeads * s.ValueHeadDim];
        float[] lse = new float[s.Batch * s.QueryHeads * s.QueryLength];
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < _repeats; i++)
        {
            // What the kernel leaves unwritten stays NaN and is found.
            Array.Fill(output, Elements.FromDouble<T>(double.NaN));
            Array.Fill(lse, float.NaN);
            long start = Stopwatch.GetTimestamp();
            run(q, k, v, output, lse);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            best = time < best ? time : best;
        }

        return (problem.Queries(s.ValueHeadDim).Load(output), lse, best);
    }
}
