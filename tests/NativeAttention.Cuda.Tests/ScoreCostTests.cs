using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>What a pass over scores costs in instructions, counted on the emulator, beside plain attention.</summary>
public sealed class ScoreCostTests
{
    private static readonly AttentionShape Shape = new(1, 512, 512, 1, 1, 64);

    // What was measured and a tenth more. Slices, modifiers and stores cost more than the value product saves.
    [TestCase(ScoreStage.Scaled, false, false, null, 2.2)]
    [TestCase(ScoreStage.Probabilities, false, false, null, 3.2)]
    [TestCase(null, false, true, null, 2.6)]
    [TestCase(null, true, false, null, 2.65)]
    [TestCase(null, false, false, 64, 2.9)]
    [TestCase(null, true, true, 64, 5.6)]
    public void A_pass_costs_no_more_than_this(ScoreStage? stage, bool sums, bool entropy, int? side, double most)
    {
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore("Only the emulator counts.");
        }

        AttentionCase c = new(ElementType.Float16, Shape, new(), seed: 40);
        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default with { Profile = true });
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, ordinal);
        c.RunOn(backend);
        ScoreResult.Of(backend, c, new()
        {
            Scores = stage,
            ColumnSums = sums,
            RowEntropy = entropy,
            BlockMaxima = side,
        });
        long[] instructions = [.. EmulatedDriver.GetProfiles(ordinal)
            .OrderBy(p => p.Kernel.Contains("scores", StringComparison.Ordinal)).Select(p => p.WarpInstructions)];
        double ratio = (double)instructions[1] / instructions[0];
        TestContext.Out.WriteLine($"{stage} sums {sums} entropy {entropy} side {side}: {instructions[1]} warp "
            + $"instructions, {ratio:F2} of attention's {instructions[0]}");
        Assert.That(ratio, Is.LessThan(most));
    }
}
