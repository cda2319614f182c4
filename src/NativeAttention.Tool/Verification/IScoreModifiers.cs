namespace NativeAttention.Tool.Verification;

/// <summary>What modifiers mean for the scores of a row, of batch, head and query.</summary>
internal interface IScoreModifiers
{
    /// <summary>Whether the row sees key j.</summary>
    public bool Sees(int row, int j);

    /// <summary>The score of key j from the scaled product of query and key.</summary>
    public double Score(int row, int j, double scaled);

    /// <summary>The row's logit without a value; minus infinity when there is none.</summary>
    public double Sink(int row);

    /// <summary>The factor on the row's output.</summary>
    public double Gate(int row);
}
