using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// A handful of cases executes every PTX statement of every kernel that backward launches: what no test runs, no test
/// has checked.
/// </summary>
public sealed class BackwardCoverageTests
{
    private static readonly string[] Families = ["backward", "delta", "bias_gradient"];

    public static IEnumerable<TestCaseData> Reference() => Modules("reference");

    public static IEnumerable<TestCaseData> Tiled() => Modules("tiled");

    private static IEnumerable<TestCaseData> Modules(string rung) =>
        from kernel in KernelCatalog.Kernels
        where kernel.Family == BackwardKernels.Family && kernel.Rung.StartsWith(rung, StringComparison.Ordinal)
        group kernel by kernel.Module into module
        let first = module.First()
        select new TestCaseData(first.ElementType, first.MaxHeadDim, first.Rung.Split('_')[0]);

    [TestCaseSource(nameof(Reference))]
    [TestCaseSource(nameof(Tiled))]
    public void The_cases_execute_every_statement(ElementType type, int dim, string rung)
    {
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore("Only the emulator tells what was executed.");
        }

        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default with { Profile = true });
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, ordinal);
        foreach (PairCase test in Cases(type, dim, new TuningHints { Rung = rung }))
        {
            test.RunBackwardOn(backend);
        }

        Assert.Multiple(() =>
        {
            foreach (KernelProfile profile in EmulatedDriver.GetProfiles(ordinal)
                .Where(p => Families.Contains(KernelCatalog.Find(p.Kernel).Family)))
            {
                Assert.That(profile.Unexecuted().Select(s => $"line {s.Line}: {s.Statement}"), Is.Empty, profile.Kernel);
            }
        });
    }

    // Rows by vectors and pairs, and odd ones element by element; full tiles and cut ones; groups of heads; several
    // sections; all that goes beside a map; a ring; a circle that leaves tiles out; no maps at all; rows that see
    // nothing; of the reference every remainder of a loop over the head dim that a compiler may unroll by four.
    private static IEnumerable<PairCase> Cases(ElementType type, int dim, TuningHints tuning)
    {
        bool reference = tuning.Rung == "reference";
        int most = reference ? 72 : dim, small = reference ? 72 : dim > 128 ? 136 : Math.Min(dim, 72);
        yield return new NeighborhoodCase(type, new NeighborhoodShape(1, new GridShape(3, 7, 9), 2, 1, most) { ExtraKeys = 40 },
            PatternSpec.Windows(3, new NeighborhoodAxis(3, Edge: EdgeMode.Wrap), new NeighborhoodAxis(3, Dilation: 2)),
            seed: 950)
        {
            RelativeBias = true,
            LseGradient = true,
            Tuning = tuning,
        };
        yield return new NeighborhoodCase(type, new NeighborhoodShape(1, new GridShape(20, 21), 1, 1, most - 1, most - 2),
            PatternSpec.Circular(3), seed: 951)
        {
            Tuning = tuning,
        };
        foreach (int radius in new[] { 5, 7, 10 })
        {
            yield return new NeighborhoodCase(type, new NeighborhoodShape(1, new GridShape(26, 25), 1, 1, small),
                PatternSpec.Circular(radius), seed: 959)
            {
                Tuning = tuning,
            };
        }

        if (!reference)
        {
            yield return new NeighborhoodCase(type, new NeighborhoodShape(1, new GridShape(34, 34), 1, 1, small),
                PatternSpec.Circular(16), seed: 960)
            {
                Tuning = tuning,
            };
            yield return new NeighborhoodCase(type, new NeighborhoodShape(1, new GridShape(34, 3, 3), 1, 1, small),
                PatternSpec.Windows(33, 3, 3), seed: 962)
            {
                Tuning = tuning,
            };
            yield return new DenseBackwardCase(type, new AttentionShape(1, 20, 190, 1, 1, small),
                new AttentionOptions { Mask = AttentionMask.CausalTopLeft, Tuning = tuning }, seed: 961);
        }

        yield return new NeighborhoodCase(type, new NeighborhoodShape(0, new GridShape(3), 1, 1, 8), PatternSpec.Windows(3),
            seed: 958)
        {
            RelativeBias = true,
            Tuning = tuning,
        };
        for (int i = 0; i < (reference ? 4 : 2); i++)
        {
            yield return new DenseBackwardCase(type, new AttentionShape(1, 150, 40 + i, 1, 1, small - i, small - (3 * i)),
                new AttentionOptions { Mask = AttentionMask.Causal, Tuning = tuning }, seed: 952 + i)
            {
                LseGradient = i == 1,
            };
        }

        yield return new DenseBackwardCase(type, new AttentionShape(1, 190, 20, 1, 1, most - 3, most - 1),
            new AttentionOptions { Mask = AttentionMask.Causal, Tuning = tuning }, seed: 956);
        yield return new DenseBackwardCase(type, new AttentionShape(1, 70, 150, 1, 1, small),
            new AttentionOptions { Tuning = tuning }, seed: 957);
    }
}
