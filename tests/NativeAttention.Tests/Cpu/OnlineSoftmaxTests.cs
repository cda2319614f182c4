using System.Runtime.Intrinsics;
using NativeAttention.Cpu;

namespace NativeAttention.Tests.Cpu;

/// <summary>The online softmax of every vector width, fed with tiles whose scores rise and fall, against double.</summary>
public unsafe class OnlineSoftmaxTests
{
    private const int Keys = 13, Lanes = 32, Tiles = 24;

    // Each lane drifts at a pace of its own, up or down; some see nothing at first, one ever. At the greater pace some
    // lane always rises by more than the state tolerates, at the smaller one that is rare.
    [TestCase(0.7f, 0)]
    [TestCase(0.02f, 18)]
    public void Scores_that_rise_from_tile_to_tile(float pace, int leastKept)
    {
        int seed = TestContext.CurrentContext.Random.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        Check<Width512, Vector512<float>>(seed, pace, leastKept);
        Check<Width256, Vector256<float>>(seed, pace, leastKept);
        Check<Width128, Vector128<float>>(seed, pace, leastKept);
        Check<WidthScalar, float>(seed, pace, leastKept);
    }

    private static void Check<TWidth, TVector>(int seed, float pace, int leastKept)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        Random random = new(seed);
        float[] maxima = new float[Lanes], sums = new float[Lanes], rescale = new float[Lanes];
        Array.Fill(maxima, float.NegativeInfinity);
        Row[] rows = [.. Enumerable.Range(0, Lanes).Select(_ => new Row())];
        int kept = 0;
        for (int tile = 0; tile < Tiles; tile++)
        {
            float[] scores = Scores(random, tile, pace), p = [.. scores];
            fixed (float* pp = p, pm = maxima, ps = sums, pr = rescale)
            {
                bool raised = OnlineSoftmax<TWidth, TVector>.Update(
                    pp, new KeyStrips(Keys, Lanes, Keys), Lanes, pm, ps, pr);
                Assert.That(raised, Is.EqualTo(rescale.Any(r => r != 1)), $"{TWidth.Name}, tile {tile}");
                kept += raised ? 0 : 1;
            }

            for (int n = 0; n < p.Length; n++)
            {
                (int key, int lane) = Math.DivRem(n, Lanes);
                rows[lane].Take(scores[n], p[n], key, key == 0 ? rescale[lane] : 1);
            }
        }

        Assert.That(kept, Is.GreaterThanOrEqualTo(leastKept), TWidth.Name);
        Assert.Multiple(() =>
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                rows[lane].Check(maxima[lane], sums[lane], $"{TWidth.Name}, lane {lane}");
            }
        });
    }

    private static float[] Scores(Random random, int tile, float pace) =>
        [.. Enumerable.Range(0, Keys * Lanes).Select(n => n % Lanes).Select(lane =>
            lane == Lanes - 1 || tile < lane % 3 ? float.NegativeInfinity
            : ((lane - 8) * tile * pace) + (random.NextSingle() * 4) - 2)];

    // What is known of a lane: sums of 2^s and of key 2^s, and what a kernel would have accumulated of the latter.
    private sealed class Row
    {
        private float most = float.NegativeInfinity;
        private double sum, weighted, accumulated;

        public void Take(float score, float p, int key, float rescale)
        {
            most = Math.Max(most, score);
            sum += Math.Pow(2, score);
            weighted += Math.Pow(2, score) * key;
            accumulated = (accumulated * rescale) + ((double)p * key);
        }

        public void Check(float m, float l, string where)
        {
            if (sum == 0)
            {
                Assert.That((m, l), Is.EqualTo((float.NegativeInfinity, 0f)), where);
                return;
            }

            Assert.That(most - m, Is.InRange(0, 8), where);
            double lse = Math.Log(sum);
            Assert.That(LogSumExp.FromBase2(m, l), Is.EqualTo(lse).Within(1e-6 * Math.Max(1, Math.Abs(lse))), where);
            Assert.That(accumulated / l, Is.EqualTo(weighted / sum).Within(1e-5), where);
        }
    }
}
