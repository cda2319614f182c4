using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// The result may not depend on the order in which warps run, nor on when asynchronous copies arrive: a missing barrier
/// or wait shows here.
/// </summary>
public sealed class SchedulingTests
{
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

        Compare<float>(options, ElementType.Float32);
        Compare<Half>(options, ElementType.Float16);
        Compare<BFloat16>(options, ElementType.BFloat16);
        CompareScores(options);
    }

    private static void CompareScores(EmulatorOptions options)
    {
        AttentionCase test = new(ElementType.Float16, new AttentionShape(1, 150, 141, 2, 1, 80),
            AttentionOptions.Causal, seed: 82);
        ScoreResult expected = Run(EmulatorOptions.Default), actual = Run(options);
        Assert.That(actual.Scores, Is.EqualTo(expected.Scores));
        Assert.That(actual.ColumnSums, Is.EqualTo(expected.ColumnSums));
        Assert.That(actual.RowEntropy, Is.EqualTo(expected.RowEntropy));
        Assert.That(actual.BlockMaxima, Is.EqualTo(expected.BlockMaxima));

        ScoreResult Run(EmulatorOptions each)
        {
            using CudaBackend backend =
                CudaBackend.Open(EmulatedDriver.Driver, EmulatedDriver.AddDevice(each));
            return ScoreResult.Of(backend, test, new()
            {
                Scores = ScoreStage.Probabilities,
                ColumnSums = true,
                RowEntropy = true,
                BlockMaxima = 48,
            });
        }
    }

    private static void Compare<T>(EmulatorOptions options, ElementType type)
        where T : unmanaged
    {
        AttentionCase test = new(type, new AttentionShape(1, 150, 141, 2, 1, 64), AttentionOptions.Causal,
            seed: 81);
        AttentionBuffers<T> expected = Run<T>(EmulatorOptions.Default, test);
        AttentionBuffers<T> actual = Run<T>(options, test);
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
}
