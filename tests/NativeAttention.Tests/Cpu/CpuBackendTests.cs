using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>The CPU backend against float64, on every rung and vector width.</summary>
[TestFixture(ElementType.Float32)]
[TestFixture(ElementType.Float16)]
[TestFixture(ElementType.BFloat16)]
public class CpuBackendTests(ElementType type)
{
    private static readonly int[] Widths = [512, 256, 128, 0];
    private static readonly TuningHints Reference = new() { Rung = "reference" };
    private static readonly TuningHints Decode = new() { Rung = "decode" };

    private static IEnumerable<AttentionCase> Grid(ElementType type) =>
        AttentionGrid.All(type).Concat(AttentionGrid.Bands(type));

    // The cases are a source of numbers, not of tests, so that the reference of each is computed once for all
    // widths. The decode rung, which these cases are not made for, takes each in one width, in another in the next run.
    [Test]
    public void Every_rung_and_width_agrees_with_float64([Range(0, 7)] int part)
    {
        int checks = 0, turn = Environment.TickCount & 0xFFFF;
        TestContext.Out.WriteLine($"turn {turn}");
        foreach (AttentionCase c in Grid(type).Where((_, n) => n % 8 == part))
        {
            int decodes = Widths[(turn + (checks / Widths.Length)) % Widths.Length];
            foreach (int width in Widths)
            {
                using CpuBackend backend = new(width);
                c.RunOn(backend, withLse: (c.Seed + width) % 3 != 0);
                if (width == decodes)
                {
                    c.With(Decode).RunOn(backend, withLse: (c.Seed + width) % 3 != 0);
                }

                checks++;
            }

            c.With(Reference).RunOn(CpuBackend.Default);
        }

        Assert.That(checks, Is.GreaterThan(80));
    }

    [Test]
    public void Random_problems_agree_with_float64()
    {
        foreach (AttentionCase c in AttentionGrid.Random(type, seed: 20261120 + (int)type, count: 40))
        {
            c.RunOn(CpuBackend.Default);
        }
    }

    [Test]
    public void Long_sequences_agree_with_float64()
    {
        AttentionCase c = new(type, new(1, 799, 2048, 2, 1, 64), AttentionOptions.Causal, seed: 77);
        AttentionErrors errors = c.RunOn(CpuBackend.Default);
        Assert.That(errors.RelativeOutput, Is.LessThan(Elements.UnitRoundoff(type) + 1e-6));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(64)]
    public void Any_number_of_threads_gives_the_same_bits(int threads)
    {
        AttentionCase one = new(type, new(3, 130, 70, 4, 2, 20), new() { Tuning = new() { MaxThreads = 1 } },
            seed: 5);
        float[] expected = Solve(one), actual = Solve(one.With(new() { MaxThreads = threads }));
        Assert.That(actual, Is.EqualTo(expected));
    }

    private float[] Solve(AttentionCase c) => type switch
    {
        ElementType.Float32 => Solve<float>(c),
        ElementType.Float16 => Solve<Half>(c),
        _ => Solve<BFloat16>(c),
    };

    private static float[] Solve<T>(AttentionCase c)
        where T : unmanaged
    {
        AttentionBuffers<T> b = c.Allocate<T>();
        using HostAttentionPlan<T> plan = CpuBackend.Default.PlanHost<T>(
            AttentionProblem.Create(c.ElementType, c.Shape, c.Options));
        plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse);
        c.Check(b);
        return [.. b.Lse, .. TensorView.Of(c.Shape, c.Options.Layout).Output.Gather<T>(b.Output).Select(x =>
            (float)x)];
    }
}
