using System.Runtime.Intrinsics;
using NativeAttention.Cpu;

namespace NativeAttention.Tests.Cpu;

/// <summary>The vector operations of every width, against scalar arithmetic.</summary>
public unsafe class VectorWidthTests
{
    [Test]
    public void Lanes_are_numbered_selected_and_compared()
    {
        CheckLanes<Width512, Vector512<float>>();
        CheckLanes<Width256, Vector256<float>>();
        CheckLanes<Width128, Vector128<float>>();
        CheckLanes<WidthScalar, float>();
    }

    // Every kernel shape of the product: rows and lanes that end inside a block, strides both ways, with and
    // without the old result.
    [Test]
    public void The_panel_product_agrees_with_a_plain_loop()
    {
        CheckProduct<Width512, Vector512<float>>();
        CheckProduct<Width256, Vector256<float>>();
        CheckProduct<Width128, Vector128<float>>();
        CheckProduct<WidthScalar, float>();
    }

    private static float Lane<TWidth, TVector>(TVector v, int lane)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        float* lanes = stackalloc float[TWidth.Count];
        TWidth.Store(v, lanes);
        return lanes[lane];
    }

    private static void CheckLanes<TWidth, TVector>()
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        TVector yes = TWidth.Broadcast(1), no = TWidth.Broadcast(2);
        for (int lane = 0; lane < TWidth.Count; lane++)
        {
            TVector between = TWidth.SelectBetween(
                TWidth.Indices, TWidth.Broadcast(1), TWidth.Broadcast(TWidth.Count - 2), yes, no);
            bool inside = lane >= 1 && lane <= TWidth.Count - 2;
            Assert.Multiple(() =>
            {
                Assert.That(Lane<TWidth, TVector>(TWidth.Indices, lane), Is.EqualTo(lane));
                Assert.That(Lane<TWidth, TVector>(between, lane), Is.EqualTo(inside ? 1 : 2));
            });
        }

        TVector empty = TWidth.ReplaceNegativeInfinity(TWidth.Broadcast(float.NegativeInfinity), yes);
        Assert.Multiple(() =>
        {
            Assert.That(Lane<TWidth, TVector>(empty, 0), Is.EqualTo(1));
            Assert.That(Lane<TWidth, TVector>(TWidth.ReplaceNegativeInfinity(no, yes), 0), Is.EqualTo(2));
            Assert.That(Lane<TWidth, TVector>(TWidth.Max(yes, no), 0), Is.EqualTo(2));
            Assert.That(Lane<TWidth, TVector>(TWidth.Max(no, TWidth.Broadcast(float.NegativeInfinity)), 0),
                Is.EqualTo(2));
        });
    }

    private static void CheckProduct<TWidth, TVector>()
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        Random random = new(8);
        foreach (int vectors in new[] { 1, 2, 4 })
        {
            int lanes = vectors * TWidth.Count;
            foreach ((int rows, int steps, bool transposed, bool accumulate) in new[]
                { (1, 1, false, false), (6, 7, false, true), (7, 3, true, false), (11, 64, true, true),
                    (12, 0, false, true) })
            {
                float[] a = Numbers(random, rows * Math.Max(1, steps)),
                    b = Numbers(random, Math.Max(1, steps) * lanes);
                float[] factor = Numbers(random, lanes), c = Numbers(random, (rows + 5) * lanes),
                    before = [.. c];
                nint rowStride = transposed ? 1 : steps, stepStride = transposed ? rows : 1;
                fixed (float* pa = a, pb = b, pc = c, pf = factor)
                {
                    PanelProduct<TWidth, TVector>.Multiply(
                        pc, rows, pa, rowStride, stepStride, pb, steps, lanes, accumulate ? pf : null);
                }

                for (int n = 0; n < rows * lanes; n++)
                {
                    (int row, int lane) = Math.DivRem(n, lanes);
                    double sum = accumulate ? before[n] * factor[lane] : 0;
                    for (int k = 0; k < steps; k++)
                    {
                        sum += (double)a[(row * rowStride) + (k * stepStride)] * b[(k * lanes) + lane];
                    }

                    Assert.That(c[n], Is.EqualTo(sum).Within(1e-5),
                        $"{TWidth.Name} {rows} x {lanes} x {steps}: {n}");
                }
            }
        }
    }

    private static float[] Numbers(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
}
