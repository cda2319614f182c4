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
