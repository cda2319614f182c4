using NativeAttention.Testing;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>
/// The reference against digits that were computed elsewhere, and against finite differences: whatever everything
/// else is compared with must itself be right.
/// </summary>
[TestFixture]
internal sealed class ReferenceTests
{
    private static readonly double[] Query = [1, 0, -1, 2, 1];
    private static readonly double[] Key = [0, 1, 2, -1, 1];
    private static readonly double[] Value = [1, 2, 3, 4, 5];
    private static readonly double[] OutputGradient = [1, -1, 2, 0.5, 1];

    [Test]
    public void A_window_gives_the_worked_numbers()
    {
        (AttentionReference forward, PairGradients backward) = Run(new NeighborhoodAxis(3));
        Digits(forward.Output, 2.575210, 2.000000, 3.729600, 3.240065, 3.554112);
        Digits(forward.Lse, 2.407606, 1.098612, 1.169846, 4.129109, 2.349012);
        Digits(backward.Query.Values, 0.424405, -0.666667, -0.973951, -0.107149, -0.422180);
        Digits(backward.Key.Values, -0.141817, 0.254254, -0.257961, -0.439010, 0.584535);
        Digits(backward.Value.Values, -0.243303, 0.139786, 1.560751, 1.723798, 0.318968);
    }

    [Test]
    public void A_causal_window_gives_the_worked_numbers()
    {
        (AttentionReference forward, PairGradients backward) = Run(new NeighborhoodAxis(3, Causal: true));
        Digits(forward.Output, 1.000000, 1.500000, 1.424790, 2.883235, 3.554112);
        Digits(backward.Query.Values, 0.000000, -0.250000, 0.848809, 0.048878, -0.422180);
        Digits(backward.Key.Values, 0.565175, -0.386596, -0.571874, 0.018092, 0.375203);
        Digits(backward.Value.Values, 1.830482, 0.048929, 1.324885, 0.036208, 0.259496);
    }

    [Test]
    public void Stride_and_dilation_give_the_worked_numbers()
    {
        (AttentionReference forward, PairGradients backward) = Run(new NeighborhoodAxis(3, Stride: 2));
        Digits(forward.Output, 2.575210, 2.000000, 4.072185, 3.240065, 3.554112);
        Digits(backward.Key.Values, -0.141817, -0.140770, -0.229177, 0.139134, 0.372631);
        (forward, backward) = Run(new NeighborhoodAxis(2, Dilation: 2));
        Digits(forward.Output, 2.761594, 3.000000, 1.238406, 2.035972, 3.537883);
        Digits(backward.Key.Values, 0.209987, -0.035325, -0.603211, 0.035325, 0.393224);
    }

    [Test]
    public void Additional_keys_give_the_worked_numbers()
    {
        (AttentionReference forward, PairGradients backward) = Run(new NeighborhoodAxis(3), [0.5, -1], [10, -10]);
        Digits(forward.Output, 3.155467, 1.200000, -1.390496, 3.495290, 4.005703);
        Digits(forward.Lse, 2.574438, 1.609438, 1.878901, 4.174020, 2.525074);
        Digits(backward.Query.Values, 0.384306, -4.000000, 4.472805, -0.249065, -0.165199);
        Digits(backward.Key.Values, -0.164239, -0.620393, -1.280133, -4.475804, 0.387479, -0.187577, 6.340666);
        Digits(backward.Value.Values, -0.123803, 0.119517, 1.416020, 0.860969, 0.274465, 0.263833, 0.689000);
    }

    [Test]
    public void Parts_take_the_merged_output_and_lse()
    {
        // The window and the additional keys, each as attention of its own.
        NeighborhoodShape line = new(1, new GridShape(5), 1, 1, 1);
        AttentionShape dense = new(1, 5, 2, 1, 1, 1);
        PairInputs window = new(new NeighborhoodPairs(line, [PatternSpec.Windows(3)], false), 1, 1, 1, Query, Key, Value, []);
        PairInputs extra = new(new DensePairs(dense, (_, _) => true), 1, 1, 1, Query, [0.5, -1], [10, -10], []);
        AttentionReference a = PairAttention.Forward(window, default(FullPrecision));
        AttentionReference b = PairAttention.Forward(extra, default(FullPrecision));
        double[] lse = [.. a.Lse.Zip(b.Lse, (x, y) => Math.Log(Math.Exp(x) + Math.Exp(y)))];
        double[] output = [.. lse.Select((l, i) =>
            (Math.Exp(a.Lse[i] - l) * a.Output[i]) + (Math.Exp(b.Lse[i] - l) * b.Output[i]))];
        Digits(output, 3.155467, 1.200000, -1.390496, 3.495290, 4.005703);
        PairGradients ofWindow = PairAttention.Backward(window, output, lse, OutputGradient, new double[5], default(FullPrecision));
        PairGradients ofExtra = PairAttention.Backward(extra, output, lse, OutputGradient, new double[5], default(FullPrecision));
        Digits([.. ofWindow.Query.Values.Zip(ofExtra.Query.Values, (x, y) => x + y)],
            0.384306, -4.000000, 4.472805, -0.249065, -0.165199);
        Digits(ofWindow.Key.Values, -0.164239, -0.620393, -1.280133, -4.475804, 0.387479);
        Digits(ofExtra.Key.Values, -0.187577, 6.340666);
        Digits(ofExtra.Value.Values, 0.263833, 0.689000);
    }

    [Test]
    public void Gradients_are_those_of_finite_differences([Values] EdgeMode edge)
    {
        NeighborhoodCase test = new(ElementType.Float32, new(2, new GridShape(4, 5), 4, 2, 3, 2) { ExtraKeys = 2 },
            PatternSpec.Windows(new NeighborhoodAxis(3, 2, 1, false, edge), new NeighborhoodAxis(2, 1, 2, true, edge)))
        {
            RelativeBias = true,
            LseGradient = true,
        };
        PairInputs at = test.Inputs;
        AttentionReference forward = test.Reference;
        double[] down = RandomTensor.Normal(ElementType.Float32, forward.Output.Length, 5);
        double[] downLse = RandomTensor.Normal(ElementType.Float32, forward.Lse.Length, 6);
        PairGradients gradients = PairAttention.Backward(at, forward.Output, forward.Lse, down, downLse, default(FullPrecision));
        Same(at.Query, gradients.Query, values => at with { Query = values });
        Same(at.Key, gradients.Key, values => at with { Key = values });
        Same(at.Value, gradients.Value, values => at with { Value = values });
        Same(at.Bias, gradients.Bias, values => at with { Bias = values });

        void Same(double[] values, PairGradient gradient, Func<double[], PairInputs> with)
        {
            for (int i = 0; i < values.Length; i += 1 + (values.Length / 40))
            {
                double slope = (Loss(i, 1e-5) - Loss(i, -1e-5)) / 2e-5;
                Assert.That(gradient.Values[i], Is.EqualTo(slope).Within(1e-7), $"element {i}");
            }

            double Loss(int i, double step)
            {
                double[] moved = [.. values];
                moved[i] += step;
                AttentionReference o = PairAttention.Forward(with(moved), default(FullPrecision));
                return o.Output.Zip(down, (x, y) => x * y).Sum() + o.Lse.Zip(downLse, (x, y) => x * y).Sum();
            }
        }
    }

    private static void Digits(double[] actual, params double[] expected) =>
        Assert.That(actual, Is.EqualTo(expected).Within(6e-7));

    private static (AttentionReference Forward, PairGradients Backward) Run(NeighborhoodAxis axis,
        double[]? extraKey = null, double[]? extraValue = null)
    {
        NeighborhoodShape shape = new(1, new GridShape(5), 1, 1, 1) { ExtraKeys = extraKey?.Length ?? 0 };
        PairInputs inputs = new(new NeighborhoodPairs(shape, [PatternSpec.Windows(axis)], false), 1, 1, 1, Query,
            [.. Key, .. extraKey ?? []], [.. Value, .. extraValue ?? []], []);
        AttentionReference forward = PairAttention.Forward(inputs, default(FullPrecision));
        return (forward, PairAttention.Backward(inputs, forward.Output, forward.Lse, OutputGradient, new double[5],
            default(FullPrecision)));
    }
}
