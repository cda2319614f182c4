using System.Numerics;

namespace NativeAttention.Testing;

/// <summary>In what precision <see cref="PairAttention"/> computes.</summary>
public interface IPrecision
{
    /// <summary>The result of one operation.</summary>
    double Result(double value);

    /// <summary>The results of one operation on several elements.</summary>
    Vector<double> Result(Vector<double> values);

    /// <summary>A product of two vectors, and the sum of the magnitudes of what is added up in it.</summary>
    double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b, out double magnitude);

    /// <summary>What is stored as an element, or goes into a product as one.</summary>
    double Element(double value);
}

/// <summary>Float64 throughout: the reference.</summary>
public readonly struct FullPrecision : IPrecision
{
    /// <inheritdoc/>
    public double Result(double value) => value;

    /// <inheritdoc/>
    public Vector<double> Result(Vector<double> values) => values;

    /// <inheritdoc/>
    public double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b, out double magnitude) =>
        Vectors.Dot(a, b, out magnitude);

    /// <inheritdoc/>
    public double Element(double value) => value;
}

/// <summary>
/// What plain attention does in the precision of its inputs: float32 steps in order of index, P and dS rounded to
/// the element type before the second product, results rounded. Its error is the yardstick.
/// </summary>
/// <param name="type">The element type.</param>
public readonly struct PlainPrecision(ElementType type) : IPrecision
{
    /// <inheritdoc/>
    public double Result(double value) => (float)value;

    /// <inheritdoc/>
    public Vector<double> Result(Vector<double> values)
    {
        Vector.Widen(Vector.Narrow(values, values), out Vector<double> rounded, out _);
        return rounded;
    }

    /// <inheritdoc/>
    public double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b, out double magnitude)
    {
        float dot = 0;
        magnitude = 0;
        for (int d = 0; d < a.Length; d++)
        {
            // Elements are float32, and so is each sum of the exact product and those before.
            dot = MathF.FusedMultiplyAdd((float)a[d], (float)b[d], dot);
            magnitude += Math.Abs(a[d] * b[d]);
        }

        return dot;
    }

    /// <inheritdoc/>
    public double Element(double value) => Elements.Round(type, value);
}
