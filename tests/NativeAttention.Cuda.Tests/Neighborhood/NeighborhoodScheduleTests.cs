using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>As <see cref="SchedulingTests"/>: no order of warps and copies may change a bit of the result.</summary>
public sealed class NeighborhoodScheduleTests
{
    [TestCaseSource(typeof(SchedulingTests), nameof(SchedulingTests.Orders))]
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
    }

    private static void Compare<T>(EmulatorOptions options, ElementType type)
        where T : unmanaged
    {
        NeighborhoodShape shape = new(1, new GridShape(11, 23), 2, 1, 64) { ExtraKeys = 5 };
        NeighborhoodCase test = NeighborhoodCases.Case(type, shape, PatternSpec.Windows(7, new(9, 2, 2)), "tiled", 81, bias: true);
        PairBuffers<T> expected = Run<T>(EmulatorOptions.Default, test), actual = Run<T>(options, test);
        Assert.That(actual.Output, Is.EqualTo(expected.Output));
        Assert.That(actual.Lse, Is.EqualTo(expected.Lse));
    }

    private static PairBuffers<T> Run<T>(EmulatorOptions options, NeighborhoodCase test)
        where T : unmanaged
    {
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, EmulatedDriver.AddDevice(options));
        PairBuffers<T> x = test.Allocate<T>();
        using HostNeighborhoodPlan<T> plan = backend.PlanNeighborhood<T>(test.Problem);
        plan.Run(x.Inputs, x.Output, x.Lse);
        test.Check(x);
        return x;
    }
}
