using System.Runtime.Intrinsics;
using NativeAttention.Cpu;

namespace NativeAttention.Tests.Cpu;

/// <summary>How the decode kernel reads elements: every 16-bit value at both places of a pair, in every width.</summary>
public unsafe class PairedElementsTests
{
    private const int Values = 1 << 16;

    private static readonly ushort[] AllBits = [.. Enumerable.Range(0, Values).Select(i => (ushort)i)];

    // A length that is a whole number of spans, and lengths that end inside one at an even and an odd place.
    [TestCase(512, 64)]
    [TestCase(512, 50)]
    [TestCase(512, 33)]
    [TestCase(256, 32)]
    [TestCase(256, 23)]
    [TestCase(128, 16)]
    [TestCase(128, 13)]
    [TestCase(0, 5)]
    public void Every_value_is_widened_exactly_and_put_back_in_its_place(int width, int length)
    {
        Half[] halves = Array.ConvertAll(AllBits, BitConverter.UInt16BitsToHalf);
        BFloat16[] brains = Array.ConvertAll(AllBits, BFloat16.FromBits);
        switch (width)
        {
            case 512: Both<Width512, Vector512<float>>(); break;
            case 256: Both<Width256, Vector256<float>>(); break;
            case 128: Both<Width128, Vector128<float>>(); break;
            default: Both<WidthScalar, float>(); break;
        }

        void Both<TWidth, TVector>()
            where TWidth : struct, IVectorWidth<TVector>
            where TVector : struct
        {
            CheckRows<Half, TWidth, TVector>(halves, h => (float)h, length);
            CheckRows<BFloat16, TWidth, TVector>(brains, b => (float)b, length);
        }
    }

    [Test]
    public void Every_infinite_half_is_noticed_and_no_other()
    {
        CheckNotice<Width512, Vector512<float>>();
        CheckNotice<Width256, Vector256<float>>();
        CheckNotice<Width128, Vector128<float>>();
        CheckNotice<WidthScalar, float>();
    }

    // One at a time is enough for the scalar width, which the kernel does not read in pairs.
    [Test]
    public void The_scalar_width_splits_pairs_as_the_others_do()
    {
        foreach (ushort bits in AllBits)
        {
            float pairs = BitConverter.UInt32BitsToSingle(((uint)(ushort)~bits << 16) | bits);
            float[] actual =
            [
                WidthScalar.RestoreInfinity(WidthScalar.EvenHalves<Half>(pairs)) * HalfBits.Rebias,
                WidthScalar.RestoreInfinity(WidthScalar.OddHalves<Half>(pairs)) * HalfBits.Rebias,
                WidthScalar.EvenHalves<BFloat16>(pairs), WidthScalar.OddHalves<BFloat16>(pairs),
            ];
            float[] expected =
            [
                (float)BitConverter.UInt16BitsToHalf(bits), (float)BitConverter.UInt16BitsToHalf((ushort)~bits),
                (float)BFloat16.FromBits(bits), (float)BFloat16.FromBits((ushort)~bits),
            ];
            AssertSame(actual, expected);
        }
    }

    private static void CheckRows<T, TWidth, TVector>(T[] values, Func<T, float> exact, int length)
        where T : unmanaged
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        int span = PairedElements<T, TWidth, TVector>.Span, spans = (length + span - 1) / span;
        float[] row = new float[spans * span], ordered = new float[length];
        TVector unit = TWidth.Broadcast(PairedElements<T, TWidth, TVector>.Unit);
        for (int first = 0; first <= values.Length - length; first += length)
        {
            Array.Fill(row, -7);
            Array.Fill(ordered, -7);
            fixed (T* source = &values[first])
            {
                fixed (float* target = row, back = ordered)
                {
                    PairedElements<T, TWidth, TVector>.WidenRow(source, length, false, target, TWidth.Count, 0);
                    for (int s = 0; s < spans; s++)
                    {
                        float* at = target + (s * span);
                        PairedElements<T, TWidth, TVector>.StoreInOrder(TWidth.Multiply(TWidth.Load(at), unit),
                            TWidth.Multiply(TWidth.Load(at + span - TWidth.Count), unit),
                            back + Math.Min(s * span, length - span));
                    }

                    AssertSame(ordered, [.. values[first..(first + length)].Select(exact)]);

                    // The lanes that the last span shares with the one before are zero if they are wanted once.
                    PairedElements<T, TWidth, TVector>.WidenRow(source, length, true, target, TWidth.Count, 0);
                    int shared = (spans * span) - length;
                    float[] last = new float[span];
                    fixed (float* to = last)
                    {
                        float* at = target + ((spans - 1) * span);
                        PairedElements<T, TWidth, TVector>.StoreInOrder(
                            TWidth.Load(at), TWidth.Load(at + span - TWidth.Count), to);
                    }

                    Assert.That(last[..shared], Is.All.Zero);
                    AssertSame([.. last[shared..].Select(x => x * PairedElements<T, TWidth, TVector>.Unit)],
                        [.. values[(first + length - span + shared)..(first + length)].Select(exact)]);
                }
            }
        }
    }

    private static void CheckNotice<TWidth, TVector>()
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        Half* pairs = stackalloc Half[2 * TWidth.Count];
        foreach (ushort bits in AllBits)
        {
            int place = bits % (2 * TWidth.Count);
            new Span<Half>(pairs, 2 * TWidth.Count).Fill(Half.MinValue);
            pairs[place] = BitConverter.UInt16BitsToHalf(bits);
            TVector largest = TWidth.LargerHalves(TWidth.Zero, TWidth.Load((float*)pairs));
            new Span<Half>(pairs, 2 * TWidth.Count).Clear();
            largest = TWidth.LargerHalves(largest, TWidth.Load((float*)pairs));
            if (TWidth.AreFiniteHalves(largest) != Half.IsFinite(BitConverter.UInt16BitsToHalf(bits)))
            {
                Assert.Fail($"{TWidth.Name}: {bits:X4} at {place}");
            }
        }
    }

    private static void AssertSame(float[] actual, float[] expected)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            if (float.IsNaN(expected[i]) ? !float.IsNaN(actual[i])
                : BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
            {
                Assert.Fail($"{actual[i]:R} instead of {expected[i]:R} at {i}");
            }
        }
    }
}
