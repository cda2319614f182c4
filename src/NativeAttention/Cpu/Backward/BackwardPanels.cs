namespace NativeAttention.Cpu.Backward;

/// <summary>
/// Where the panels of one pass lie in a thread's scratch memory. Owned vectors lie across the lanes; each side
/// has two kinds of them: key and value, or query and gradient of the output.
/// </summary>
internal sealed class BackwardPanels : ScratchLayout
{
    /// <summary>Lays out the panels.</summary>
    /// <param name="lanes">Owned tokens of a tile, padded to a whole number of vectors.</param>
    /// <param name="rows">Most passing tokens of a tile.</param>
    /// <param name="headDim">Length of a query or key vector.</param>
    /// <param name="valueHeadDim">Length of a value vector.</param>
    /// <param name="spareRows">Rows that a product may overwrite after its result.</param>
    public BackwardPanels(int lanes, int rows, int headDim, int valueHeadDim, int spareRows)
    {
        Lanes = lanes;
        int most = Math.Max(lanes, rows);
        First = Take((long)headDim * lanes);
        Second = Take((long)valueHeadDim * lanes);
        Scores = Take((long)(rows + spareRows) * lanes);
        Slopes = Take((long)(rows + spareRows) * lanes);
        FirstSum = Take((long)(headDim + spareRows) * lanes);
        SecondSum = Take((long)(valueHeadDim + spareRows) * lanes);
        FirstRows = Take((long)most * headDim);
        SecondRows = Take((long)most * valueHeadDim);
        Lse = Take(most);
        Delta = Take(most);
        Low = Take(lanes);
        High = Take(lanes);
    }

    /// <summary>Lanes of every panel.</summary>
    public int Lanes { get; }

    /// <summary>K^T or Q^T, [head dim][lane], times scale * log2(e).</summary>
    public int First { get; }

    /// <summary>V^T or dO^T, [value dim][lane].</summary>
    public int Second { get; }

    /// <summary>Scores and then probabilities, [row][lane].</summary>
    public int Scores { get; }

    /// <summary>Gradients of the probabilities and then of the scores, [row][lane].</summary>
    public int Slopes { get; }

    /// <summary>dK^T or dQ^T, [head dim][lane], not yet scaled.</summary>
    public int FirstSum { get; }

    /// <summary>dV^T, [value dim][lane].</summary>
    public int SecondSum { get; }

    /// <summary>Rows of queries or keys as floats.</summary>
    public int FirstRows { get; }

    /// <summary>Rows of output gradients or values as floats.</summary>
    public int SecondRows { get; }

    /// <summary>Log-sum-exp of every query of the tile, be it a row or a lane.</summary>
    public int Lse { get; }

    /// <summary>Delta of every query of the tile.</summary>
    public int Delta { get; }

    /// <summary>First row that each lane sees in a run of rows.</summary>
    public int Low { get; }

    /// <summary>Last row that each lane sees in a run of rows.</summary>
    public int High { get; }
}
