namespace NativeAttention.Testing;

/// <summary>One key of a query.</summary>
/// <param name="Key">Row of the key among all rows of keys.</param>
/// <param name="Bias">Entry of the bias that is added; -1 for none.</param>
public readonly record struct Pair(int Key, int Bias);

/// <summary>
/// Which rows of keys each row of queries sees: all that a reference needs to know of a problem. A row is one
/// token of one batch index and head.
/// </summary>
public abstract class AttentionPairs
{
    /// <summary>Rows of queries.</summary>
    public abstract int QueryRows { get; }

    /// <summary>Rows of keys, additional ones behind the others.</summary>
    public abstract int KeyRows { get; }

    /// <summary>Lists the keys of a row of queries.</summary>
    public abstract void List(int row, List<Pair> pairs);
}

/// <summary>The pairs of dense attention; rows lie [batch, heads, sequence].</summary>
/// <param name="shape">The lengths.</param>
/// <param name="visible">Which keys each query may see.</param>
public sealed class DensePairs(AttentionShape shape, ReferenceAttention.Visibility visible) : AttentionPairs
{
    /// <inheritdoc/>
    public override int QueryRows => shape.Batch * shape.QueryHeads * shape.QueryLength;

    /// <inheritdoc/>
    public override int KeyRows => shape.Batch * shape.KeyValueHeads * shape.KeyLength;

    /// <inheritdoc/>
    public override void List(int row, List<Pair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        (int head, int i) = Math.DivRem(row, shape.QueryLength); // head counts through the batch
        int first = head / (shape.QueryHeads / shape.KeyValueHeads) * shape.KeyLength;
        pairs.AddRange(Enumerable.Range(0, shape.KeyLength).Where(j => visible(i, j))
            .Select(j => new Pair(first + j, -1)));
    }
}

/// <summary>
/// The pairs of neighborhood attention; rows lie [heads, tokens of the whole batch], and behind those of the keys lie
/// those of the additional keys, [heads, samples, extra keys].
/// </summary>
public sealed class NeighborhoodPairs : AttentionPairs
{
    private readonly NeighborhoodShape shape;
    private readonly PatternSpec[] patterns;
    private readonly bool bias;
    private readonly (GridShape Queries, GridShape Keys, int FirstQuery, int FirstKey)[] samples;

    /// <summary>The pairs of a shape.</summary>
    /// <param name="shape">The lengths.</param>
    /// <param name="patterns">A pattern for each query head.</param>
    /// <param name="bias">Whether there is a relative bias.</param>
    public NeighborhoodPairs(NeighborhoodShape shape, PatternSpec[] patterns, bool bias)
    {
        ArgumentNullException.ThrowIfNull(shape);
        this.shape = shape;
        this.patterns = patterns;
        this.bias = bias;
        samples = new (GridShape, GridShape, int, int)[shape.Batch];
        for (int n = 0; n < samples.Length; n++)
        {
            GridShape queries = shape.RaggedGrids?[n] ?? shape.Grid, keys = shape.KeyGrid ?? queries;
            samples[n] = (queries, keys, QueryTokens, KeyTokens);
            QueryTokens += (int)queries.Tokens;
            KeyTokens += (int)keys.Tokens;
        }
    }

    /// <summary>Query tokens of the whole batch.</summary>
    public int QueryTokens { get; }

    /// <summary>Key tokens of the whole batch.</summary>
    public int KeyTokens { get; }

    /// <inheritdoc/>
    public override int QueryRows => QueryTokens * shape.QueryHeads;

    /// <inheritdoc/>
    public override int KeyRows => (KeyTokens + (shape.Batch * shape.ExtraKeys)) * shape.KeyValueHeads;

    /// <inheritdoc/>
    public override void List(int row, List<Pair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        (int head, int token) = Math.DivRem(row, QueryTokens);
        int keyHead = head / (shape.QueryHeads / shape.KeyValueHeads);
        int n = Array.FindLastIndex(samples, s => s.FirstQuery <= token);
        var sample = samples[n];
        PatternSpec pattern = patterns[head];
        foreach ((int key, int entry) in pattern.Keys(token - sample.FirstQuery, sample.Queries, sample.Keys))
        {
            pairs.Add(new Pair((keyHead * KeyTokens) + sample.FirstKey + key,
                bias ? (head * pattern.BiasEntries) + entry : -1));
        }

        int extra = (shape.KeyValueHeads * KeyTokens) + (((keyHead * shape.Batch) + n) * shape.ExtraKeys);
        pairs.AddRange(Enumerable.Range(extra, shape.ExtraKeys).Select(key => new Pair(key, -1)));
    }
}
