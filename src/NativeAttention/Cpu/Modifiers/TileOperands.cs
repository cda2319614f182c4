namespace NativeAttention.Cpu;

/// <summary>
/// The optional operands of one tile of queries of one head: where its entries lie, and what is the same for
/// all of them. Terms are in base-2 units where they are numbers; those in memory are as the caller gave them.
/// </summary>
internal unsafe struct TileOperands
{
    /// <summary>The mask, for the sequence of the tile.</summary>
    public KeyVisibility Visibility;

    /// <summary>Row 0 of the tile stands beside this key.</summary>
    public long Diagonal;

    /// <summary>Queries of the tile.</summary>
    public int Rows;

    /// <summary>Entry of row 0 and key 0 of the bias; null when there is none.</summary>
    public byte* Bias;

    /// <summary>Entry of row 0 and key 0 of the boolean mask.</summary>
    public byte* Mask;

    /// <summary>ALiBi slope.</summary>
    public float Slope;

    /// <summary>Log-weight of key 0.</summary>
    public float* KeyLogWeight;

    /// <summary>Temperature of row 0.</summary>
    public float* Temperature;

    /// <summary>Gate of row 0.</summary>
    public float* Gate;

    /// <summary>The sink; minus infinity when there is none.</summary>
    public float Sink;
}
