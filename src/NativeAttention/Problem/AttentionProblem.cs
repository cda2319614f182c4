using NativeAttention.Neighborhood;

namespace NativeAttention;

/// <summary>
/// One validated and lowered attention problem: what a backend plans from. It can only be made by
/// <see cref="Create"/>, so whoever holds one need not check shapes, strides, scale or mask again.
/// </summary>
/// <remarks>Immutable, and so safe to share between threads.</remarks>
public sealed class AttentionProblem
{
    private MapProblem? lowered;

    private AttentionProblem(ElementType elementType, AttentionShape shape, AttentionOptions options,
        LayoutStrides strides)
    {
        ElementType = elementType;
        Shape = shape;
        Options = options;
        Strides = strides;
        Scale = options.Scale ?? (float)(1.0 / Math.Sqrt(shape.HeadDim));
    }

    /// <summary>Element type of query, key, value and output.</summary>
    public ElementType ElementType { get; }

    /// <summary>The lengths.</summary>
    public AttentionShape Shape { get; }

    /// <summary>The options as given.</summary>
    public AttentionOptions Options { get; }

    /// <summary>The factor on every score: the given scale, or 1/sqrt(head dim).</summary>
    public float Scale { get; }

    /// <summary>
    /// Elements of storage that the query takes: its largest offset plus one, 0 when it has no elements.
    /// </summary>
    public long QueryStorageLength => TensorExtents.Query(Shape, Strides).RequiredLength;

    /// <summary>Elements of storage that the key takes.</summary>
    public long KeyStorageLength => TensorExtents.Key(Shape, Strides).RequiredLength;

    /// <summary>Elements of storage that the value takes.</summary>
    public long ValueStorageLength => TensorExtents.Value(Shape, Strides).RequiredLength;

    /// <summary>Elements of storage that the output takes.</summary>
    public long OutputStorageLength => TensorExtents.Output(Shape, Strides).RequiredLength;

    /// <summary>
    /// Elements of the log-sum-exp, dense [batch, query heads, queries]; [query heads, query tokens] when
    /// packed.
    /// </summary>
    public long LseLength => Strides.Packed is PackedTokens packed
        ? (long)Shape.QueryHeads * packed.Queries
        : (long)Shape.Batch * Shape.QueryHeads * Shape.QueryLength;

    /// <summary>Strides of the four tensors.</summary>
    internal LayoutStrides Strides { get; }

    /// <summary>
    /// A plain problem as a map of one line, which backward works on: made once, since its tables are as long as the
    /// sequence.
    /// </summary>
    internal MapProblem Lowered => lowered ??= MapProblem.Of(this); // two threads may make two equal ones

    /// <summary>The mask for sequences of the lengths of the shape.</summary>
    internal KeyBand Band => Visibility(Shape.QueryLength, Shape.KeyLength).Band;

    /// <summary>
    /// Whether the problem has nothing but shape, scale, layout and a band: no modifier, no operand, no
    /// prefix, one length for all sequences, as many key heads as value heads.
    /// </summary>
    internal bool IsPlain => PlainExceptWhy is null;

    /// <summary>The first thing that makes the problem not plain, for messages; null when it is.</summary>
    internal string? PlainExceptWhy =>
        Options.SoftCap is not null ? "a soft cap"
        : Visibility(Shape.QueryLength, Shape.KeyLength).PrefixKeys > 0 ? "a mask with a prefix"
        : Strides.Packed is not null ? "a packed layout"
        : Shape.ValueHeads != Shape.KeyValueHeads ? "value heads other than key heads"
        : Options.Operands.FirstName is string operand ? $"the operand {operand}"
        : null;

    /// <summary>The diagonal offset of a sequence.</summary>
    internal long DiagonalOffset(int queryLength, int keyLength) => Options.DiagonalOffset
        ?? (Options.Mask.IsTopLeft ? 0 : (long)keyLength - queryLength);

    /// <summary>The mask, lowered for a sequence of given lengths.</summary>
    internal KeyVisibility Visibility(int queryLength, int keyLength) =>
        Options.Mask.Lower(DiagonalOffset(queryLength, keyLength));

    /// <summary>Where the LSE of a sequence's first query of a head lies.</summary>
    internal long LseOffset(int batch, int head, in SequenceBounds sequence) =>
        Strides.Packed is PackedTokens packed
            ? ((long)head * packed.Queries) + sequence.QueryBegin
            : (((long)batch * Shape.QueryHeads) + head) * Shape.QueryLength;

    /// <summary>Checks everything that can be checked without tensors, and lowers the options.</summary>
    /// <param name="elementType">Element type of query, key, value and output.</param>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">Mask, scale, layout and hints.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The element type is none; batch or a length is negative; heads or a head dim are below 1.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// Query heads are no multiple of key or value heads; the scale is not finite; the soft cap is not above 0;
    /// the diagonal offset contradicts the mask; strides or type of an operand are not allowed; a member of the
    /// options is null; a stride is negative; output strides let two elements share an address; a tensor has offsets
    /// beyond 2^63 bytes; the most threads are below 1.
    /// </exception>
    public static AttentionProblem Create(ElementType elementType, AttentionShape shape,
        AttentionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ProblemRules.CheckValues(elementType, shape, options);
        LayoutStrides strides = options.Layout.Resolve(shape);
        ProblemRules.CheckStrides(elementType, shape, strides);
        OperandRules.Check(elementType, options, strides.Packed);
        return new AttentionProblem(elementType, shape, options, strides);
    }
}
