namespace NativeAttention.Benchmarks.Problems;

/// <summary>A problem of dense attention with all that its modifiers say: lengths of sequences, operands.</summary>
internal sealed class DenseProblem
{
    private readonly Func<AttentionShape, int, (int Queries, int Keys)>? _lengths;

    /// <summary>Applies modifiers to options.</summary>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Lengths.</param>
    /// <param name="plain">The options without them.</param>
    /// <param name="modifiers">The modifiers, in the order of <see cref="Modifier.Names"/>.</param>
    /// <exception cref="ArgumentException">The library refuses the problem.</exception>
    /// <exception cref="FormatException">Two options contradict each other.</exception>
    public DenseProblem(
        ElementType type, AttentionShape shape, AttentionOptions plain, IReadOnlyList<Modifier> modifiers)
    {
        Modifiers = modifiers;
        Problem = AttentionProblem.Create(type, shape, modifiers.Aggregate(plain, (o, m) => m.Apply(o, shape)));
        _lengths = modifiers.Select(m => m.Lengths).FirstOrDefault(lengths => lengths is not null);
        Starts = [(0, 0), .. Sums()];
    }

    /// <summary>The problem as the library plans it.</summary>
    public AttentionProblem Problem { get; }

    /// <summary>What it has beside plain attention.</summary>
    public IReadOnlyList<Modifier> Modifiers { get; }

    /// <summary>Lengths of the longest sequence.</summary>
    public AttentionShape Shape => Problem.Shape;

    /// <summary>Options, modifiers applied.</summary>
    public AttentionOptions Options => Problem.Options;

    /// <summary>Where sequences begin when one follows the other, and where the last one ends.</summary>
    public IReadOnlyList<(int Query, int Key)> Starts { get; }

    /// <summary>Tokens of a packed layout; null for any other.</summary>
    public PackedTokens? Packed => Problem.Strides.Packed;

    /// <summary>Queries and keys of a sequence of the batch that count.</summary>
    public (int Queries, int Keys) Lengths(int batch) =>
        _lengths?.Invoke(Shape, batch) ?? (Shape.QueryLength, Shape.KeyLength);

    private IEnumerable<(int Query, int Key)> Sums()
    {
        (int query, int key) = (0, 0);
        for (int batch = 0; batch < Shape.Batch; batch++)
        {
            (int queries, int keys) = Lengths(batch);
            yield return (query += queries, key += keys);
        }
    }
}
