namespace NativeAttention.Testing;

/// <summary>One gradient, and beside each element the magnitude of what was added up in it.</summary>
/// <param name="rows">Rows.</param>
/// <param name="dim">Elements of a row.</param>
/// <param name="scale">Factor that comes last.</param>
/// <param name="isElement">Whether it is stored in the element type; float32 if not.</param>
public sealed class PairGradient(int rows, int dim, double scale, bool isElement)
{
    /// <summary>The elements.</summary>
    public double[] Values { get; } = new double[rows * dim];

    /// <summary>The magnitudes: the scale of the error.</summary>
    public double[] Absolute { get; } = new double[rows * dim];

    /// <summary>For every row, whether it is part of any pair.</summary>
    public bool[] HasPairs { get; } = new bool[rows];

    internal void Add<TPrecision>(int row, double weight, ReadOnlySpan<double> vector, double magnitude,
        TPrecision precision)
        where TPrecision : struct, IPrecision
    {
        HasPairs[row] = true;
        Vectors.Add(weight, vector, Values.AsSpan(row * dim, dim), Absolute.AsSpan(row * dim, dim), magnitude,
            precision);
    }

    internal void Finish<TPrecision>(TPrecision precision)
        where TPrecision : struct, IPrecision
    {
        for (int i = 0; i < Values.Length; i++)
        {
            double value = precision.Result(Values[i] * scale);
            Values[i] = isElement ? precision.Element(value) : value;
            Absolute[i] *= Math.Abs(scale);
        }
    }
}

/// <summary>The gradients of everything that attention over pairs read.</summary>
public sealed class PairGradients
{
    internal PairGradients(PairInputs at)
    {
        Query = new(at.Pairs.QueryRows, at.HeadDim, at.Scale, true);
        Key = new(at.Pairs.KeyRows, at.HeadDim, at.Scale, true);
        Value = new(at.Pairs.KeyRows, at.ValueHeadDim, 1, true);
        Bias = new(at.Bias.Length, 1, 1, false);
    }

    /// <summary>Gradient of the queries.</summary>
    public PairGradient Query { get; }

    /// <summary>Gradient of the keys, additional ones behind the others.</summary>
    public PairGradient Key { get; }

    /// <summary>Gradient of the values, additional ones behind the others.</summary>
    public PairGradient Value { get; }

    /// <summary>Gradient of the bias.</summary>
    public PairGradient Bias { get; }

    internal void Finish<TPrecision>(TPrecision precision)
        where TPrecision : struct, IPrecision
    {
        Query.Finish(precision);
        Key.Finish(precision);
        Value.Finish(precision);
        Bias.Finish(precision);
    }
}
