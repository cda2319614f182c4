using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

/// <summary>
/// The lengths of one attention problem, all in elements. Query heads are split evenly over key/value heads
/// (grouped-query attention): query head h reads key head h * KeyValueHeads / QueryHeads, and value head
/// h * ValueHeads / QueryHeads. The two numbers of heads are the same unless <see cref="ValueHeads"/> is given
/// (DiffQKV, arXiv 2501.13629).
/// </summary>
/// <remarks>
/// Batch and the lengths may be 0 (the result is then empty, or all rows see nothing: output 0, LSE minus
/// infinity). Heads and head dims must be at least 1. The shape is a plain value; it is checked when a
/// problem is made of it.
/// </remarks>
public readonly record struct AttentionShape
{
    private const int Rank = 4;
    private readonly int? valueHeads;

    /// <summary>Makes a shape.</summary>
    /// <param name="Batch">Number of independent sequences.</param>
    /// <param name="QueryLength">Queries of one sequence (Sq).</param>
    /// <param name="KeyLength">Keys, and so values, of one sequence (Sk).</param>
    /// <param name="QueryHeads">
    /// Heads of query and output (Hq); a multiple of <paramref name="KeyValueHeads"/>.
    /// </param>
    /// <param name="KeyValueHeads">Heads of key and value (Hkv).</param>
    /// <param name="HeadDim">Length of one query or key vector (D).</param>
    /// <param name="ValueHeadDim">
    /// Length of one value or output vector (Dv); null means the same as <paramref name="HeadDim"/>.
    /// </param>
#pragma warning disable CA1707, IDE1006 // named like the properties they set
    public AttentionShape(int Batch, int QueryLength, int KeyLength, int QueryHeads, int KeyValueHeads,
        int HeadDim, int? ValueHeadDim = null)
#pragma warning restore CA1707, IDE1006
    {
        this.Batch = Batch;
        this.QueryLength = QueryLength;
        this.KeyLength = KeyLength;
        this.QueryHeads = QueryHeads;
        this.KeyValueHeads = KeyValueHeads;
        this.HeadDim = HeadDim;
        this.ValueHeadDim = ValueHeadDim ?? HeadDim;
    }

    /// <summary>Number of independent sequences.</summary>
    public int Batch { get; init; }

    /// <summary>Queries of one sequence (Sq).</summary>
    public int QueryLength { get; init; }

    /// <summary>Keys, and so values, of one sequence (Sk).</summary>
    public int KeyLength { get; init; }

    /// <summary>Heads of query and output (Hq).</summary>
    public int QueryHeads { get; init; }

    /// <summary>Heads of the key (Hk), and of the value unless <see cref="ValueHeads"/> is set.</summary>
    public int KeyValueHeads { get; init; }

    /// <summary>
    /// Heads of the value (Hv); as many as <see cref="KeyValueHeads"/> unless set.
    /// </summary>
    public int ValueHeads
    {
        get => valueHeads ?? KeyValueHeads;
        init => valueHeads = value;
    }

    /// <summary>Length of one query or key vector (D).</summary>
    public int HeadDim { get; init; }

    /// <summary>Length of one value or output vector (Dv).</summary>
    public int ValueHeadDim { get; init; }

    /// <summary>Whether all lengths are the same, however the value heads came to be.</summary>
    /// <param name="other">Another shape.</param>
    public bool Equals(AttentionShape other) => AllLengths == other.AllLengths;

    /// <inheritdoc/>
    public override int GetHashCode() => AllLengths.GetHashCode();

    private (int, int, int, int, int, int, int, int) AllLengths => (
        Batch, QueryLength, KeyLength, QueryHeads, KeyValueHeads, ValueHeads, HeadDim, ValueHeadDim);

    /// <summary>
    /// The shape that three tensors make together, with every disagreement between them named.
    /// </summary>
    /// <param name="layout">
    /// Order of the axes: <see cref="AttentionLayout.Bshd"/> or <see cref="AttentionLayout.Bhsd"/>.
    /// </param>
    /// <param name="query">The four lengths of the query.</param>
    /// <param name="key">The four lengths of the key.</param>
    /// <param name="value">The four lengths of the value.</param>
    /// <param name="output">The four lengths of the output, or empty when there is none to check.</param>
    /// <exception cref="ArgumentException">
    /// A tensor has not four axes; batch, head dims or lengths disagree; the layout gives the axes no
    /// order.
    /// </exception>
    public static AttentionShape FromTensors(AttentionLayout layout, ReadOnlySpan<nint> query,
        ReadOnlySpan<nint> key, ReadOnlySpan<nint> value, ReadOnlySpan<nint> output = default)
    {
        ArgumentNullException.ThrowIfNull(layout);
        Lengths q = Read(layout, query, nameof(query)), k = Read(layout, key, nameof(key));
        Lengths v = Read(layout, value, nameof(value));
        Same(k.Batch, "batch", nameof(key), q.Batch, nameof(query));
        Same(v.Batch, "batch", nameof(value), q.Batch, nameof(query));
        Same(k.Dim, "head dim", nameof(key), q.Dim, nameof(query));
        Same(v.Sequence, "length", nameof(value), k.Sequence, nameof(key));
        if (!output.IsEmpty)
        {
            Lengths o = Read(layout, output, nameof(output));
            Same(o.Batch, "batch", nameof(output), q.Batch, nameof(query));
            Same(o.Sequence, "length", nameof(output), q.Sequence, nameof(query));
            Same(o.Heads, "heads", nameof(output), q.Heads, nameof(query));
            Same(o.Dim, "head dim", nameof(output), v.Dim, nameof(value));
        }

        return new AttentionShape(q.Batch, q.Sequence, k.Sequence, q.Heads, k.Heads, q.Dim, v.Dim)
        {
            ValueHeads = v.Heads,
        };
    }

    private static Lengths Read(AttentionLayout layout, ReadOnlySpan<nint> lengths, string tensor)
    {
        if (lengths.Length != Rank)
        {
            Throw(tensor, $"The {tensor} has {lengths.Length} axes: it must have 4, batch, sequence, heads "
                + $"and head dim in the order of the layout ({layout}).");
        }

        foreach (nint length in lengths)
        {
            if (length < 0 || length > int.MaxValue)
            {
                Throw(tensor, $"The {tensor} has an axis of length {length}: it must lie between 0 and "
                    + "2^31 - 1.");
            }
        }

        bool headsFirst = layout == AttentionLayout.Bhsd;
        if (!headsFirst && layout != AttentionLayout.Bshd)
        {
            Throw(nameof(layout),
                $"The layout is {layout}: tensors with axes need BSHD or BHSD to name the axes.");
        }

        return new Lengths((int)lengths[0], (int)lengths[headsFirst ? 2 : 1],
            (int)lengths[headsFirst ? 1 : 2], (int)lengths[3]);
    }

    private static void Same(int length, string what, string tensor, int expected, string other)
    {
        if (length != expected)
        {
            Throw(tensor, $"The {tensor} has {what} {length}, but the {other} has {what} {expected}: "
                + "they must be the same.");
        }
    }

    [DoesNotReturn]
    private static void Throw(string argument, string message) =>
        throw new ArgumentException(message, argument);

    private readonly record struct Lengths(int Batch, int Sequence, int Heads, int Dim);
}
