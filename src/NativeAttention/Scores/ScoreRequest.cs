namespace NativeAttention;

/// <summary>
/// What a pass over the scores returns: the scores themselves, for small problems, and statistics of the
/// probabilities p, which never need the whole map. The pass reads query and key only.
/// </summary>
public sealed record ScoreRequest
{
    /// <summary>The scores of a stage, [batch, query heads, queries, keys]; null for none.</summary>
    public ScoreStage? Scores { get; init; }

    /// <summary>
    /// Whether to sum p over the queries, [batch, query heads, keys]: how much attention each key gets, as
    /// cache eviction needs it (H2O, arXiv 2306.14048).
    /// </summary>
    public bool ColumnSums { get; init; }

    /// <summary>
    /// Whether to return the entropy of each row, - sum of p ln p over the keys, in nats, [batch, query heads,
    /// queries].
    /// </summary>
    public bool RowEntropy { get; init; }

    /// <summary>
    /// Side of the square blocks whose largest p is returned, [batch, query heads, query blocks, key blocks];
    /// null for none. This is what block gates are trained on (SeerAttention, arXiv 2410.13276).
    /// </summary>
    public int? BlockMaxima { get; init; }

    /// <summary>Whether anything that is asked for needs the log-sum-exp of an attention run.</summary>
    public bool NeedsLse =>
        Scores == ScoreStage.Probabilities || ColumnSums || RowEntropy || BlockMaxima is not null;

    /// <summary>Elements of the scores.</summary>
    internal Int128 ScoresLength(AttentionShape s) => Scores is null ? 0
        : (Int128)s.Batch * s.QueryHeads * s.QueryLength * s.KeyLength;

    /// <summary>Elements of the column sums.</summary>
    internal Int128 ColumnSumsLength(AttentionShape s) =>
        ColumnSums ? (Int128)s.Batch * s.QueryHeads * s.KeyLength : 0;

    /// <summary>Elements of the entropies.</summary>
    internal Int128 RowEntropyLength(AttentionShape s) =>
        RowEntropy ? (Int128)s.Batch * s.QueryHeads * s.QueryLength : 0;

    /// <summary>Elements of the block maxima.</summary>
    internal Int128 BlockMaximaLength(AttentionShape s) => BlockMaxima is int side
        ? (Int128)s.Batch * s.QueryHeads * Blocks(s.QueryLength, side) * Blocks(s.KeyLength, side)
        : 0;

    /// <summary>Blocks of a length.</summary>
    internal static int Blocks(int length, int side) => (int)(((long)length + side - 1) / side);

    /// <summary>Refuses requests that mean nothing.</summary>
    internal void Check()
    {
        if (BlockMaxima is int side && side < 1)
        {
            throw new ArgumentException($"BlockMaxima is {side}: the side of a block must be 1 or more (null "
                + "means none).", "request");
        }

        if (Scores is ScoreStage stage && !Enum.IsDefined(stage))
        {
            throw new ArgumentException($"Scores is {stage}: it must be a stage or null.", "request");
        }

        if (Scores is null && !ColumnSums && !RowEntropy && BlockMaxima is null)
        {
            throw new ArgumentException("The request asks for nothing: set Scores, ColumnSums, RowEntropy or "
                + "BlockMaxima.", "request");
        }
    }
}
