using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using NativeAttention.Cpu;

namespace NativeAttention.Tests.Cpu;

/// <summary>The base-2 exponential of every vector width, against double.</summary>
public unsafe class Exp2Tests
{
    private const uint MinusZero = 0x80000000, MinusOne = 0xBF800000, MinusInfinity = 0xFF800000;
    private const int Sampling = 61;

    private static readonly Width[] Widths =
    [
        new(Width512.Name, Exp2<Width512, Vector512<float>>, Vector512.IsHardwareAccelerated,
            Avx512DQ.IsSupported ? 1.6e-7 : 2.4e-7),
        new(Width256.Name, Exp2<Width256, Vector256<float>>, Vector256.IsHardwareAccelerated, 2.4e-7),
        new(Width128.Name, Exp2<Width128, Vector128<float>>, Vector128.IsHardwareAccelerated, 2.4e-7),
        new(WidthScalar.Name, Exp2<WidthScalar, float>, true, 2.4e-7),
    ];

    // The reduction leaves x minus an integer. For every x below -1 that is also what some x in [-1, 0] leaves,
    // where floats are densest: so this is every argument that the polynomial can ever see, some 10^9 of them.
    // Vectors that the processor does not have are computed lane by lane: of these, one block in 61.
    [Test]
    public void Every_float_of_the_reduced_range()
    {
        Octaves octaves = new();
        float[] y = new float[Octaves.Block];
        double[] worst = new double[Widths.Length];
        uint blocks = (MinusOne - MinusZero) / Octaves.Block;
        for (uint block = 0; block < blocks; block++)
        {
            octaves.Move(MinusZero + (block * Octaves.Block));
            for (int n = 0; n < Widths.Length; n++)
            {
                if (Widths[n].Accelerated || block % Sampling == 0)
                {
                    Widths[n].Exp2(octaves.X, y);
                    worst[n] = Math.Max(worst[n], octaves.WorstError(y));
                }
            }
        }

        Assert.Multiple(() =>
        {
            foreach ((Width width, double error) in Widths.Zip(worst))
            {
                string sampled = width.Accelerated ? "" : $" (one in {Sampling})";
                TestContext.Out.WriteLine($"{width.Name}: largest relative error {error:E3}{sampled}");
                Assert.That(error, Is.InRange(1e-8, width.Bound), width.Name);
            }
        });
    }

    // Arguments above 0 are those of scores that exceed the maximum of the softmax. Below 2^-125 a result may be 0, or what it is; relative errors mean nothing there.
    [Test]
    public void Floats_of_the_whole_range_and_its_ends()
    {
        float[] x = [.. OneInAThousand(), float.NegativeInfinity, -1e30f, -151, 0, 8, float.NaN,
            BitConverter.UInt32BitsToSingle(0x7FC001FF), BitConverter.UInt32BitsToSingle(0xFFC00155)];
        Array.Resize(ref x, (x.Length + Octaves.Block - 1) / Octaves.Block * Octaves.Block);
        float[] y = new float[x.Length];
        foreach (Width width in Widths)
        {
            width.Exp2(x, y);
            for (int i = 0; i < x.Length; i++)
            {
                double exact = Math.Pow(2, x[i]);
                double allowed = x[i] <= -151 ? exact : Math.Max(width.Bound * exact, Math.ScaleB(1, -125));
                if (float.IsNaN(x[i]) ? !float.IsNaN(y[i]) : !(Math.Abs(y[i] - exact) <= allowed))
                {
                    Assert.Fail($"{width.Name}: 2^{x[i]:R} became {y[i]:R}");
                }
            }
        }
    }

    private static IEnumerable<float> OneInAThousand()
    {
        for (long bits = MinusZero; bits <= MinusInfinity; bits += 1009)
        {
            yield return BitConverter.UInt32BitsToSingle((uint)bits);
        }

        for (long bits = 0; bits <= BitConverter.SingleToUInt32Bits(64); bits += 1009)
        {
            yield return BitConverter.UInt32BitsToSingle((uint)bits);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exp2<TWidth, TVector>(float[] x, float[] y)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        fixed (float* from = x, to = y)
        {
            for (int i = 0; i < x.Length; i += TWidth.Count)
            {
                TWidth.Store(TWidth.Exp2(TWidth.Load(from + i)), to + i);
            }
        }
    }

    private sealed record Width(string Name, Action<float[], float[]> Exp2, bool Accelerated, double Bound);

    // Neighbouring floats x0, x0 - u, x0 - 2u, ...: 1 / 2^x is the product of 2^-x0 and a table of 2^(ku),
    // which changes with the exponent alone. Its own error is below 1e-15.
    private sealed class Octaves
    {
        public const int Block = 1024;
        private const int FractionBits = 23;
        private readonly double[] powers = new double[Block];
        private uint exponent = uint.MaxValue;
        private double inverse;

        public float[] X { get; } = new float[Block];

        public void Move(uint first)
        {
            float start = BitConverter.UInt32BitsToSingle(first);
            if (first >> FractionBits != exponent)
            {
                exponent = first >> FractionBits;
                double unit = (double)start - BitConverter.UInt32BitsToSingle(first + 1);
                for (int k = 0; k < Block; k++)
                {
                    powers[k] = Math.Pow(2, k * unit);
                }
            }

            inverse = Math.Pow(2, -(double)start);
            for (int k = 0; k < Block; k++)
            {
                X[k] = BitConverter.UInt32BitsToSingle(first + (uint)k);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public double WorstError(float[] y)
        {
            Vector<double> worst = Vector<double>.Zero, scale = new(inverse);
            for (int k = 0; k < Block; k += Vector<float>.Count)
            {
                Vector.Widen(new Vector<float>(y, k), out Vector<double> low, out Vector<double> high);
                worst = Vector.Max(worst, Vector.Max(Error(low, k), Error(high, k + Vector<double>.Count)));
            }

            double most = 0;
            for (int i = 0; i < Vector<double>.Count; i++)
            {
                most = Math.Max(most, worst[i]);
            }

            return most;

            Vector<double> Error(Vector<double> value, int k) =>
                Vector.Abs((value * scale * new Vector<double>(powers, k)) - Vector<double>.One);
        }
    }
}
