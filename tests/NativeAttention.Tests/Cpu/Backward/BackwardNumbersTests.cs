using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu.Backward;

/// <summary>
/// Gradients that were computed elsewhere, to their digits, and others that follow by thought or by differences.
/// </summary>
public class BackwardNumbersTests
{
    private static readonly float[] Query = [1, 0, -1, 2, 1];
    private static readonly float[] Key = [0, 1, 2, -1, 1];
    private static readonly float[] Value = [1, 2, 3, 4, 5];
    private static readonly float[] OutputGradient = [1, -1, 2, 0.5f, 1];
    private static readonly string[] Rungs = ["tiled", "reference"];

    [TestCaseSource(nameof(Rungs))]
    public void A_window_gives_the_worked_gradients(string rung)
    {
        Gradients g = Run(new NeighborhoodAxis(3), rung);
        Digits(g.Query, 0.424405, -0.666667, -0.973951, -0.107149, -0.422180);
        Digits(g.Key, -0.141817, 0.254254, -0.257961, -0.439010, 0.584535);
        Digits(g.Value, -0.243303, 0.139786, 1.560751, 1.723798, 0.318968);
    }

    [TestCaseSource(nameof(Rungs))]
    public void A_causal_window_gives_the_worked_gradients(string rung)
    {
        Gradients g = Run(new NeighborhoodAxis(3, Causal: true), rung);
        Digits(g.Query, 0.000000, -0.250000, 0.848809, 0.048878, -0.422180);
        Digits(g.Key, 0.565175, -0.386596, -0.571874, 0.018092, 0.375203);
        Digits(g.Value, 1.830482, 0.048929, 1.324885, 0.036208, 0.259496);
    }

    [TestCaseSource(nameof(Rungs))]
    public void Stride_and_dilation_give_the_worked_gradients(string rung)
    {
        Digits(Run(new NeighborhoodAxis(3, Stride: 2), rung).Key, -0.141817, -0.140770, -0.229177, 0.139134, 0.372631);
        Digits(Run(new NeighborhoodAxis(2, Dilation: 2), rung).Key, 0.209987, -0.035325, -0.603211, 0.035325, 0.393224);
    }

    [TestCaseSource(nameof(Rungs))]
    public void Additional_keys_give_the_worked_gradients(string rung)
    {
        Gradients g = Run(new NeighborhoodAxis(3), rung, [0.5f, -1], [10, -10]);
        Digits(g.Query, 0.384306, -4.000000, 4.472805, -0.249065, -0.165199);
        Digits(g.Key, -0.164239, -0.620393, -1.280133, -4.475804, 0.387479);
        Digits(g.Value, -0.123803, 0.119517, 1.416020, 0.860969, 0.274465);
        Digits(g.ExtraKey, -0.187577, 6.340666);
        Digits(g.ExtraValue, 0.263833, 0.689000);
    }

    // Queries of 0 make every probability one over the number of keys.
    [TestCaseSource(nameof(Rungs))]
    public void Equal_probabilities_give_the_gradients_that_one_can_count(string rung)
    {
        double[] dilated = [2.0 / 3, 1, 4.0 / 3, 1, 4.0 / 3, 1, 2.0 / 3];
        Digits(Uniform(7, new NeighborhoodAxis(3, Dilation: 2), rung), dilated);
        Digits(Uniform(8, new NeighborhoodAxis(4, Stride: 2), rung), 0.5, 1, 1, 1.5, 1.5, 1, 1, 0.5);
    }

    // The window and the additional keys as two problems, their results merged: each one's backward takes the merged
    // output and log-sum-exp, and the gradients are those of the fused problem and of differences of the loss.
    [TestCaseSource(nameof(Rungs))]
    public void Backward_of_merged_parts_adds_up_to_the_whole(string rung)
    {
        float[] extraKey = [0.5f, -1], extraValue = [10, -10];
        TuningHints tuning = new() { Rung = rung };
        NeighborhoodProblem near = Problem(5, new NeighborhoodAxis(3), 0, tuning);
        AttentionOptions options = new() { Scale = 1, Tuning = tuning };
        AttentionProblem far = AttentionProblem.Create(ElementType.Float32, new(1, 5, 2, 1, 1, 1), options);
        (float[] output, float[] lse) = Merged(near, far, Query, extraKey, extraValue);

        Gradients whole = Run(new NeighborhoodAxis(3), rung, extraKey, extraValue);
        float[] nearQuery = new float[5], key = new float[5], value = new float[5], farQuery = new float[5];
        float[] farKey = new float[2], farValue = new float[2];
        using HostBackwardPlan<float> nearPlan = CpuBackend.Default.PlanBackward<float>(near);
        nearPlan.Run(Inputs(Key, Value), new(nearQuery, key, value));
        using HostBackwardPlan<float> farPlan = CpuBackend.Default.PlanBackward<float>(far);
        farPlan.Run(Inputs(extraKey, extraValue), new(farQuery, farKey, farValue));

        float[] query = [.. nearQuery.Zip(farQuery, (a, b) => a + b)];
        Digits(query, 0.384306, -4.000000, 4.472805, -0.249065, -0.165199);
        Digits(key, [.. whole.Key.Select(x => (double)x)]);
        Digits(value, [.. whole.Value.Select(x => (double)x)]);
        Digits(farKey, -0.187577, 6.340666);
        Digits(farValue, 0.263833, 0.689000);
        for (int i = 0; i < 5; i++)
        {
            const float Step = 1f / 256;
            float[] up = [.. Query], down = [.. Query];
            up[i] += Step;
            down[i] -= Step;
            double slope = (Loss(up) - Loss(down)) / (2 * Step);
            Assert.That(query[i], Is.EqualTo(slope).Within(2e-3), $"dQ[{i}]");
        }

        double Loss(float[] q) =>
            Merged(near, far, q, extraKey, extraValue).Output.Zip(OutputGradient, (o, g) => (double)o * g).Sum();

        BackwardInputs<float> Inputs(float[] k, float[] v) => new()
        {
            Query = Query,
            Key = k,
            Value = v,
            Output = output,
            Lse = lse,
            OutputGradient = OutputGradient,
        };
    }

    // Scores that float32 cannot tell apart, with a log-sum-exp that they exceed by rounding: no probability may
    // exceed 1, and nothing overflows.
    [Test]
    public void Scores_beyond_the_log_sum_exp_by_rounding_do_not_overflow()
    {
        float[] q = [1e18f], k = [1.0000001e18f, 1e18f], v = [1, 2], slope = [1], o = [1];
        float[] dq = [float.NaN], dk = new float[2], dv = new float[2];
        AttentionProblem problem = AttentionProblem.Create(ElementType.Float32, new(1, 1, 2, 1, 1, 1),
            new AttentionOptions { Scale = 1 });
        foreach (int bits in new[] { 512, 256, 128, 0 })
        {
            using CpuBackend backend = new(bits);
            using HostBackwardPlan<float> plan = backend.PlanBackward<float>(problem);
            BackwardInputs<float> inputs = new()
            {
                Query = q,
                Key = k,
                Value = v,
                Output = o,
                Lse = [0.9999e36f],
                OutputGradient = slope,
            };
            plan.Run(inputs, new(dq, dk, dv));
            Assert.That(dv, Is.EqualTo(new float[] { 1, 1 }).Within(1e-6), $"{bits} bits");
            Assert.That(float.IsFinite(dq[0]) && float.IsFinite(dk[0]) && float.IsFinite(dk[1]), $"{bits} bits");
        }
    }

    // In a padded tile of any width a NaN reaches the gradients of the row it is in.
    [TestCase(512)]
    [TestCase(256)]
    [TestCase(128)]
    [TestCase(0)]
    public void A_NaN_in_a_query_comes_through(int bits)
    {
        using CpuBackend backend = new(bits);
        DenseBackwardCase c = new(ElementType.Float32, new(1, 20, 20, 1, 1, 8), seed: 80);
        PairBuffers<float> b = c.Allocate<float>();
        c.FillForward(b);
        c.FillUpstream(b);
        b.Query[(3 * 8) + 2] = float.NaN;
        using HostBackwardPlan<float> plan = backend.PlanBackward<float>(c.Problem);
        plan.Run(b.BackwardInputs, b.Gradients);
        Assert.That(b.QueryGradient.AsSpan(3 * 8, 8).ToArray(), Is.All.NaN);
        Assert.That(b.KeyGradient.AsSpan(0, 20 * 8).ToArray(), Is.All.NaN);
        Assert.That(b.QueryGradient.AsSpan(4 * 8, 16 * 8).ToArray(), Has.None.NaN);
    }

    private static (float[] Output, float[] Lse) Merged(NeighborhoodProblem near, AttentionProblem far, float[] query,
        float[] extraKey, float[] extraValue)
    {
        float[][] outputs = [new float[5], new float[5]], lses = [new float[5], new float[5]];
        using HostNeighborhoodPlan<float> nearPlan = CpuBackend.Default.PlanNeighborhood<float>(near);
        nearPlan.Run(query, Key, Value, outputs[0], lses[0]);
        using HostAttentionPlan<float> farPlan = CpuBackend.Default.PlanHost<float>(far);
        farPlan.Run(query, extraKey, extraValue, outputs[1], lses[1]);
        float[] output = new float[5], lse = new float[5];
        for (int i = 0; i < 5; i++)
        {
            double a = Math.Exp(lses[0][i]), b = Math.Exp(lses[1][i]);
            output[i] = (float)(((a * outputs[0][i]) + (b * outputs[1][i])) / (a + b));
            lse[i] = (float)Math.Log(a + b);
        }

        return (output, lse);
    }

    private static float[] Uniform(int length, NeighborhoodAxis axis, string rung)
    {
        float[] zeros = new float[length], keys = [.. Enumerable.Range(0, length).Select(i => (float)(i % 3) - 1)];
        float[] values = [.. Enumerable.Range(0, length).Select(i => (float)i)], ones = new float[length];
        Array.Fill(ones, 1f);
        return Run(Problem(length, axis, 0, new() { Rung = rung }), zeros, keys, values, ones, [], []).Value;
    }

    private static Gradients Run(NeighborhoodAxis axis, string rung, float[]? extraKey = null,
        float[]? extraValue = null) => Run(Problem(5, axis, extraKey?.Length ?? 0, new() { Rung = rung }), Query, Key,
            Value, OutputGradient, extraKey ?? [], extraValue ?? []);

    private static Gradients Run(NeighborhoodProblem problem, float[] query, float[] key, float[] value, float[] slope,
        float[] extraKey, float[] extraValue)
    {
        float[] output = new float[query.Length], lse = new float[query.Length];
        using HostNeighborhoodPlan<float> forward = CpuBackend.Default.PlanNeighborhood<float>(problem);
        forward.Run(new NeighborhoodInputs<float>(query, key, value) { ExtraKey = extraKey, ExtraValue = extraValue },
            output, lse);
        Gradients g = new(Poison(query.Length), Poison(key.Length), Poison(value.Length), Poison(extraKey.Length),
            Poison(extraKey.Length));
        using HostBackwardPlan<float> plan = CpuBackend.Default.PlanBackward<float>(problem);
        BackwardInputs<float> inputs = new()
        {
            Query = query,
            Key = key,
            Value = value,
            Output = output,
            Lse = lse,
            OutputGradient = slope,
            ExtraKey = extraKey,
            ExtraValue = extraValue,
        };
        plan.Run(inputs, new(g.Query, g.Key, g.Value) { ExtraKey = g.ExtraKey, ExtraValue = g.ExtraValue });
        return g;
    }

    private static NeighborhoodProblem Problem(int length, NeighborhoodAxis axis, int extraKeys, TuningHints tuning) =>
        NeighborhoodProblem.Create(ElementType.Float32,
            new(1, new GridShape(length), 1, 1, 1) { ExtraKeys = extraKeys },
            new(NeighborhoodPattern.Windows(axis)) { Scale = 1, Tuning = tuning });

    private static float[] Poison(int count)
    {
        float[] poison = new float[count];
        Array.Fill(poison, Elements.Poison<float>());
        return poison;
    }

    // Float32 on values up to 6: the printed digits and a little rounding.
    private static void Digits(float[] actual, params double[] expected) =>
        Assert.That(actual.Select(x => (double)x), Is.EqualTo(expected).Within(2e-6));

    private sealed record Gradients(float[] Query, float[] Key, float[] Value, float[] ExtraKey, float[] ExtraValue);
}
