using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>Gradients that were computed elsewhere, to their digits.</summary>
public sealed class BackwardNumbersTests : BackwardFixture
{
    private static readonly float[] Query = [1, 0, -1, 2, 1];
    private static readonly float[] Key = [0, 1, 2, -1, 1];
    private static readonly float[] Value = [1, 2, 3, 4, 5];
    private static readonly float[] OutputGradient = [1, -1, 2, 0.5f, 1];
    private static readonly double[] Any = [];

    private static readonly Worked[] Cases =
    [
        new(new(3), [0.424405, -0.666667, -0.973951, -0.107149, -0.422180],
            [-0.141817, 0.254254, -0.257961, -0.439010, 0.584535],
            [-0.243303, 0.139786, 1.560751, 1.723798, 0.318968]),
        new(new(3, Causal: true), [0.000000, -0.250000, 0.848809, 0.048878, -0.422180],
            [0.565175, -0.386596, -0.571874, 0.018092, 0.375203],
            [1.830482, 0.048929, 1.324885, 0.036208, 0.259496]),
        new(new(3, Stride: 2), Any, [-0.141817, -0.140770, -0.229177, 0.139134, 0.372631], Any),
        new(new(2, Dilation: 2), Any, [0.209987, -0.035325, -0.603211, 0.035325, 0.393224], Any),
        new(new(3), [0.384306, -4.000000, 4.472805, -0.249065, -0.165199],
            [-0.164239, -0.620393, -1.280133, -4.475804, 0.387479],
            [-0.123803, 0.119517, 1.416020, 0.860969, 0.274465])
        {
            ExtraKey = [0.5f, -1],
            ExtraValue = [10, -10],
            ExtraKeyGradient = [-0.187577, 6.340666],
            ExtraValueGradient = [0.263833, 0.689000],
        },
    ];

    public static IEnumerable<TestCaseData> All() =>
        from rung in Rungs
        from n in Enumerable.Range(0, Cases.Length)
        select new TestCaseData(n, rung);

    [TestCaseSource(nameof(All))]
    public void Gradients_are_the_worked_ones(int number, string rung)
    {
        Worked worked = Cases[number];
        NeighborhoodProblem problem = Problem(worked, rung);
        Gradients g = new(worked);
        using HostBackwardPlan<float> plan = Backend.PlanBackward<float>(problem);
        (float[] output, float[] lse) = Forward(worked, Query);
        plan.Run(Inputs(worked, output, lse), g.Written);
        Digits(g.Query, worked.Query);
        Digits(g.Key, worked.Key);
        Digits(g.Value, worked.Value);
        Digits(g.ExtraKey, worked.ExtraKeyGradient);
        Digits(g.ExtraValue, worked.ExtraValueGradient);
    }

    // The window and the extra keys as two problems: each one's backward takes the merged output and log-sum-exp.
    [TestCaseSource(nameof(Rungs))]
    public void Backward_of_merged_parts_adds_up_to_the_whole(string rung)
    {
        Worked whole = Cases[^1];
        (float[] output, float[] lse) = Forward(whole, Query);
        Worked near = new(whole.Axis, Any, Any, Any);
        Gradients map = new(near), line = new(whole);
        using HostBackwardPlan<float> ofMap = Backend.PlanBackward<float>(Problem(near, rung));
        ofMap.Run(Inputs(near, output, lse), map.Written);
        using HostBackwardPlan<float> ofLine = Backend.PlanBackward<float>(AttentionProblem.Create(ElementType.Float32,
            new(1, 5, 2, 1, 1, 1), new AttentionOptions { Scale = 1, Tuning = On(rung) }));
        ofLine.Run(Inputs(near, output, lse) with { Key = whole.ExtraKey, Value = whole.ExtraValue },
            new AttentionGradients<float>(line.Query, line.ExtraKey, line.ExtraValue));
        Digits([.. map.Query.Zip(line.Query, (a, b) => a + b)], whole.Query);
        Digits(map.Key, whole.Key);
        Digits(map.Value, whole.Value);
        Digits(line.ExtraKey, whole.ExtraKeyGradient);
        Digits(line.ExtraValue, whole.ExtraValueGradient);
    }

    private static NeighborhoodProblem Problem(Worked worked, string rung) => NeighborhoodProblem.Create(
        ElementType.Float32, new NeighborhoodShape(1, new GridShape(5), 1, 1, 1) { ExtraKeys = worked.ExtraKey.Length },
        new NeighborhoodOptions(NeighborhoodPattern.Windows(worked.Axis)) { Scale = 1, Tuning = On(rung) });

    private static BackwardInputs<float> Inputs(Worked worked, float[] output, float[] lse) => new()
    {
        Query = Query,
        Key = Key,
        Value = Value,
        Output = output,
        Lse = lse,
        OutputGradient = OutputGradient,
        ExtraKey = worked.ExtraKey,
        ExtraValue = worked.ExtraValue,
    };

    // What forward gives, by the definition.
    private static (float[] Output, float[] Lse) Forward(Worked worked, float[] query)
    {
        float[] output = new float[5], lse = new float[5];
        PatternSpec pattern = PatternSpec.Windows(worked.Axis);
        for (int i = 0; i < 5; i++)
        {
            (float Key, float Value)[] seen = [.. pattern.Keys(i, new GridShape(5), new GridShape(5))
                .Select(pair => (Key[pair.Key], Value[pair.Key])), .. worked.ExtraKey.Zip(worked.ExtraValue)];
            double sum = seen.Sum(pair => Math.Exp((double)query[i] * pair.Key));
            output[i] = (float)(seen.Sum(pair => Math.Exp((double)query[i] * pair.Key) * pair.Value) / sum);
            lse[i] = (float)Math.Log(sum);
        }

        return (output, lse);
    }

    // Float32 on values up to 10: the printed digits and a little rounding.
    private static void Digits(float[] actual, double[] expected)
    {
        if (expected.Length > 0)
        {
            Assert.That(actual.Select(x => (double)x), Is.EqualTo(expected).Within(4e-6));
        }
    }

    private sealed record Worked(NeighborhoodAxis Axis, double[] Query, double[] Key, double[] Value)
    {
        public float[] ExtraKey { get; init; } = [];

        public float[] ExtraValue { get; init; } = [];

        public double[] ExtraKeyGradient { get; init; } = [];

        public double[] ExtraValueGradient { get; init; } = [];
    }

    private sealed class Gradients(Worked worked)
    {
        public float[] Query { get; } = Poison(5);

        public float[] Key { get; } = Poison(5);

        public float[] Value { get; } = Poison(5);

        public float[] ExtraKey { get; } = Poison(worked.ExtraKey.Length);

        public float[] ExtraValue { get; } = Poison(worked.ExtraKey.Length);

        public AttentionGradients<float> Written => new(Query, Key, Value) { ExtraKey = ExtraKey, ExtraValue = ExtraValue };

        private static float[] Poison(int count)
        {
            float[] poison = new float[count];
            Array.Fill(poison, Elements.Poison<float>());
            return poison;
        }
    }
}
