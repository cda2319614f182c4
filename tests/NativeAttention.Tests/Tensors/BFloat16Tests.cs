using System.Globalization;

namespace NativeAttention.Tests.Tensors;

public class BFloat16Tests
{
    private static IEnumerable<BFloat16> All() =>
        Enumerable.Range(0, 1 << 16).Select(bits => BFloat16.FromBits((ushort)bits));

    [Test]
    public void Every_value_is_the_upper_half_of_its_float()
    {
        foreach (BFloat16 value in All())
        {
            uint wide = BitConverter.SingleToUInt32Bits((float)value);
            Assert.That(wide, Is.EqualTo((uint)value.ToBits() << 16));
        }
    }

    [Test]
    public void Every_value_survives_float_and_double()
    {
        foreach (BFloat16 value in All())
        {
            ushort expected = (ushort)(
                value.ToBits() | (BFloat16.IsNaN(value) ? 0x40 : 0)); // NaN becomes quiet
            Assert.That(((BFloat16)(float)value).ToBits(), Is.EqualTo(expected));
            Assert.That(((BFloat16)(double)value).ToBits(), Is.EqualTo(expected));
        }
    }

    // Between two neighbours: below the middle rounds down, above rounds up, the middle goes to the even one.
    [Test]
    public void Rounds_to_nearest_and_ties_to_even_between_all_neighbours()
    {
        for (int bits = 0; bits < 0x7F80; bits++)
        {
            foreach (uint sign in new[] { 0u, 0x80000000u })
            {
                uint wide = sign | ((uint)bits << 16);
                ushort below = (ushort)(wide >> 16), above = (ushort)(below + 1);
                ushort even = (below & 1) == 0 ? below : above;
                Assert.That(FromFloatBits(wide + 0x7FFF), Is.EqualTo(below));
                Assert.That(FromFloatBits(wide + 0x8000), Is.EqualTo(even));
                Assert.That(FromFloatBits(wide + 0x8001), Is.EqualTo(above));
            }
        }
    }

    // 1 + 2^-8 + 2^-40 lies above the middle of 1 and 1 + 2^-7, but rounds to the middle as a float: rounding
    // twice would then go to the even 1.
    [TestCase(1.0 + (1.0 / 256), 0x3F80)]
    [TestCase(1.0 + (1.0 / 256) + (1.0 / (1L << 40)), 0x3F81)]
    [TestCase(1.0 + (1.0 / 256) - (1.0 / (1L << 40)), 0x3F80)]
    [TestCase(1.0 + (3.0 / 256) - (1.0 / (1L << 40)), 0x3F81)]
    [TestCase(-1.0 - (1.0 / 256) - (1.0 / (1L << 40)), 0xBF81)]
    [TestCase(1e300, 0x7F80)]
    [TestCase(-1e300, 0xFF80)]
    [TestCase(1e-300, 0x0000)]
    [TestCase(-1e-300, 0x8000)]
    [TestCase(double.Epsilon, 0x0000)]
    public void Doubles_are_rounded_once(double value, int bits) =>
        Assert.That(((BFloat16)value).ToBits(), Is.EqualTo(bits));

    [Test]
    public void Halfs_are_rounded_and_come_back_when_they_fit()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)bits);
            BFloat16 rounded = (BFloat16)half;
            Assert.That(rounded.ToBits(), Is.EqualTo(((BFloat16)(float)half).ToBits()));
            if ((double)rounded == (double)half)
            {
                Assert.That((Half)rounded, Is.EqualTo(half));
            }
        }

        Assert.That((Half)(BFloat16)1e6f, Is.EqualTo(Half.PositiveInfinity));
    }

    [Test]
    public void Comparisons_agree_with_float()
    {
        BFloat16[] values = [BFloat16.NaN, BFloat16.NegativeInfinity, BFloat16.MinValue, (BFloat16)(-1f),
            (BFloat16)(-0f), (BFloat16)0f, BFloat16.Epsilon, (BFloat16)2f, BFloat16.MaxValue,
            BFloat16.PositiveInfinity];
        foreach (BFloat16 a in values)
        {
            foreach (BFloat16 b in values)
            {
                float x = (float)a, y = (float)b;
                Assert.Multiple(() =>
                {
                    Assert.That(a == b, Is.EqualTo(x == y), $"{a} == {b}");
                    Assert.That(a != b, Is.EqualTo(x != y), $"{a} != {b}");
                    Assert.That(a < b, Is.EqualTo(x < y), $"{a} < {b}");
                    Assert.That(a > b, Is.EqualTo(x > y), $"{a} > {b}");
                    Assert.That(a <= b, Is.EqualTo(x <= y), $"{a} <= {b}");
                    Assert.That(a >= b, Is.EqualTo(x >= y), $"{a} >= {b}");
                    Assert.That(a.Equals(b), Is.EqualTo(x.Equals(y)), $"{a}.Equals({b})");
                    Assert.That(a.CompareTo(b), Is.EqualTo(x.CompareTo(y)), $"{a}.CompareTo({b})");
                    Assert.That(a.CompareTo((object)b), Is.EqualTo(x.CompareTo(y)), $"{a}.CompareTo({b})");
                    Assert.That(a.GetHashCode() == b.GetHashCode()
                        || !a.Equals(b), "equal values, different hashes");
                });
            }
        }

        Assert.That(((BFloat16)1f).CompareTo(null), Is.EqualTo(1));
        Assert.That(() => ((BFloat16)1f).CompareTo("1"),
            Throws.ArgumentException.With.Message.Contains("System.String"));
    }

    [Test]
    public void Text_is_the_shortest_that_reads_back()
    {
        foreach (BFloat16 value in All().Where(v => !BFloat16.IsNaN(v)))
        {
            string text = value.ToString(null, CultureInfo.InvariantCulture);
            Assert.That(BFloat16.Parse(text, CultureInfo.InvariantCulture).ToBits(),
                Is.EqualTo(value.ToBits()), text);
        }

        Assert.Multiple(() =>
        {
            Assert.That(((BFloat16)0.1f).ToString(null, CultureInfo.InvariantCulture), Is.EqualTo("0.1"));
            Assert.That(((BFloat16)3.14159f).ToString(null, CultureInfo.InvariantCulture),
                Is.EqualTo("3.14"));
            Assert.That(((BFloat16)1.5f).ToString("F3", CultureInfo.InvariantCulture), Is.EqualTo("1.500"));
            Assert.That(BFloat16.TryParse("no number", CultureInfo.InvariantCulture, out BFloat16 none),
                Is.False);
            Assert.That(none, Is.EqualTo((BFloat16)0f));
        });
    }

    [Test]
    public void Constants_and_predicates()
    {
        Assert.Multiple(() =>
        {
            Assert.That((double)BFloat16.Epsilon, Is.EqualTo(Math.ScaleB(1, -133)));
            Assert.That((double)BFloat16.MaxValue,
                Is.EqualTo((2 - Math.ScaleB(1, -7)) * Math.ScaleB(1, 127)));
            Assert.That((double)BFloat16.MinValue, Is.EqualTo(-(double)BFloat16.MaxValue));
            Assert.That((float)BFloat16.PositiveInfinity, Is.EqualTo(float.PositiveInfinity));
            Assert.That((float)BFloat16.NegativeInfinity, Is.EqualTo(float.NegativeInfinity));
            Assert.That((float)BFloat16.NaN, Is.NaN);
        });
        foreach (BFloat16 value in All())
        {
            float wide = (float)value;
            Assert.That(BFloat16.IsNaN(value), Is.EqualTo(float.IsNaN(wide)));
            Assert.That(BFloat16.IsInfinity(value), Is.EqualTo(float.IsInfinity(wide)));
            Assert.That(BFloat16.IsFinite(value), Is.EqualTo(float.IsFinite(wide)));
            Assert.That(BFloat16.IsNegative(value), Is.EqualTo(float.IsNegative(wide)));
        }
    }

    private static ushort FromFloatBits(uint bits) =>
        ((BFloat16)BitConverter.UInt32BitsToSingle(bits)).ToBits();
}
