using System.Numerics;
using System.Runtime.InteropServices;

namespace NativeAttention.Tool.Verification;

/// <summary>The two loops in which the references spend their time, several elements at a time.</summary>
internal static class Float64Vectors
{
    /// <summary>Sum of a[d] b[d], and of |a[d] b[d]|; in no particular order, which costs float64 nothing that matters.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b, out double magnitude)
    {
        ReadOnlySpan<Vector<double>> x = MemoryMarshal.Cast<double, Vector<double>>(a);
        ReadOnlySpan<Vector<double>> y = MemoryMarshal.Cast<double, Vector<double>>(b[..a.Length]);
        Vector<double> sums = default, magnitudes = default;
        for (int n = 0; n < x.Length; n++)
        {
            sums += x[n] * y[n];
            magnitudes += Vector.Abs(x[n] * y[n]);
        }

        double sum = Vector.Sum(sums);
        magnitude = Vector.Sum(magnitudes);
        for (int d = x.Length * Vector<double>.Count; d < a.Length; d++)
        {
            sum += a[d] * b[d];
            magnitude += Math.Abs(a[d] * b[d]);
        }

        return sum;
    }

    /// <summary>sum[d] += weight vector[d], and absolute[d] += |magnitude vector[d]|.</summary>
    public static void Add(double weight, ReadOnlySpan<double> vector, Span<double> sum, double magnitude,
        Span<double> absolute)
    {
        ReadOnlySpan<Vector<double>> v = MemoryMarshal.Cast<double, Vector<double>>(vector);
        Span<Vector<double>> sums = MemoryMarshal.Cast<double, Vector<double>>(sum[..vector.Length]);
        Span<Vector<double>> absolutes = MemoryMarshal.Cast<double, Vector<double>>(absolute[..vector.Length]);
        for (int n = 0; n < v.Length; n++)
        {
            sums[n] += new Vector<double>(weight) * v[n];
            absolutes[n] += Vector.Abs(new Vector<double>(magnitude) * v[n]);
        }

        for (int d = v.Length * Vector<double>.Count; d < vector.Length; d++)
        {
            sum[d] += weight * vector[d];
            absolute[d] += Math.Abs(magnitude * vector[d]);
        }
    }
}
