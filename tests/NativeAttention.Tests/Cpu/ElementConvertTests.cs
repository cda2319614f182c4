using NativeAttention.Cpu;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>
/// The vector conversions against the scalar ones, on every 16-bit value and around every rounding limit.
/// </summary>
/// <remarks>
/// Pieces of the whole length take the vector loop alone, pieces of 7 the scalar tail alone: the shortest
/// vector has 8 elements. Pieces of 63 take every loop and the tail, at changing places of the values.
/// </remarks>
public class ElementConvertTests
{
    private const int Values = 1 << 16;
    private const int TailOnly = 7;
    private const int EveryLoop = 32 + 16 + 8 + TailOnly;

    [TestCase(Values)]
    [TestCase(EveryLoop)]
    [TestCase(TailOnly)]
    public void Every_half_widens_exactly(int piece)
    {
        Half[] source = [.. Enumerable.Range(0, Values).Select(i =>
            BitConverter.UInt16BitsToHalf((ushort)i))];
        AssertSame(Widen(source, piece), Array.ConvertAll(source, h => (float)h));
    }

    [TestCase(Values)]
    [TestCase(EveryLoop)]
    [TestCase(TailOnly)]
    public void Every_bfloat16_widens_exactly(int piece)
    {
        BFloat16[] source = [.. Enumerable.Range(0, Values).Select(i => BFloat16.FromBits((ushort)i))];
        AssertSame(Widen(source, piece), Array.ConvertAll(source, b => (float)b));
    }

    [TestCase(int.MaxValue)]
    [TestCase(EveryLoop)]
    [TestCase(TailOnly)]
    public void Floats_narrow_to_half_as_the_scalar_cast_does(int piece)
    {
        float[] source = AroundLimits(bits => (float)BitConverter.UInt16BitsToHalf((ushort)bits));
        Half[] narrow = Narrow<Half>(source, piece);
        for (int i = 0; i < source.Length; i++)
        {
            Half expected = (Half)source[i];
            if (Half.IsNaN(expected) ? !Half.IsNaN(narrow[i])
                : BitConverter.HalfToUInt16Bits(expected) != BitConverter.HalfToUInt16Bits(narrow[i]))
            {
                Assert.Fail($"{source[i]:R} became {narrow[i]}, expected {expected}");
            }
        }
    }

    [TestCase(int.MaxValue)]
    [TestCase(EveryLoop)]
    [TestCase(TailOnly)]
    public void Floats_narrow_to_bfloat16_as_the_scalar_cast_does(int piece)
    {
        float[] source = AroundLimits(bits => (float)BFloat16.FromBits((ushort)bits));
        BFloat16[] narrow = Narrow<BFloat16>(source, piece);
        for (int i = 0; i < source.Length; i++)
        {
            if (narrow[i].ToBits() != ((BFloat16)source[i]).ToBits())
            {
                Assert.Fail($"{source[i]:R} became {narrow[i]}, expected {(BFloat16)source[i]}");
            }
        }
    }

    // Lengths around a vector, so that both the vector loop and the scalar tail are taken, and not one
    // element more.
    [Test]
    public void Any_length_converts_and_stays_inside()
    {
        double[] values = RandomTensor.Normal(ElementType.Float16, 70, seed: 5);
        for (int length = 0; length < values.Length; length++)
        {
            Half[] source = [.. values.Take(length).Select(v => (Half)v)];
            float[] wide = [.. Enumerable.Repeat(-7f, length + 1)];
            ElementConvert.Widen<Half>(source, wide);
            Half[] back = [.. Enumerable.Repeat((Half)(-7), length + 1)];
            ElementConvert.Narrow<Half>(wide.AsSpan(0, length), back);
            Assert.That(wide.Take(length), Is.EqualTo(source.Select(h => (float)h)));
            Assert.That(back.Take(length), Is.EqualTo(source));
            Assert.That((wide[length], back[length]), Is.EqualTo((-7f, (Half)(-7))));
        }
    }

    [Test]
    public void Floats_are_copied()
    {
        float[] source = [1, -2, float.NaN, 4], wide = new float[4], narrow = new float[4];
        ElementConvert.Widen<float>(source, wide);
        ElementConvert.Narrow<float>(source, narrow);
        Assert.That(wide, Is.EqualTo(source));
        Assert.That(narrow, Is.EqualTo(source));
    }

    private static float[] Widen<T>(T[] source, int piece)
        where T : unmanaged
    {
        float[] wide = new float[source.Length];
        for (int i = 0; i < source.Length; i += Math.Min(piece, source.Length))
        {
            int count = Math.Min(piece, source.Length - i);
            ElementConvert.Widen<T>(source.AsSpan(i, count), wide.AsSpan(i, count));
        }

        return wide;
    }

    private static T[] Narrow<T>(float[] source, int piece)
        where T : unmanaged
    {
        T[] narrow = new T[source.Length];
        for (int i = 0; i < source.Length; i += Math.Min(piece, source.Length))
        {
            int count = Math.Min(piece, source.Length - i);
            ElementConvert.Narrow<T>(source.AsSpan(i, count), narrow.AsSpan(i, count));
        }

        return narrow;
    }

    // Every 16-bit value, the float on either side of it, the middle to its neighbour and the floats beside
    // that: all places where rounding changes. Between them, one float in 1009.
    private static float[] AroundLimits(Func<int, float> value)
    {
        List<float> floats = [];
        for (int bits = 0; bits < Values; bits++)
        {
            float here = value(bits), next = value((bits + 1) & (Values - 1));
            float middle = (float)(((double)here + next) / 2);
            foreach (float f in new[] { here, middle })
            {
                floats.AddRange([f, MathF.BitIncrement(f), MathF.BitDecrement(f)]);
            }
        }

        for (long bits = 0; bits < 1L << 32; bits += 1009)
        {
            floats.Add(BitConverter.UInt32BitsToSingle((uint)bits));
        }

        return [.. floats];
    }

    private static void AssertSame(float[] actual, float[] expected)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            if (float.IsNaN(expected[i]) ? !float.IsNaN(actual[i])
                : BitConverter.SingleToUInt32Bits(actual[i]) != BitConverter.SingleToUInt32Bits(expected[i]))
            {
                Assert.Fail($"bits {i:X4} became {actual[i]:R}, expected {expected[i]:R}");
            }
        }
    }
}
