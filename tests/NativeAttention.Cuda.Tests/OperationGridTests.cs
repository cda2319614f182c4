using NativeAttention.Bindings;
using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>The kernels beside attention are right with any number of blocks, as their catalogue
/// says.</summary>
public sealed class OperationGridTests
{
    [Test]
    public void One_block_does_all_the_work() => Check(AlteredDriver.OneBlock);

    [Test]
    public void Blocks_without_work_do_nothing() => Check(AlteredDriver.MoreBlocks);

    private static void Check(nint launch)
    {
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore("Only on the emulator: the driver is altered.");
        }

        CudaDriver driver = AlteredDriver.With("cuLaunchKernel", launch);
        using CudaBackend backend =
            CudaBackend.Open(driver, EmulatedDriver.AddDevice(EmulatorOptions.Default));
        CudaDevice device = backend.Device;
        int seed = Random.Shared.Next(1 << 30);
        TestContext.Out.WriteLine($"seed {seed}");
        MergeTests.CheckAllTypes(device, new MergeCase(3, 2, 17, 5, 64, false, seed));
        MergeTests.CheckAllTypes(device, new MergeCase(3, 2, 17, 5, 7, true, seed));
        RotaryTests.CheckAllTypes(device,
            new RotaryCase(2, 17, 5, 64, 24, PositionKind.Ids, false, false, seed));
        RotaryTests.CheckAllTypes(device,
            new RotaryCase(2, 17, 5, 7, 3, PositionKind.PerSequence, true, true, seed));
        AppendTests.CheckAllTypes(device, new AppendCase(2, 17, 40, 5, 64, false, seed));
        AppendTests.CheckAllTypes(device, new AppendCase(2, 17, 40, 5, 7, true, seed));
        ScoreResult.Of(backend, new(ElementType.Float16, new(2, 70, 130, 2, 1, 24), AttentionOptions.Causal, seed),
            new() { Scores = ScoreStage.Masked, ColumnSums = true, RowEntropy = true, BlockMaxima = 16 });
    }
}
