using NativeAttention.DeviceBenchmarks.Measuring;

namespace NativeAttention.DeviceBenchmarks.Tests.Measuring;

public sealed class QuantilesTests
{
    [Test]
    public void Quantiles_by_hand()
    {
        double[] values = [4, 1, 3, 2, 5];
        Assert.Multiple(() =>
        {
            Assert.That(Quantiles.Median(values), Is.EqualTo(3));
            Assert.That(Quantiles.Of(values, 0), Is.EqualTo(1));
            Assert.That(Quantiles.Of(values, 1), Is.EqualTo(5));
            // 0.1 of the way through four gaps.
            Assert.That(Quantiles.Of(values, 0.1), Is.EqualTo(1.4).Within(1e-12));
            Assert.That(Quantiles.Of(values, 0.9), Is.EqualTo(4.6).Within(1e-12));
            Assert.That(Quantiles.Spread(values), Is.EqualTo(3.2 / 3).Within(1e-12));
            Assert.That(Quantiles.Median([7]), Is.EqualTo(7));
            Assert.That(Quantiles.Median([1, 2]), Is.EqualTo(1.5));
        });
    }
}
