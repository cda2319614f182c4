namespace NativeAttention.Cuda.Tests;

/// <summary>The worked examples with numbers: one line of five tokens, or uniform probabilities.</summary>
public sealed class NeighborhoodExampleTests : DeviceFixture
{
    // Half a unit of the six digits, and what three tf32 products and the exponential cost at values of 10.
    private const double Tolerance = 4e-6;

    private static readonly float[] Query = [1, 0, -1, 2, 1];
    private static readonly float[] Key = [0, 1, 2, -1, 1];
    private static readonly float[] Value = [1, 2, 3, 4, 5];

    public static IEnumerable<TestCaseData> Numbers()
    {
        (NeighborhoodAxis Axis, bool Extra, double[] Output, double[]? Lse)[] examples =
        [
            (3, false, [2.575210, 2.000000, 3.729600, 3.240065, 3.554112],
                [2.407606, 1.098612, 1.169846, 4.129109, 2.349012]),
            (new(3, Causal: true), false, [1.000000, 1.500000, 1.424790, 2.883235, 3.554112], null),
            (new(3, Stride: 2), false, [2.575210, 2.000000, 4.072185, 3.240065, 3.554112], null),
            (new(2, Dilation: 2), false, [2.761594, 3.000000, 1.238406, 2.035972, 3.537883], null),
            (3, true, [3.155467, 1.200000, -1.390496, 3.495290, 4.005703],
                [2.574438, 1.609438, 1.878901, 4.174020, 2.525074]),
        ];
        return from rung in NeighborhoodCases.Rungs
               from e in examples
               select new TestCaseData(e.Axis, e.Extra, e.Output, e.Lse, rung);
    }

    [TestCaseSource(nameof(Numbers))]
    public void Numbers_are_those_of_the_example(NeighborhoodAxis axis, bool extra, double[] output, double[]? lse,
        string rung)
    {
        ArgumentNullException.ThrowIfNull(output);
        NeighborhoodShape shape = new(1, new GridShape(5), 1, 1, 1) { ExtraKeys = extra ? 2 : 0 };
        (float[] o, float[] l) = Run(shape, axis, rung, Query, Value, extra);
        Assert.That(o, Is.EqualTo(output).Within(Tolerance));
        if (lse is not null)
        {
            Assert.That(l, Is.EqualTo(lse).Within(Tolerance));
        }
    }

    [TestCase(7, 3, 1, 2, "2 3 2 3 4 3 4")]
    [TestCase(8, 4, 2, 1, "1.5 1.5 2.5 2.5 4.5 4.5 5.5 5.5")]
    public void Uniform_probabilities_give_means(int length, int window, int stride, int dilation, string means)
    {
        ArgumentNullException.ThrowIfNull(means);
        double[] expected = [.. means.Split(' ').Select(double.Parse)];
        foreach (string rung in NeighborhoodCases.Rungs)
        {
            (float[] o, float[] l) = Run(new NeighborhoodShape(1, new GridShape(length), 1, 1, 1),
                new(window, stride, dilation), rung, new float[length], [.. Enumerable.Range(0, length).Select(j => (float)j)],
                extra: false);
            Assert.That(o, Is.EqualTo(expected).Within(Tolerance));
            Assert.That(l, Is.All.EqualTo(Math.Log(window)).Within(Tolerance));
        }
    }

    private (float[] Output, float[] Lse) Run(NeighborhoodShape shape, NeighborhoodAxis axis, string rung, float[] query,
        float[] value, bool extra)
    {
        NeighborhoodProblem problem = NeighborhoodProblem.Create(ElementType.Float32, shape,
            new NeighborhoodOptions(NeighborhoodPattern.Windows(axis)) { Scale = 1, Tuning = new TuningHints { Rung = rung } });
        float[] output = new float[query.Length], lse = new float[query.Length];
        Array.Fill(output, float.NaN);
        Array.Fill(lse, float.NaN);
        using HostNeighborhoodPlan<float> plan = new DeviceHostNeighborhoodPlan<float>(Device, problem);
        float[] key = [.. Enumerable.Range(0, query.Length).Select(j => Key[j % Key.Length])];
        plan.Run(new NeighborhoodInputs<float>(query, key, value)
        {
            ExtraKey = extra ? [0.5f, -1] : default,
            ExtraValue = extra ? [10, -10] : default,
        }, output, lse);
        return (output, lse);
    }
}
