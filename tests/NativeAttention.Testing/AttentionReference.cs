namespace NativeAttention.Testing;

/// <summary>What the reference computed, with the magnitudes that error bounds need.</summary>
public sealed class AttentionReference
{
    internal AttentionReference(int rows, int valueHeadDim)
    {
        Output = new double[(long)rows * valueHeadDim];
        AbsoluteOutput = new double[Output.Length];
        Lse = new double[rows];
        HasKeys = new bool[rows];
        Array.Fill(Lse, double.NegativeInfinity);
    }

    /// <summary>Output, dense [batch, query heads, queries, value head dim].</summary>
    public double[] Output { get; }

    /// <summary>Natural-log log-sum-exp, dense [batch, query heads, queries].</summary>
    public double[] Lse { get; }

    /// <summary>Sum of p |v| for every output element: the scale of the error of the value product.</summary>
    public double[] AbsoluteOutput { get; }

    /// <summary>For every row, whether it sees any key.</summary>
    public bool[] HasKeys { get; }

    /// <summary>Largest |scale| * sum |q||k| of a visible pair: the scale of the error of a score.</summary>
    public double ScoreMagnitude { get; private set; }

    internal void Saw(int row, double magnitude)
    {
        HasKeys[row] = true;
        ScoreMagnitude = double.IsFinite(magnitude) ? Math.Max(ScoreMagnitude, magnitude) : ScoreMagnitude;
    }
}
