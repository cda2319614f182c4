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
                ScoreRequest request = new()
                {
                    Scores = stage,
                    ColumnSums = c.Seed % 2 == 0,
                    RowEntropy = true,
                    BlockMaxima = 1 + (c.Seed % 50),
                };
                Check(backend, c, request);
                checks++;
            }
        }

        Assert.That(checks, Is.GreaterThan(40));
    }

    private void Check(CpuBackend backend, AttentionCase c, ScoreRequest request)
    {
        switch (type)
        {
            case ElementType.Float32: Check<float>(backend, c, request); break;
            case ElementType.Float16: Check<Half>(backend, c, request); break;
            default: Check<BFloat16>(backend, c, request); break;
        }
    }

    private static void Check<T>(CpuBackend backend, AttentionCase c, ScoreRequest request)
        where T : unmanaged
    {
        AttentionShape s = c.Shape;
        AttentionBuffers<T> buffers = c.Allocate<T>();
        float[] lse = [.. c.Reference.Lse.Select(x => (float)x)];
        int rows = s.Batch * s.QueryHeads * s.QueryLength, columns = s.Batch * s.QueryHeads * s.KeyLength;
        int side = request.BlockMaxima!.Value;
        int rowBlocks = (s.QueryLength + side - 1) / side, keyBlocks = (s.KeyLength + side - 1) / side;
        T[] scores = Poisoned<T>(rows * s.KeyLength);
        float[] sums = Poisoned<float>(request.ColumnSums ? columns : 0), entropy = Poisoned<float>(rows);
        float[] maxima = Poisoned<float>(s.Batch * s.QueryHeads * rowBlocks * keyBlocks);
        using HostScorePlan<T> plan =
            backend.PlanScores<T>(AttentionProblem.Create(c.ElementType, s, c.Options), request);
        plan.Run(c.Operands.Inputs(buffers) with { Value = default }, lse, new ScoreResults<T>
        {
            Scores = scores,
            ColumnSums = sums,
            RowEntropy = entropy,
            BlockMaxima = maxima,
        });

        ScoreReference reference = new(c);
        double[] expectedSums = new double[columns], expectedEntropy = new double[rows],
            expectedMaxima = new double[maxima.Length], expected = new double[scores.Length];
        for (int n = 0; n < scores.Length; n++)
        {
            (int row, int j) = Math.DivRem(n, s.KeyLength);
            (int head, int i) = Math.DivRem(row, s.QueryLength);
            (int b, int h) = Math.DivRem(head, s.QueryHeads);
            expected[n] = reference.Score(request.Scores!.Value, b, h, i, j);
            double p = reference.Score(ScoreStage.Probabilities, b, h, i, j);
            expectedSums[(head * s.KeyLength) + j] += p;
            expectedEntropy[row] -= p == 0 ? 0 : p * Math.Log(p);
            int block = (((head * rowBlocks) + (i / side)) * keyBlocks) + (j / side);
            expectedMaxima[block] = Math.Max(expectedMaxima[block], p);
        }

        // A score of magnitude A carries an error of about 2^-22 A, and that into p, at most 1; what is stored
        // in 16 bits is rounded once more. Sums of n probabilities carry n of them at most.
        double error = Math.ScaleB(reference.Magnitude, -22) + 1e-6;
        double stored = Elements.UnitRoundoff(c.ElementType)
            * expected.Where(double.IsFinite).Append(1).Max(Math.Abs);
        AttentionComparer.MaxError("scores", [.. scores.Select(Elements.ToDouble)], expected, error + stored,
            Name, $"{request.Scores} {c}");
        AttentionComparer.MaxError("entropy", Widen(entropy), expectedEntropy, error * 10, Name, c.ToString());
        AttentionComparer.MaxError("maxima", Widen(maxima), expectedMaxima, error, Name, c.ToString());
        if (request.ColumnSums)
        {
            AttentionComparer.MaxError("sums", Widen(sums), expectedSums, error * s.QueryLength, Name,
                c.ToString());
        }
    }

    private static string Name(int index) => $"[{index}]";

    private static double[] Widen(float[] values) => [.. values.Select(x => (double)x)];

    private static T[] Poisoned<T>(int length)
        where T : unmanaged
    {
        T[] values = new T[length];
        Array.Fill(values, Elements.Poison<T>());
        return values;
    }
}
