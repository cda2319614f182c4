using NativeAttention.DeviceBenchmarks.Measuring;

namespace NativeAttention.DeviceBenchmarks.Tests.Measuring;

public sealed class RandomPoolTests
{
    [Test]
    public void A_tensor_is_a_run_of_the_pool_that_begins_again_at_its_end()
    {
        RandomPool pool = new();
        int place = RandomPool.Count - 3;
        Half[] elements = pool.Elements<Half>(ElementType.Float16, place, RandomPool.Count + 10L);
        double[] values = pool.Values(ElementType.Float16);
        for (int i = 0; i < elements.Length; i++)
        {
            if ((double)elements[i] != values[(place + i) % values.Length])
            {
                Assert.Fail($"element {i}");
            }
        }
    }

    [Test]
    public void Numbers_are_standard_normal()
    {
        double[] values = new RandomPool().Values(ElementType.Float32);
        double mean = values.Average();
        double variance = values.Average(v => (v - mean) * (v - mean));
        // A million of them: a thousandth is the standard error of the mean.
        Assert.That(mean, Is.Zero.Within(0.005));
        Assert.That(variance, Is.EqualTo(1).Within(0.01));
    }
}
