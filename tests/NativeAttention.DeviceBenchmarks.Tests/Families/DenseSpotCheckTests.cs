using System.Text.Json.Nodes;
using NativeAttention.DeviceBenchmarks.Families;
using NativeAttention.DeviceBenchmarks.Measuring;

namespace NativeAttention.DeviceBenchmarks.Tests.Families;

/// <summary>A wrong kernel must not be reported as fast: here the CPU backend stands in for one.</summary>
public sealed class DenseSpotCheckTests
{
    private static readonly AttentionShape Shape = new(2, 70, 100, 4, 2, 32, 24);

    [TestCase("causal", "bshd")]
    [TestCase("causal-top-left", "bhsd")]
    [TestCase("none", "bhsd")]
    public void The_right_output_passes_and_that_of_another_mask_does_not(string mask, string layout)
    {
        AttentionOptions options = Options(mask, layout);
        (DenseSpotCheck check, Half[] output) = Compute(options, options);
        Assert.That(check.MaxError<Half>(output), Is.LessThanOrEqualTo(check.Bound).And.Positive);

        string other = mask == "none" ? "causal" : "none";
        (check, output) = Compute(options, Options(other, layout));
        Assert.That(check.MaxError<Half>(output), Is.GreaterThan(check.Bound));
        Assert.That(new SpotCheck(check.MaxError<Half>(output), check.Bound).Failure, Does.Contain("bound"));
    }

    [Test]
    public void An_output_that_is_not_finite_anywhere_fails()
    {
        AttentionOptions options = Options("causal", "bshd");
        (DenseSpotCheck check, Half[] output) = Compute(options, options);
        int place = Random.Shared.Next(output.Length);
        foreach (Half bad in (Half[])[Half.NaN, Half.PositiveInfinity, Half.NegativeInfinity])
        {
            output[place] = bad;
            Assert.That(check.MaxError<Half>(output), Is.EqualTo(double.PositiveInfinity), $"{bad} at {place}");
        }
    }

    [Test]
    public void Rows_without_keys_are_zero()
    {
        AttentionProblem problem = AttentionProblem.Create(ElementType.Float32,
            new AttentionShape(1, 5, 2, 1, 1, 4), AttentionOptions.Causal);
        DenseSpotCheck check = new(problem, new RandomPool());
        float[] output = new float[20];
        Array.Fill(output, 1);
        Assert.That(check.MaxError<float>(output), Is.GreaterThanOrEqualTo(1), "row 0 sees nothing");
    }

    [Test]
    public void Finite_knows_every_type()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Finite.All<float>([1, float.MaxValue, -0f]), Is.True);
            Assert.That(Finite.All<float>([1, float.NaN]), Is.False);
            Assert.That(Finite.All<Half>([Half.MaxValue, Half.Epsilon]), Is.True);
            Assert.That(Finite.All<Half>([Half.NegativeInfinity]), Is.False);
            Assert.That(Finite.All<BFloat16>([BFloat16.MaxValue, BFloat16.Epsilon]), Is.True);
            Assert.That(Finite.All<BFloat16>([BFloat16.NaN]), Is.False);
        });
    }

    [TestCase("mask", "window", "none, causal, causal-top-left")]
    [TestCase("layout", "sbhd", "bshd, bhsd")]
    [TestCase("softcap", "30", "mask, layout, scale, rung")]
    public void An_unknown_option_is_refused(string key, string value, string allowed) =>
        Assert.That(() => DenseFamily.OptionsOf(new JsonObject { [key] = value }),
            Throws.InstanceOf<FormatException>().With.Message.Contains(key).And.Message.Contains(allowed));

    private static AttentionOptions Options(string mask, string layout) =>
        DenseFamily.OptionsOf(new JsonObject { ["mask"] = mask, ["layout"] = layout });

    // What the check expects under some options, and what the CPU makes of the same inputs under others.
    private static (DenseSpotCheck Check, Half[] Output) Compute(AttentionOptions expected, AttentionOptions used)
    {
        RandomPool pool = new();
        AttentionProblem problem = AttentionProblem.Create(ElementType.Float16, Shape, expected);
        DenseSpotCheck check = new(problem, pool);
        Half[] output = new Half[problem.OutputStorageLength];
        using HostAttentionPlan<Half> plan = CpuBackend.Default.PlanHost<Half>(
            AttentionProblem.Create(ElementType.Float16, Shape, used));
        plan.Run(
            pool.Elements<Half>(ElementType.Float16, check.QueryPlace, problem.QueryStorageLength),
            pool.Elements<Half>(ElementType.Float16, check.KeyPlace, problem.KeyStorageLength),
            pool.Elements<Half>(ElementType.Float16, check.ValuePlace, problem.ValueStorageLength),
            output);
        return (check, output);
    }
}
