using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu.Backward;

/// <summary>The gradients of the CPU backend against float64, in every width.</summary>
[TestFixture(ElementType.Float32)]
[TestFixture(ElementType.Float16)]
[TestFixture(ElementType.BFloat16)]
public class BackwardTests(ElementType type)
{
    private static readonly CpuBackend[] Widths = [new(512), new(256), new(128), new(0)];

    [Test]
    public void Lengths_masks_and_layouts() => Check(BackwardCases.Lengths(type));

    [Test]
    public void Head_dims() => Check(BackwardCases.HeadDims(type));

    [Test]
    public void Bands_scales_and_gradients_of_the_log_sum_exp() => Check(BackwardCases.Bands(type));

    [Test]
    public void Patterns() => Check(BackwardCases.Patterns(type));

    [Test]
    public void Additional_keys_and_biases() => Check(BackwardCases.Extras(type));

    [Test]
    public void Groups([Values(1, 2, 3, 4, 5, 6, 7, 8)] int group)
    {
        DenseBackwardCase c = new(type, new(1, 37, 70, 2 * group, 2, 16), AttentionOptions.Causal, seed: 70 + group);
        Check([c]);
    }

    [Test]
    public void The_reference_rung()
    {
        foreach (NeighborhoodCase c in BackwardCases.Extras(type).Concat(BackwardCases.Patterns(type))
            .Where((_, n) => n % 3 == (int)type))
        {
            new NeighborhoodCase(type, c.Shape, c.Pattern, c.Seed)
            {
                HeadPatterns = c.HeadPatterns,
                RelativeBias = c.RelativeBias,
                LseGradient = c.LseGradient,
                ClampWindow = c.ClampWindow,
                Tuning = new() { Rung = "reference" },
            }.RunBackwardOn(CpuBackend.Default);
        }

        AttentionOptions options = AttentionOptions.Causal with { Tuning = new() { Rung = "reference" } };
        new DenseBackwardCase(type, new(2, 40, 30, 4, 2, 17, 9), options, 71).RunBackwardOn(CpuBackend.Default);
    }

    // Scores of 1e4: one probability is 1, the others 0.
    [Test]
    public void Huge_scores()
    {
        DenseBackwardCase c = new(type, new(1, 70, 90, 2, 1, 64), seed: 72) { QueryFactor = 3000 };
        foreach (CpuBackend backend in Widths)
        {
            c.RunBackwardOn(backend);
        }
    }

    private static void Check(IEnumerable<PairCase> cases)
    {
        int n = 0;
        foreach (PairCase c in cases)
        {
            foreach (CpuBackend backend in Widths)
            {
                c.RunBackwardOn(backend);
            }

            n++;
        }

        Assert.That(n, Is.Positive);
    }
}
