using System.Diagnostics;

namespace NativeAttention.Tool.Verification;

/// <summary>Runs a pass over the scores of one problem and measures its error against float64.</summary>
internal sealed class ScoreVerifier
{
    private const int Side = 32;

    private readonly AttentionBackend _backend;
    private readonly int _seed;
    private readonly int _repeats;

    /// <summary>Makes a verifier.</summary>
    /// <param name="backend">The opened device.</param>
    /// <param name="seed">Seed of the random inputs.</param>
    /// <param name="repeats">How often to run for the time; every run computes the same.</param>
    public ScoreVerifier(AttentionBackend backend, int seed, int repeats)
    {
        _backend = backend;
        _seed = seed;
        _repeats = repeats;
    }

    /// <summary>Runs the pass on the problem of a result, and adds error, bound and time.</summary>
    public VerificationResult Verify<T>(VerificationResult result)
        where T : unmanaged
    {
        (ElementType type, VerificationCase problem) = (result.Kernel.ElementType, result.Case);
        AttentionShape s = problem.Shape;
        AttentionProblem scored = AttentionProblem.Create(type, s, problem.ToOptions(null));
        ScoreRequest request = new()
        {
            Scores = ScoreStage.Probabilities,
            ColumnSums = true,
            RowEntropy = true,
            BlockMaxima = Side,
        };
        if (!_backend.CanScore(scored, request, out string? reason))
        {
            return result with { Failure = reason };
        }

        using HostScorePlan<T> plan = _backend.PlanScores<T>(scored, request);
        if (plan.KernelName != result.Kernel.Name)
        {
            return result with { Failure = $"the plan chose {plan.KernelName}" };
        }

        Random random = new(_seed);
        double[] query = Random(s.QueryHeads, s.QueryLength), key = Random(s.KeyValueHeads, s.KeyLength);
        CaseModifiers modifiers = new(s, problem.Modifiers ?? new(), _seed);
        double[] probabilities = new double[checked(s.Batch * s.QueryHeads * s.QueryLength * s.KeyLength)];
        Float64Attention exact = new Float64Attention(s, problem.Mask, scored.Scale, null,
            problem.Modifiers is null ? null : modifiers)
        {
            Probabilities = probabilities,
        }.Compute(query, key, new double[checked(s.Batch * s.KeyValueHeads * s.KeyLength * s.ValueHeadDim)]);
        Statistics expected = Statistics.Of(s, probabilities);
        (Statistics actual, TimeSpan time) = Run(plan, modifiers, query, key, exact.Lse);
        return result with
        {
            Error = actual.ErrorFrom(expected, s),
            Bound = new ErrorBound(Bound(type, exact.ScoreMagnitude), 0),
            Time = time,
        };

        double[] Random(int heads, int length) =>
            LogicalTensor.Random(type, checked(s.Batch * heads * length * s.HeadDim), random);
    }

    // An error of a score is one of its probability, relative to it; p is at most 1, and rounded once to be stored.
    private static double Bound(ElementType type, double magnitude) => Elements.UnitRoundoff(type)
        + Math.ScaleB(magnitude, type == ElementType.Float32 ? -21 : -22) + 1e-6;

    private (Statistics Actual, TimeSpan Time) Run<T>(HostScorePlan<T> plan, CaseModifiers modifiers, double[] query,
        double[] key, double[] lse)
        where T : unmanaged
    {
        AttentionShape s = plan.Problem.Shape;
        bool headsFirst = plan.Problem.Options.Layout == AttentionLayout.Bhsd;
        T[] q = new LogicalTensor(s.QueryHeads, s.QueryLength, s.HeadDim, headsFirst).Store<T>(query);
        T[] k = new LogicalTensor(s.KeyValueHeads, s.KeyLength, s.HeadDim, headsFirst).Store<T>(key);
        int heads = s.Batch * s.QueryHeads;
        T[] scores = new T[heads * s.QueryLength * s.KeyLength];
        float[] sums = new float[heads * s.KeyLength], entropy = new float[heads * s.QueryLength];
        float[] maxima = new float[heads * Statistics.Blocks(s.QueryLength) * Statistics.Blocks(s.KeyLength)];
        float[] given = [.. lse.Select(x => (float)x)];
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < _repeats; i++)
        {
            // What the kernel leaves unwritten stays NaN and is found.
            Array.Fill(scores, Elements.FromDouble<T>(double.NaN));
            Array.Fill(sums, float.NaN);
            Array.Fill(entropy, float.NaN);
            Array.Fill(maxima, float.NaN);
            long start = Stopwatch.GetTimestamp();
            plan.Run(modifiers.Inputs<T>(q, k, []), given, new ScoreResults<T>
            {
                Scores = scores,
                ColumnSums = sums,
                RowEntropy = entropy,
                BlockMaxima = maxima,
            });
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            best = time < best ? time : best;
        }

        return (new Statistics([.. scores.Select(x => Elements.ToDouble(x))], Widen(sums), Widen(entropy),
            Widen(maxima)), best);
    }

    private static double[] Widen(float[] values) => [.. values.Select(x => (double)x)];

    /// <summary>Everything a pass returns.</summary>
    private sealed record Statistics(double[] Probabilities, double[] Sums, double[] Entropy, double[] Maxima)
    {
        public static int Blocks(int length) => (length + Side - 1) / Side;

        /// <summary>From the probabilities, straight from the definitions.</summary>
        public static Statistics Of(AttentionShape s, double[] probabilities)
        {
            int heads = s.Batch * s.QueryHeads, keyBlocks = Blocks(s.KeyLength);
            double[] sums = new double[heads * s.KeyLength], entropy = new double[heads * s.QueryLength];
            double[] maxima = new double[heads * Blocks(s.QueryLength) * keyBlocks];
            for (int n = 0; n < probabilities.Length; n++)
            {
                (int row, int j) = Math.DivRem(n, s.KeyLength);
                (int head, int i) = Math.DivRem(row, s.QueryLength);
                double p = probabilities[n];
                sums[(head * s.KeyLength) + j] += p;
                entropy[row] -= p == 0 ? 0 : p * Math.Log(p);
                int block = (((head * Blocks(s.QueryLength)) + (i / Side)) * keyBlocks) + (j / Side);
                maxima[block] = Math.Max(maxima[block], p);
            }

            return new Statistics(probabilities, sums, entropy, maxima);
        }

        /// <summary>The largest error: of a sum by the query, of an entropy by tenths.</summary>
        public ErrorMeasure ErrorFrom(Statistics exact, AttentionShape s)
        {
            double largest = Math.Max(
                Math.Max(Largest(Probabilities, exact.Probabilities), Largest(Maxima, exact.Maxima)),
                Math.Max(Largest(Sums, exact.Sums) / Math.Max(1, s.QueryLength), Largest(Entropy, exact.Entropy) / 10));
            double error = 0, norm = 0;
            for (int n = 0; n < Probabilities.Length; n++)
            {
                error += Math.Pow(Probabilities[n] - exact.Probabilities[n], 2);
                norm += exact.Probabilities[n] * exact.Probabilities[n];
            }

            return new ErrorMeasure(largest, error == 0 ? 0 : Math.Sqrt(error / norm), 0);
        }

        private static double Largest(double[] actual, double[] expected)
        {
            double largest = 0;
            for (int n = 0; n < expected.Length; n++)
            {
                double error = Math.Abs(actual[n] - expected[n]);
                largest = Math.Max(largest, double.IsNaN(error) ? double.PositiveInfinity : error);
            }

            return largest;
        }
    }
}
