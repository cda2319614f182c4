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

        Compare<float>(options);
        Compare<Half>(options);
        Compare<BFloat16>(options);
    }

    private static void Compare<T>(EmulatorOptions options)
        where T : unmanaged
    {
        PairBuffers<T> expected = Usual<T>.Expected.Value, actual = Run<T>(options, Usual<T>.Case);
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

    /// <summary>What the usual order gives, once for all others.</summary>
    private static class Usual<T>
        where T : unmanaged
    {
        public static readonly NeighborhoodCase Case = NeighborhoodCases.Case(ElementTypes.Of<T>(),
            new NeighborhoodShape(1, new GridShape(11, 23), 2, 1, 64) { ExtraKeys = 5 },
            PatternSpec.Windows(7, new(9, 2, 2)), "tiled", 81, bias: true);

        public static readonly Lazy<PairBuffers<T>> Expected = new(() => Run<T>(EmulatorOptions.Default, Case));
    }
}
