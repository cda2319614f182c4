using System.Text.Json.Nodes;
using NativeAttention.Benchmarks.Problems;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.DeviceBenchmarks.Families;
using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Tests.Families;

/// <summary>A wrong kernel must not be reported as fast: here the CPU backend stands in for one.</summary>
public sealed class DenseSpotCheckTests
{
    private static readonly AttentionShape Shape = new(2, 70, 100, 4, 2, 32, 24);

    private static IEnumerable<string> TinyModifiers => CaseFiles.Read(CaseFiles.DefaultFolder)
        .Where(c => c.Family == DenseFamily.FamilyName && c.Modes.Contains("tiny"))
        .Where(c => DenseFamily.ProblemOf(c).Modifiers.Count > 0).Select(c => c.Id);

    [TestCase("causal", "bshd")]
    [TestCase("causal-top-left", "bhsd")]
    [TestCase("none", "bhsd")]
    public void The_right_output_passes_and_that_of_another_mask_does_not(string mask, string layout)
    {
        DenseProblem problem = Problem(mask, layout);
        (DenseSpotCheck check, Half[] output) = Compute(problem, problem);
        Assert.That(check.MaxError<Half>(output), Is.LessThanOrEqualTo(check.Bound).And.Positive);

        string other = mask == "none" ? "causal" : "none";
        (check, output) = Compute(problem, Problem(other, layout));
        Assert.That(check.MaxError<Half>(output), Is.GreaterThan(check.Bound));
        Assert.That(new SpotCheck(check.MaxError<Half>(output), check.Bound).Failure, Does.Contain("bound"));
    }

    [TestCaseSource(nameof(TinyModifiers))]
    public void The_right_output_passes_and_that_of_plain_attention_does_not(string id)
    {
        BenchmarkCase @case = CaseFiles.Read(CaseFiles.DefaultFolder).Single(c => c.Id == id) with { Dtype = "f16" };
        DenseProblem problem = DenseFamily.ProblemOf(@case);
        (DenseSpotCheck check, Half[] output) = Compute(problem, problem);
        Assert.That(check.MaxError<Half>(output), Is.LessThanOrEqualTo(check.Bound).And.Positive);

        DenseProblem plain = DenseFamily.ProblemOf(new DenseFamily().PlainOf(@case)!);
        Assert.That(plain.Problem.Options.Mask, Is.EqualTo(AttentionMask.None));
        (check, output) = Compute(problem, plain);
        Assert.That(check.MaxError<Half>(output), Is.GreaterThan(check.Bound));
    }

    [Test]
    public void An_output_that_is_not_finite_anywhere_fails()
    {
        DenseProblem problem = Problem("causal", "bshd");
        (DenseSpotCheck check, Half[] output) = Compute(problem, problem);
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
        DenseSpotCheck check = new(new DenseProblem(ElementType.Float32, new AttentionShape(1, 5, 2, 1, 1, 4),
            AttentionOptions.Causal, []), new RandomPool());
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

    [TestCase("mask", "\"window\"", "none, causal, causal-top-left")]
    [TestCase("layout", "\"sbhd\"", "bshd, bhsd")]
    [TestCase("soft-cap", "30", "mask, layout, rung, scale, softcap")]
    [TestCase("softcap", "\"large\"", "a number")]
    [TestCase("alibi", "1", "true")]
    [TestCase("bias", "true", "shared or heads")]
    [TestCase("window", "[256]", "before and after the diagonal")]
    [TestCase("window", "[256, -1]", "a number of keys")]
    [TestCase("prefix", "0.5", "a number of keys")]
    [TestCase("key-lengths", "1.5", "from 0 to 1")]
    [TestCase("packed", "2", "true")]
    public void An_unknown_option_or_value_is_refused(string key, string value, string allowed) =>
        Assert.That(() => Problem(new JsonObject { [key] = JsonNode.Parse(value) }),
            Throws.InstanceOf<FormatException>().With.Message.Contains(key).And.Message.Contains(allowed));

    [Test]
    public void A_window_beside_a_mask_is_refused() => Assert.That(
        () => Problem(new JsonObject { ["mask"] = "causal", ["window"] = new JsonArray(4, 0) }),
        Throws.InstanceOf<FormatException>().With.Message.Contains("window").And.Message.Contains("causal"));

    [Test]
    public void Modifiers_combine_and_what_is_false_is_not_there()
    {
        DenseProblem problem = Problem(new JsonObject
        {
            ["prefix"] = 3,
            ["window"] = new JsonArray(4, 0),
            ["alibi"] = false,
            ["softcap"] = 2,
            ["sinks"] = true,
            ["bias"] = "heads",
        });
        Assert.That(problem.Modifiers.Select(m => m.Name),
            Is.EqualTo(new[] { "softcap", "bias", "window", "prefix", "sinks" }));
        (DenseSpotCheck check, Half[] output) = Compute(problem, problem);
        Assert.That(check.MaxError<Half>(output), Is.LessThanOrEqualTo(check.Bound).And.Positive);
    }

    private static DenseProblem Problem(string mask, string layout) =>
        Problem(new JsonObject { ["mask"] = mask, ["layout"] = layout });

    private static DenseProblem Problem(JsonObject options) =>
        DenseFamily.ProblemOf(new BenchmarkCase("dense", "f16", CaseShape.Of(Shape), options, ["tiny"]));

    // What the check expects of a problem, and what the CPU makes of the same inputs in another.
    private static (DenseSpotCheck Check, Half[] Output) Compute(DenseProblem expected, DenseProblem used)
    {
        RandomPool pool = new();
        DenseSpotCheck check = new(expected, pool);
        Half[] output = new Half[used.Problem.OutputStorageLength];
        using HostAttentionPlan<Half> plan = CpuBackend.Default.PlanHost<Half>(used.Problem);
        plan.Run(OperandValues.Of(used).With(
            pool.Elements<Half>(ElementType.Float16, check.QueryPlace, used.Problem.QueryStorageLength),
            pool.Elements<Half>(ElementType.Float16, check.KeyPlace, used.Problem.KeyStorageLength),
            pool.Elements<Half>(ElementType.Float16, check.ValuePlace, used.Problem.ValueStorageLength)), output);
        return (check, output);
    }
}
