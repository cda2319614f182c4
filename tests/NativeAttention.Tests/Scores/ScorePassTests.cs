using NativeAttention.Testing;

namespace NativeAttention.Tests.Scores;

/// <summary>The pass over scores against float64: every stage and statistic, under every modifier.</summary>
[TestFixture(ElementType.Float32)]
[TestFixture(ElementType.Float16)]
[TestFixture(ElementType.BFloat16)]
public class ScorePassTests(ElementType type)
{
    private static readonly int[] Widths = [512, 256, 128, 0];

    [Test]
    public void Every_stage_and_statistic_agrees_with_float64()
    {
        int seed = Environment.TickCount & 0xFFFF, checks = 0;
        TestContext.Out.WriteLine($"seed {seed}");
        IEnumerable<AttentionCase> cases = ModifierGrid.Each(type).Where(c => c.Seed % 5 == seed % 5)
            .Concat(ModifierGrid.Random(type, seed, 20));
        foreach (AttentionCase c in cases.Where(c => c.Options.Layout.Resolve(c.Shape).Packed is null))
        {
            using CpuBackend backend = new(Widths[c.Seed % Widths.Length]);
            foreach (ScoreStage stage in Enum.GetValues<ScoreStage>())
            {
                ScoreResult.Of(backend, c, new()
                {
                    Scores = stage,
                    ColumnSums = c.Seed % 2 == 0,
                    RowEntropy = true,
                    BlockMaxima = 1 + (c.Seed % 50),
                });
                checks++;
            }
        }

        Assert.That(checks, Is.GreaterThan(40));
    }
}
