namespace NativeAttention.Cpu;

/// <summary>
/// Where the panels of the decode kernel lie in the scratch memory of a thread, in floats. Every panel begins
/// a cache line.
/// </summary>
internal sealed class DecodePanels
{
    private const int LineFloats = 16;
    private int total;

    /// <summary>Lays out the panels.</summary>
    /// <param name="rows">Rows of a tile.</param>
    /// <param name="width">Lanes of a vector.</param>
    /// <param name="headDim">Length of a query or key vector.</param>
    /// <param name="valueHeadDim">Length of a value vector.</param>
    /// <param name="widenedKeys">Keys of a strip that is widened into scratch memory; 0 for none.</param>
    public DecodePanels(int rows, int width, int headDim, int valueHeadDim, int widenedKeys)
    {
        QueryFloats = RoundUp(headDim, width);
        OutputFloats = RoundUp(valueHeadDim, width);
        ScoreStride = KeySplit.ChunkKeys + LineFloats;
        StateStride = RoundUp(OutputFloats + 2, LineFloats);
        Query = Take((long)rows * QueryFloats);
        Scores = Take((long)rows * ScoreStride);
        States = Take((long)rows * StateStride);
        Row = Take(valueHeadDim);
        Widened = Take((long)widenedKeys * Math.Max(headDim, valueHeadDim));
    }

    /// <summary>Floats of a packed query: whole vectors.</summary>
    public int QueryFloats { get; }

    /// <summary>Floats of an accumulated output: whole vectors.</summary>
    public int OutputFloats { get; }

    /// <summary>Floats from a row of scores to the next.</summary>
    public int ScoreStride { get; }

    /// <summary>Floats from the state of a row to the next: output, m, l.</summary>
    public int StateStride { get; }

    /// <summary>Queries, packed for the score product.</summary>
    public int Query { get; }

    /// <summary>s[row][key] and then p[row][key] of a chunk.</summary>
    public int Scores { get; }

    /// <summary>State of every row, when there is nothing to merge.</summary>
    public int States { get; }

    /// <summary>One output vector, for conversion.</summary>
    public int Row { get; }

    /// <summary>A strip of keys or values as floats.</summary>
    public int Widened { get; }

    /// <summary>Floats in all.</summary>
    public int Total => total;

    private int Take(long floats)
    {
        int start = total;
        total = checked((int)(total + RoundUp(floats, LineFloats)));
        return start;
    }

    private static int RoundUp(int value, int multiple) => (int)RoundUp((long)value, multiple);

    private static long RoundUp(long value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
