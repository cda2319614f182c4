using System.Numerics;
using System.Runtime.InteropServices;

namespace NativeAttention.Testing;

/// <summary>The two loops that references spend their time in, several elements at a time, in float64.</summary>
internal static class Vectors
{
    /// <summary>
    /// Sum of a[d] b[d], and of |a[d] b[d]|. Lanes are added up apart, which float64 does not care about at 2^-53.
    /// </summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b, out double magnitude)
    {
        ReadOnlySpan<Vector<double>> x = Of(a), y = Of(b[..a.Length]);
        Vector<double> dots = default, magnitudes = default;
        for (int n = 0; n < x.Length; n++)
        {
            Vector<double> products = x[n] * y[n];
            dots += products;
            magnitudes += Vector.Abs(products);
        }

        double dot = Vector.Sum(dots);
        magnitude = Vector.Sum(magnitudes);
        for (int d = x.Length * Vector<double>.Count; d < a.Length; d++)
        {
            dot += a[d] * b[d];
            magnitude += Math.Abs(a[d] * b[d]);
        }

        return dot;
    }

    /// <summary>sum[d] += weight vector[d], and absolute[d] += |magnitude vector[d]|, each step rounded.</summary>
    public static void Add<TPrecision>(double weight, ReadOnlySpan<double> vector, Span<double> sum,
        Span<double> absolute, double magnitude, TPrecision precision)
        where TPrecision : struct, IPrecision
    {
        ReadOnlySpan<Vector<double>> v = Of(vector);
        Span<Vector<double>> sums = MemoryMarshal.Cast<double, Vector<double>>(sum[..vector.Length]);
        Span<Vector<double>> absolutes = MemoryMarshal.Cast<double, Vector<double>>(absolute[..vector.Length]);
        Vector<double> weights = new(weight), magnitudes = new(magnitude);
        for (int n = 0; n < v.Length; n++)
        {
            sums[n] = precision.Result(sums[n] + (weights * v[n]));
            absolutes[n] += Vector.Abs(magnitudes * v[n]);
        }

        for (int d = v.Length * Vector<double>.Count; d < vector.Length; d++)
        {
            sum[d] = precision.Result(sum[d] + (weight * vector[d]));
            absolute[d] += Math.Abs(magnitude * vector[d]);
        }
    }

    private static ReadOnlySpan<Vector<double>> Of(ReadOnlySpan<double> values) =>
        MemoryMarshal.Cast<double, Vector<double>>(values);
}
