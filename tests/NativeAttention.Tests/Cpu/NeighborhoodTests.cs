using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>Neighborhood attention on the CPU: every rung and width against float64.</summary>
[TestFixture(ElementType.Float32)]
[TestFixture(ElementType.Float16)]
[TestFixture(ElementType.BFloat16)]
public class NeighborhoodTests(ElementType type)
{
    [Test]
    public void Every_pattern() => CheckAll(NeighborhoodGrid.Patterns(type));

    [Test]
    public void Every_causal_combination_with_dilation_and_extra_keys() => CheckAll(NeighborhoodGrid.Causal(type));

    [Test]
    public void Head_dims_around_the_vectors() => CheckAll(NeighborhoodGrid.HeadDims(type));

    [Test]
    public void Bias_scale_extra_keys_ragged_batches_patterns_of_heads_and_two_maps() =>
        CheckAll(NeighborhoodGrid.Options(type));

    [Test]
    public void Windows_at_their_limits() => CheckAll(NeighborhoodGrid.Limits(type));

    // Rungs and widths take turns, and differ between the element types.
    [Test]
    public void Fixed_problems_of_the_reference_library()
    {
        (string, int)[] runs = [.. NeighborhoodRuns.All];
        foreach ((int n, NeighborhoodCase c) in NeighborhoodGrid.Fixed(type).Index())
        {
            (string rung, int width) = runs[(n + (int)type) % runs.Length];
            NeighborhoodRuns.Check(c, rung, width);
            NeighborhoodRuns.Check(c, null, 512);
        }
    }

    // Set NATTN_SWEEP=full for a thousand of each rank.
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Random_problems(int rank)
    {
        bool full = Environment.GetEnvironmentVariable("NATTN_SWEEP") == "full";
        int first = (rank * 100_000) + ((int)type * 10_000);
        (string, int)[] runs = [.. NeighborhoodRuns.All];
        for (int seed = first; seed < first + (full ? 1000 : 16); seed++)
        {
            NeighborhoodCase c = NeighborhoodGrid.Random(type, rank, seed, full ? 4096 : 400);
            TestContext.Out.WriteLine($"{c}"); // the seed is in it
            (string rung, int width) = runs[seed % runs.Length];
            NeighborhoodRuns.Check(c, rung, width);
            NeighborhoodRuns.Check(c, null, 512);
        }
    }

    private static void CheckAll(IEnumerable<NeighborhoodCase> cases)
    {
        foreach (NeighborhoodCase c in cases)
        {
            NeighborhoodRuns.CheckAll(c);
        }
    }
}
