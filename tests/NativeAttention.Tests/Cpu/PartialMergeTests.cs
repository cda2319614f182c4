using System.Runtime.Intrinsics;
using NativeAttention.Cpu;

namespace NativeAttention.Tests.Cpu;

/// <summary>The merging of partial results, against the formula in float64.</summary>
public unsafe class PartialMergeTests
{
    private const int Dim = 16;
    private const int Stride = Dim + 2;

    [Test]
    public void Parts_are_weighted_by_their_maxima()
    {
        Random random = new(5);
        float[] parts = [.. Enumerable.Range(0, 5 * Stride).Select(_ => random.NextSingle() + 0.5f)];
        for (int part = 0; part < 5; part++)
        {
            parts[(part * Stride) + Dim] = random.Next(-40, 40);
        }

        double max = Enumerable.Range(0, 5).Max(p => parts[(p * Stride) + Dim]);
        double[] expected = new double[Stride];
        for (int n = 0; n < 5 * Stride; n++)
        {
            (int part, int d) = Math.DivRem(n, Stride);
            expected[d] += parts[n] * Math.Pow(2, parts[(part * Stride) + Dim] - max);
        }

        expected[Dim] = max;
        Check(parts, expected, 1e-6);
    }

    // What an empty part holds is not read; without any other there is nothing.
    [Test]
    public void Empty_parts_are_skipped()
    {
        float[] empty = Part(float.NaN, float.NegativeInfinity, 0), full = Part(3, -7, 2);
        Check([.. empty, .. full, .. empty], Array.ConvertAll(full, x => (double)x), 1e-6);
        Check([.. full, .. empty], Array.ConvertAll(full, x => (double)x), 1e-6);
        Check([.. empty, .. empty], Array.ConvertAll(Part(0, float.NegativeInfinity, 0), x => (double)x), 0);
    }

    [TestCase(5f, float.NaN)]
    [TestCase(float.NaN, float.NaN)]
    [TestCase(float.NegativeInfinity, float.NaN)]
    public void A_part_that_is_not_a_number_spoils_the_result(float max, float sum)
    {
        float[] bad = Part(float.NaN, max, sum), good = Part(1, 2, 3);
        foreach (float[] parts in new float[][] { [.. bad, .. good], [.. good, .. bad] })
        {
            fixed (float* p = parts)
            {
                PartialMerge<Width512, Vector512<float>>.IntoFirst(p, Dim, 2, Stride);
            }

            Assert.That(parts[0] / parts[Dim + 1], Is.NaN);
            Assert.That(parts[Dim + 1], Is.NaN);
        }
    }

    private static float[] Part(float output, float max, float sum) =>
        [.. Enumerable.Repeat(output, Dim), max, sum];

    private static void Check(float[] parts, double[] expected, double tolerance)
    {
        Check<Width512, Vector512<float>>(parts, expected, tolerance);
        Check<Width256, Vector256<float>>(parts, expected, tolerance);
        Check<Width128, Vector128<float>>(parts, expected, tolerance);
        Check<WidthScalar, float>(parts, expected, tolerance);
    }

    private static void Check<TWidth, TVector>(float[] parts, double[] expected, double tolerance)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        float[] copy = [.. parts];
        fixed (float* p = copy)
        {
            PartialMerge<TWidth, TVector>.IntoFirst(p, Dim, parts.Length / Stride, Stride);
        }

        Assert.That(copy.Take(Stride), Is.EqualTo(expected).Within(Math.Max(1e-30, tolerance * 20)));
    }
}
