using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>Every modifier by itself and in free combination, against float64.</summary>
[TestFixture(ElementType.Float32)]
[TestFixture(ElementType.Float16)]
[TestFixture(ElementType.BFloat16)]
public class ModifierTests(ElementType type)
{
    private static readonly int[] Widths = [512, 256, 128, 0];
    private static readonly TuningHints Reference = new() { Rung = "reference" };
    private static readonly TuningHints Tiled = new() { Rung = "tiled" };

    // Each on one of the lengths: another one on each rung, and in the next run.
    [Test]
    public void Every_modifier_agrees_with_float64()
    {
        int turn = Environment.TickCount & 0xFFFF;
        TestContext.Out.WriteLine($"turn {turn}");
        foreach (AttentionCase c in ModifierGrid.EachInTurn(type, turn, largeDims: true))
        {
            c.With(Reference).RunOn(CpuBackend.Default);
        }

        foreach (AttentionCase c in ModifierGrid.EachInTurn(type, turn + 1, largeDims: true))
        {
            using CpuBackend backend = new(Widths[(c.Seed + turn) % Widths.Length]);
            c.With(Tiled).RunOn(backend, withLse: c.Seed % 3 != 0);
        }
    }

    [Test]
    public void Few_queries_agree_with_float64()
    {
        int seed = Environment.TickCount & 0xFFFF;
        TestContext.Out.WriteLine($"seed {seed}");
        foreach (AttentionCase c in ModifierGrid.FewQueries(type, seed, count: 20))
        {
            using CpuBackend backend = new(Widths[c.Seed % Widths.Length]);
            c.With(new TuningHints { Rung = "decode" }).RunOn(backend, withLse: c.Seed % 3 != 0);
        }
    }

    [Test]
    public void Free_combinations_agree_with_float64()
    {
        int seed = Environment.TickCount & 0xFFFF;
        TestContext.Out.WriteLine($"seed {seed}");
        foreach (AttentionCase c in ModifierGrid.Random(type, seed, count: 24, largeDims: true))
        {
            c.With(Reference).RunOn(CpuBackend.Default);
            c.RunOn(CpuBackend.Default);
        }
    }
}
