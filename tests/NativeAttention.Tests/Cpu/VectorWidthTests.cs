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
            TVector others = TWidth.Broadcast(lane);
            bool last = lane == TWidth.Count - 1;
            Assert.Multiple(() =>
            {
                Assert.That(Lane<TWidth, TVector>(TWidth.Indices, lane), Is.EqualTo(lane));
                Assert.That(TWidth.AnyGreater(TWidth.Indices, others), Is.EqualTo(!last));
                Assert.That(Lane<TWidth, TVector>(between, lane), Is.EqualTo(inside ? 1 : 2));
            });
        }

        TVector empty = TWidth.ReplaceNegativeInfinity(TWidth.Broadcast(float.NegativeInfinity), yes);
        Assert.Multiple(() =>
        {
            Assert.That(Lane<TWidth, TVector>(empty, 0), Is.EqualTo(1));
            Assert.That(Lane<TWidth, TVector>(TWidth.ReplaceNegativeInfinity(no, yes), 0), Is.EqualTo(2));
            Assert.That(Lane<TWidth, TVector>(TWidth.Max(yes, no), 0), Is.EqualTo(2));
            Assert.That(TWidth.AnyGreater(TWidth.Broadcast(float.NaN), no), Is.False);
            Assert.That(Lane<TWidth, TVector>(TWidth.Max(no, TWidth.Broadcast(float.NegativeInfinity)), 0),
                Is.EqualTo(2));
        });
    }

    private static void CheckProduct<TWidth, TVector>()
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        Random random = new(8);
        foreach (int vectors in Enumerable.Range(1, 9))
        {
            foreach (PanelStart start in Enum.GetValues<PanelStart>())
            {
                foreach (int rows in Enumerable.Range(1, 20))
                {
                    CheckProduct<TWidth, TVector>(random, rows, random.Next(9), vectors * TWidth.Count, start,
                        transposed: random.Next(2) == 0);
                }
            }
        }
    }

    private static void CheckProduct<TWidth, TVector>(Random random, int rows, int steps, int lanes,
        PanelStart start, bool transposed)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        int stride = lanes + 3, stored = rows + PanelProduct<TWidth, TVector>.SpareRows;
        float[] a = Numbers(random, rows * Math.Max(1, steps)), b = Numbers(random, (steps + 1) * stride);
        float[] factor = Numbers(random, lanes), c = Numbers(random, (stored + 1) * stride), before = [.. c];
        nint rowStride = transposed ? 1 : steps, stepStride = transposed ? rows : 1;
        fixed (float* pa = a, pb = b, pc = c, pf = factor)
        {
            BroadcastOperand operand = new()
            {
                Start = pa,
                Rows = rows,
                RowStride = rowStride,
                Steps = steps,
                StepStride = stepStride,
            };
            PanelProduct<TWidth, TVector>.Multiply(pc, operand, pb, stride, lanes, start, pf);
        }

        for (int n = 0; n < c.Length; n++)
        {
            (int row, int lane) = Math.DivRem(n, stride);
            if (lane >= lanes || row >= stored)
            {
                Assert.That(c[n], Is.EqualTo(before[n]), $"{TWidth.Name}: {row}, {lane} lies outside");
            }
            else if (row < rows)
            {
                double sum = start == PanelStart.Zero ? 0
                    : before[n] * (start == PanelStart.Keep ? 1.0 : factor[lane]);
                for (int k = 0; k < steps; k++)
                {
                    sum += (double)a[(row * rowStride) + (k * stepStride)] * b[(k * stride) + lane];
                }

                Assert.That(c[n], Is.EqualTo(sum).Within(1e-5),
                    $"{TWidth.Name} {rows} x {lanes} x {steps}, {start}: {row}, {lane}");
            }
        }
    }

    private static float[] Numbers(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
}
