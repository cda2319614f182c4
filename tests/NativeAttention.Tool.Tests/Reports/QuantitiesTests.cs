using NativeAttention.Tool.Reports;

namespace NativeAttention.Tool.Tests.Reports;

public class QuantitiesTests
{
    [TestCase(0, "0 s")]
    [TestCase(0.00000000123, "1.23 ns")]
    [TestCase(0.0000012344, "1.234 µs")]
    [TestCase(0.0123456, "12.35 ms")]
    [TestCase(0.99999, "1000 ms")]
    [TestCase(1.0, "1.000 s")]
    [TestCase(12345.6, "12350 s")]
    [TestCase(null, "-")]
    public void Times_have_a_unit_that_suits_them(double? seconds, string expected) =>
        Assert.That(Quantities.Time(seconds), Is.EqualTo(expected));

    [TestCase(4.1237e14, "412 TFLOP/s")]
    [TestCase(1e12, "1.00 TFLOP/s")]
    [TestCase(3.9612e11, "396 GFLOP/s")]
    [TestCase(0.0, "0.00 GFLOP/s")]
    public void Rates_have_a_unit_that_suits_them(double rate, string expected) =>
        Assert.That(Quantities.Flops(rate), Is.EqualTo(expected));

    [TestCase(0.0, 3, "0.00")]
    [TestCase(9.996, 3, "10.0")]
    [TestCase(0.00123456, 3, "0.00123")]
    [TestCase(-12.345, 2, "-12")]
    [TestCase(123456.0, 3, "123000")]
    public void Digits_that_count(double value, int digits, string expected) =>
        Assert.That(Quantities.Significant(value, digits), Is.EqualTo(expected));

    [Test]
    public void Shares_changes_errors_and_counts()
    {
        Assert.That(Quantities.Share(0.7239), Is.EqualTo("72.4 %"));
        Assert.That(Quantities.Signed(0.1234), Is.EqualTo("+12.3 %"));
        Assert.That(Quantities.Signed(-0.5), Is.EqualTo("-50.0 %"));
        Assert.That(Quantities.Signed(0), Is.EqualTo("0.0 %"));
        Assert.That(Quantities.Error(1.234e-7), Is.EqualTo("1.2e-07"));
        Assert.That(Quantities.Count(1234567.0), Is.EqualTo("1,234,567"));
    }
}
