using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// The result may not depend on the order in which warps run, nor on when asynchronous copies arrive: a missing barrier
/// or wait shows here.
/// </summary>
public sealed class SchedulingTests
{
    private static readonly AttentionCase ScoreCase = new(ElementType.Float16,
        new AttentionShape(1, 150, 141, 2, 1, 80), AttentionOptions.Causal, seed: 82);

    private static readonly Lazy<ScoreResult> ExpectedScores = new(() => RunScores(EmulatorOptions.Default));

    public static IEnumerable<EmulatorOptions> Orders() =>
        from order in Enum.GetValues<WarpOrder>()
        from copies in Enum.GetValues<AsyncCopyMode>()
        select EmulatorOptions.Default with
        {
            Order = order,
            AsyncCopies = copies,
            Seed = 1 + (10 * (int)order) + (int)copies,
            Threads = 1,
            WarpQuantum = 100,
        };

    [TestCaseSource(nameof(Orders))]
    public void Results_are_bit_equal_in_every_order(EmulatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore("Only on the emulator: a GPU does not let its order be chosen.");
        }

        Compare<float>(options);
        Compare<Half>(options);
        Compare<BFloat16>(options);
        CompareScores(options);
    }

    private static void CompareScores(EmulatorOptions options)
    {
        ScoreResult expected = ExpectedScores.Value, actual = RunScores(options);
        Assert.That(actual.Scores, Is.EqualTo(expected.Scores));
        Assert.That(actual.ColumnSums, Is.EqualTo(expected.ColumnSums));
        Assert.That(actual.RowEntropy, Is.EqualTo(expected.RowEntropy));
        Assert.That(actual.BlockMaxima, Is.EqualTo(expected.BlockMaxima));
    }

    private static ScoreResult RunScores(EmulatorOptions options)
    {
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, EmulatedDriver.AddDevice(options));
        return ScoreResult.Of(backend, ScoreCase, new()
        {
            Scores = ScoreStage.Probabilities,
            ColumnSums = true,
            RowEntropy = true,
            BlockMaxima = 48,
        });
    }

    private static void Compare<T>(EmulatorOptions options)
        where T : unmanaged
    {
        AttentionBuffers<T> expected = Usual<T>.Expected.Value, actual = Run<T>(options, Usual<T>.Case);
        Assert.That(actual.Output, Is.EqualTo(expected.Output));
        Assert.That(actual.Lse, Is.EqualTo(expected.Lse));
    }

    private static AttentionBuffers<T> Run<T>(EmulatorOptions options, AttentionCase test)
        where T : unmanaged
    {
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver,
            EmulatedDriver.AddDevice(options));
        AttentionBuffers<T> x = test.Allocate<T>();
        using HostAttentionPlan<T> plan = backend.PlanHost<T>(
            AttentionProblem.Create(test.ElementType, test.Shape, test.Options));
        plan.Run(x.Query, x.Key, x.Value, x.Output, x.Lse);
        test.Check(x);
        return x;
    }

    /// <summary>What the usual order gives, once for all others.</summary>
    private static class Usual<T>
        where T : unmanaged
    {
        public static readonly AttentionCase Case = new(ElementTypes.Of<T>(), new AttentionShape(1, 150, 141, 2, 1, 64),
            AttentionOptions.Causal, seed: 81);

        public static readonly Lazy<AttentionBuffers<T>> Expected = new(() => Run<T>(EmulatorOptions.Default, Case));
    }
}
