using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>The worked numbers of neighborhood attention, and what does not depend on kernels.</summary>
public class NeighborhoodExampleTests
{
    private static readonly float[] Query = [1, 0, -1, 2, 1], Key = [0, 1, 2, -1, 1], Value = [1, 2, 3, 4, 5];

    private static IEnumerable<TestCaseData> Rows()
    {
        NeighborhoodAxis three = 3;
        yield return new(three, 0, new[] { 2.575210, 2.000000, 3.729600, 3.240065, 3.554112 },
            new[] { 2.407606, 1.098612, 1.169846, 4.129109, 2.349012 });
        yield return new(new NeighborhoodAxis(3, Causal: true), 0,
            new[] { 1.000000, 1.500000, 1.424790, 2.883235, 3.554112 }, null);
        yield return new(new NeighborhoodAxis(3, 2), 0,
            new[] { 2.575210, 2.000000, 4.072185, 3.240065, 3.554112 }, null);
        yield return new(new NeighborhoodAxis(2, 1, 2), 0,
            new[] { 2.761594, 3.000000, 1.238406, 2.035972, 3.537883 }, null);
        yield return new(three, 2, new[] { 3.155467, 1.200000, -1.390496, 3.495290, 4.005703 },
            new[] { 2.574438, 1.609438, 1.878901, 4.174020, 2.525074 });
    }

    [TestCaseSource(nameof(Rows))]
    public void The_numeric_example(NeighborhoodAxis axis, int extra, double[] output, double[]? lse)
    {
        foreach ((string rung, int width) in NeighborhoodRuns.All)
        {
            using AttentionRuntime runtime = new([new CpuBackend(width)]);
            float[] o = [.. Enumerable.Repeat(float.NaN, 5)], l = [.. o];
            runtime.AttendNeighborhood(new NeighborhoodInputs<float>(Query, Key, Value)
            {
                ExtraKey = extra == 0 ? default : [0.5f, -1],
                ExtraValue = extra == 0 ? default : [10, -10],
            }, o, new(1, new(5), 1, 1, 1) { ExtraKeys = extra },
                new(NeighborhoodPattern.Windows(axis)) { Scale = 1, Tuning = new() { Rung = rung } }, l);
            Assert.That(o, Is.EqualTo(output).Within(2e-6), $"{rung} {width}");
            if (lse is not null)
            {
                Assert.That(l, Is.EqualTo(lse).Within(2e-6), $"{rung} {width}");
            }
        }
    }

    [Test]
    public void A_window_of_the_whole_map_is_dense_attention()
    {
        NeighborhoodCase c = new(ElementType.Float32, new(2, new(12, 17), 4, 2, 24), PatternSpec.Windows(12, 17), 71);
        PairBuffers<float> b = c.Allocate<float>();
        float[] dense = new float[c.Problem.OutputLength], lse = new float[c.Problem.LseLength];
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        runtime.Attend<float>(b.Query.AsSpan(0, dense.Length), b.Key.AsSpan(0, (int)c.Problem.KeyLength),
            b.Value.AsSpan(0, (int)c.Problem.ValueLength), dense, new(2, 12 * 17, 12 * 17, 4, 2, 24), lse: lse);
        foreach (string rung in CpuBackend.NeighborhoodRungs)
        {
            using HostNeighborhoodPlan<float> plan =
                CpuBackend.Default.PlanNeighborhood<float>(NeighborhoodRuns.On(c, rung));
            plan.Run(b.Inputs, b.Output, b.Lse);
            Assert.That(b.Output.Take(dense.Length), Is.EqualTo(dense).Within(2e-6), rung);
        }
    }

    // What the tables say is less to compute.
    [Test]
    public void The_kernel_with_less_to_compute_is_chosen()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Name(new(64, 64), PatternSpec.Windows(7, 7)), Does.Match("^na_cpu_map_stencil_f32_v512$"));
            Assert.That(Name(new(64, 64), PatternSpec.Windows(13, 13)), Does.Match("^na_cpu_map_stencil_f32_v512$"));
            Assert.That(Name(new(64, 64), PatternSpec.Blocks(8, 8)), Does.Match("^na_cpu_map_tiled_f32_v512$"));
            Assert.That(Name(new(2048), PatternSpec.Windows(512)), Does.Match("^na_cpu_map_tiled_f32_v512$"));
        });

        static string Name(GridShape grid, PatternSpec pattern)
        {
            using CpuBackend backend = new(512);
            using HostNeighborhoodPlan<float> plan = backend.PlanNeighborhood<float>(
                NeighborhoodProblem.Create(ElementType.Float32, new(1, grid, 1, 1, 32), new(pattern.Pattern)));
            return plan.KernelName;
        }
    }

    [Test]
    public void What_cannot_run_is_refused_with_the_reason()
    {
        NeighborhoodCase c = new(ElementType.Float32, new(1, new(9), 1, 1, 4), PatternSpec.Windows(3), 72);
        Assert.That(CpuBackend.Default.CanRun(NeighborhoodRuns.On(c, "decode"), out string? reason), Is.False);
        Assert.That(reason, Is.EqualTo("it has no rung 'decode' for maps: it has 'reference', 'tiled', 'stencil'."));
        using CpuBackend scalar = new(0);
        Assert.That(() => scalar.PlanNeighborhood<float>(NeighborhoodRuns.On(c, "stencil")),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("needs vectors"));
        NeighborhoodCase wide = new(ElementType.Float32, new(1, new(1), 1, 1, (1 << 20) + 1), PatternSpec.Windows(1), 73);
        Assert.That(CpuBackend.Default.CanRun(wide.Problem, out reason), Is.False);
        Assert.That(reason, Does.Contain("a head dim is 1048577"));
    }
}
