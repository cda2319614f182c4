using System.Text.Json.Nodes;
using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.DeviceBenchmarks.Families;
using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.Neighborhood;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Tests.Families;

public sealed class NeighborhoodFamilyTests
{
    private static readonly BenchmarkCase[] Cases =
        [.. CaseFiles.Read(Path.Combine(CaseFiles.DefaultFolder, "neighborhood.json"))];

    private static IEnumerable<string> Tiny => Cases.Where(c => c.Modes.Contains("tiny")).Select(c => c.Id);

    [TestCaseSource(nameof(Tiny))]
    public void The_right_output_passes_and_that_of_dense_attention_does_not(string id)
    {
        NeighborhoodCaseProblem problem = new(Cases.Single(c => c.Id == id) with { Dtype = "f16" });
        RandomPool pool = new();
        DenseSpotCheck check = new(problem.Tokens, pool, problem.Map.Keys);
        Half[] query = pool.Elements<Half>(ElementType.Float16, check.QueryPlace, problem.Problem.QueryLength);
        Half[] key = pool.Elements<Half>(ElementType.Float16, check.KeyPlace, problem.Problem.KeyLength);
        Half[] value = pool.Elements<Half>(ElementType.Float16, check.ValuePlace, problem.Problem.ValueLength);
        Half[] output = new Half[problem.Problem.OutputLength];
        using HostNeighborhoodPlan<Half> plan = CpuBackend.Default.PlanNeighborhood<Half>(problem.Problem);
        plan.Run(query, key, value, output);
        Assert.That(check.MaxError<Half>(output), Is.LessThanOrEqualTo(check.Bound).And.Positive);

        if (problem.Map.Bound == 1)
        {
            return; // every window is the whole map
        }

        using HostAttentionPlan<Half> dense = CpuBackend.Default.PlanHost<Half>(problem.Tokens.Problem);
        dense.Run(new AttentionInputs<Half>(query, key, value), output);
        Assert.That(check.MaxError<Half>(output), Is.GreaterThan(check.Bound));
    }

    [Test]
    public void Keys_from_the_definition_are_those_that_kernels_see() => Assert.Multiple(() =>
    {
        foreach (BenchmarkCase each in Cases.Where(c => c.Modes.Contains("tiny")))
        {
            NeighborhoodCaseProblem problem = new(each);
            int queries = (int)problem.Map.Grid.Tokens;
            double pairs = Enumerable.Range(0, queries).Sum(query => problem.Map.Keys(query).Distinct().Count());
            Assert.That(problem.Problem.Pairs, Is.EqualTo(
                pairs * each.Shape.Batch * each.Shape.QueryHeads), each.Id);
        }
    });

    [Test]
    public void Plain_is_dense_attention_of_the_same_tokens()
    {
        BenchmarkCase problem = Cases[0];
        BenchmarkCase plain = new NeighborhoodFamily().PlainOf(problem);
        Assert.That(plain.Id, Is.EqualTo("dense-bf16-b1-h32x32-s32768x32768-d128x128"));
        Assert.That(DenseFamily.ProblemOf(plain).Options.Mask, Is.EqualTo(AttentionMask.None));
    }

    [Test]
    public void Headline_shapes_have_goals_over_our_and_over_another_dense_attention()
    {
        NeighborhoodFamily family = new();
        GoalLine[] goals = [.. Cases.SelectMany(family.Goals)];
        Assert.Multiple(() =>
        {
            Assert.That(goals.Select(g => g.Case).Distinct().Count(), Is.EqualTo(9), "6 in bfloat16, 3 in float16");
            Assert.That(goals.Select(g => g.Against).Distinct(),
                Is.EquivalentTo(new[] { MeasurementLine.Plain, "torch-dense-cudnn" }));
            Assert.That(goals.Where(g => g.Against != MeasurementLine.Plain).Select(g => g.Aim).Distinct(),
                Is.EquivalentTo(new[] { 8.3, 6.0, 3.6, 12.6, 12.3, 12.1 }));
            Assert.That(goals.Where(g => g.Against == MeasurementLine.Plain).Select(g => g.Aim).Distinct(),
                Is.EquivalentTo(new[] { 8.3, 6.0, 3.6, 12.6, 10.2, 11.1 }), "no more than operations allow");
            goals.ToList().ForEach(goal => goal.Check());
        });
    }

    [TestCase("""{"window":[3]}""", "map")]
    [TestCase("""{"map":"12","window":[3]}""", "map")]
    [TestCase("""{"map":[3,2,2,1],"window":[3]}""", "1 to 3 extents")]
    [TestCase("""{"map":[13],"window":[3]}""", "12 queries")]
    [TestCase("""{"map":[12]}""", "window is missing")]
    [TestCase("""{"map":[3,4],"window":[3]}""", "each axis")]
    [TestCase("""{"map":[12],"window":[2.5]}""", "whole numbers")]
    [TestCase("""{"map":[12],"window":[3],"stride":[0]}""", "stride")]
    [TestCase("""{"map":[12],"window":[3],"softcap":2}""", "softcap")]
    public void What_is_no_case_is_refused(string options, string named)
    {
        BenchmarkCase problem = Cases[0] with
        {
            Shape = Cases[0].Shape with { QueryLength = 12, KeyLength = 12 },
            Options = (JsonObject)JsonNode.Parse(options)!,
        };
        Assert.That(() => new NeighborhoodCaseProblem(problem),
            Throws.InstanceOf<FormatException>().With.Message.Contains(named));
    }

    [Test]
    public void Tiles_of_the_headline_shapes_are_those_of_the_predictions()
    {
        // predictions.md rests on them. 227 KiB of shared memory are those of a block of the H200.
        double[] shares = [.. Cases.Take(6).Select(each =>
        {
            NeighborhoodProblem problem = new NeighborhoodCaseProblem(each).Problem;
            Assert.That(NeighborhoodPlanner.TryChoose(problem.Lowered, 90, 227 << 10, out NeighborhoodChoice? choice,
                out string reason), Is.True, reason);
            TileGeometry tiles = new(choice!.Passes[0].Rows, choice.Passes[0].Columns);
            TileCounts counts = TileCounts.Of(problem.Lowered.Maps[0], tiles);
            TestContext.Out.WriteLine($"{each.Id}: {choice.Kernel.Name} {tiles}, {counts}");
            return Math.Round((double)counts.Dense / counts.Visited, 2);
        })];
        Assert.That(shares, Is.EqualTo(new[] { 15.54, 16, 8.96, 10.24, 7.75, 11.11 }));
    }
}
