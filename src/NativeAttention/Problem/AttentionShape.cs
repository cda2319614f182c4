namespace NativeAttention;

/// <summary>
/// The six lengths of one attention problem, all in elements. Query heads are split evenly over key/value heads
/// (grouped-query attention): query head h reads key/value head h * KeyValueHeads / QueryHeads.
/// </summary>
/// <remarks>
/// Batch and the lengths may be 0 (the result is then empty, or all rows see nothing: output 0, LSE minus infinity).
/// Heads and head dims must be at least 1. The shape is a plain value; it is checked when a problem is made of it.
/// </remarks>
public readonly record struct AttentionShape
{
    /// <summary>Makes a shape.</summary>
    /// <param name="Batch">Number of independent sequences.</param>
    /// <param name="QueryLength">Queries of one sequence (Sq).</param>
    /// <param name="KeyLength">Keys, and so values, of one sequence (Sk).</param>
    /// <param name="QueryHeads">Heads of query and output (Hq); a multiple of <paramref name="KeyValueHeads"/>.</param>
    /// <param name="KeyValueHeads">Heads of key and value (Hkv).</param>
    /// <param name="HeadDim">Length of one query or key vector (D).</param>
    /// <param name="ValueHeadDim">Length of one value or output vector (Dv); null means the same as <paramref name="HeadDim"/>.</param>
#pragma warning disable CA1707, IDE1006 // named like the properties they set, so that calls read as the shape they make
    public AttentionShape(int Batch, int QueryLength, int KeyLength, int QueryHeads, int KeyValueHeads, int HeadDim,
        int? ValueHeadDim = null)
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

    /// <summary>Heads of key and value (Hkv).</summary>
    public int KeyValueHeads { get; init; }

    /// <summary>Length of one query or key vector (D).</summary>
    public int HeadDim { get; init; }

    /// <summary>Length of one value or output vector (Dv).</summary>
    public int ValueHeadDim { get; init; }
}
