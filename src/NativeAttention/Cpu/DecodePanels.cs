namespace NativeAttention.Cpu;

/// <summary>
/// Where the panels of the decode kernel lie in the scratch memory of a thread, in floats: first those of the
/// thread, then for every key/value head of a tile its own. Every panel begins a cache line.
/// </summary>
internal sealed class DecodePanels
{
    private const int LineFloats = 16;

    /// <summary>Lays out the panels.</summary>
    /// <param name="rows">Rows of a tile that read the same key/value head.</param>
    /// <param name="span">Elements that are read at once.</param>
    /// <param name="headDim">Length of a query or key vector.</param>
    /// <param name="valueHeadDim">Length of a value vector.</param>
    /// <param name="widenedKeys">Keys of a strip that is widened into scratch memory; 0 for none.</param>
    public DecodePanels(int rows, int span, int headDim, int valueHeadDim, int widenedKeys)
    {
        QueryFloats = RoundUp(headDim, span);
        OutputFloats = RoundUp(valueHeadDim, span);
        StateStride = StateStrideOf(valueHeadDim, span);
        StateFloats = checked(rows * StateStride);
        Widened = RoundUp(valueHeadDim, LineFloats);
        Terms = checked(Widened + RoundUp(widenedKeys * Math.Max(QueryFloats, OutputFloats), LineFloats));
        Ordered = checked(Terms + ScoreStride);
        Heads = checked(Ordered + ScoreStride);
        Scores = RoundUp(checked(rows * QueryFloats), LineFloats);
        States = checked(Scores + (rows * ScoreStride));
        HeadFloats = checked(States + StateFloats);
    }

    /// <summary>Floats from a row of scores to the next.</summary>
    public static int ScoreStride => KeySplit.ChunkKeys + LineFloats;

    /// <summary>Floats from the state of a row to the next.</summary>
    public static int StateStrideOf(int valueHeadDim, int span) => RoundUp(RoundUp(valueHeadDim, span) + 2, LineFloats);

    /// <summary>Floats of a packed query: whole spans.</summary>
    public int QueryFloats { get; }

    /// <summary>Floats of an accumulated output: whole spans.</summary>
    public int OutputFloats { get; }

    /// <summary>Floats from the state of a row to the next: output, m, l.</summary>
    public int StateStride { get; }

    /// <summary>Floats of the states of all rows of a head.</summary>
    public int StateFloats { get; }

    /// <summary>
    /// A strip of keys or values as floats; before it, at 0, one output vector for conversion.
    /// </summary>
    public int Widened { get; }

    /// <summary>What is added to a row of scores.</summary>
    public int Terms { get; }

    /// <summary>A row of scores in the order of the keys.</summary>
    public int Ordered { get; }

    /// <summary>The panels of the first key/value head; its queries, packed, come first.</summary>
    public int Heads { get; }

    /// <summary>From a head's queries to its s[row][key], later p[row][key], of a chunk.</summary>
    public int Scores { get; }

    /// <summary>From a head's queries to the states of its rows, where there is nothing to merge.</summary>
    public int States { get; }

    /// <summary>Floats from the panels of a head to those of the next.</summary>
    public int HeadFloats { get; }

    private static int RoundUp(int value, int multiple) =>
        checked((value + multiple - 1) / multiple * multiple);
}
