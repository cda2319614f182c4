using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Gradients may not depend on the order in which warps run, nor on when asynchronous copies arrive: a missing barrier
/// or wait shows here. Head dim 256 of float32 has one stage of columns, all others two.
/// </summary>
public sealed class BackwardSchedulingTests
{
    private static readonly Usual<float> Wide = new(ElementType.Float32, 150), Narrow = new(ElementType.Float32, 16);
    private static readonly Usual<Half> Halves = new(ElementType.Float16, 64);

    [TestCaseSource(typeof(SchedulingTests), nameof(SchedulingTests.Orders))]
    public void Results_are_bit_equal_in_every_order(EmulatorOptions options)
    {
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore("Only on the emulator: a GPU does not let its order be chosen.");
        }

        Compare(options, Wide);
        Compare(options, Narrow);
        Compare(options, Halves);
    }

    private static void Compare<T>(EmulatorOptions options, Usual<T> usual)
        where T : unmanaged =>
        Assert.That(Run<T>(options, usual.Case), Is.EqualTo(usual.Expected.Value));

    private static (T[] Query, T[] Key, T[] Value, T[] ExtraKey, T[] ExtraValue, float[] Bias) Run<T>(
        EmulatorOptions options, NeighborhoodCase test)
        where T : unmanaged
    {
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, EmulatedDriver.AddDevice(options));
        PairBuffers<T> x = test.Allocate<T>();
        test.FillForward(x);
        test.FillUpstream(x);
        using HostBackwardPlan<T> plan = backend.PlanBackward<T>(test.Problem);
        plan.Run(x.BackwardInputs, x.Gradients);
        test.CheckGradients(x);
        return (x.QueryGradient, x.KeyGradient, x.ValueGradient, x.ExtraKeyGradient, x.ExtraValueGradient, x.BiasGradient);
    }

    /// <summary>A case and what the usual order gives, once for all others.</summary>
    private sealed class Usual<T>
        where T : unmanaged
    {
        public Usual(ElementType type, int dim)
        {
            Case = new(type, new NeighborhoodShape(1, new GridShape(7, 11), 2, 1, dim) { ExtraKeys = 3 },
                PatternSpec.Windows(3, 5), seed: 901)
            {
                RelativeBias = true,
            };
            Expected = new(() => Run<T>(EmulatorOptions.Default, Case));
        }

        public NeighborhoodCase Case { get; }

        public Lazy<(T[] Query, T[] Key, T[] Value, T[] ExtraKey, T[] ExtraValue, float[] Bias)> Expected { get; }
    }
}
