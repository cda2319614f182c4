namespace NativeAttention.Cpu;

/// <summary>The keys and values of a tile as floats, wherever they are: rows one after another.</summary>
internal unsafe struct KeyTileRows
{
    /// <summary>First key.</summary>
    public float* Key;

    /// <summary>Distance between keys.</summary>
    public nint KeyStride;

    /// <summary>First value.</summary>
    public float* Value;

    /// <summary>Distance between values.</summary>
    public nint ValueStride;

    /// <summary>Number of keys and of values.</summary>
    public int Count;

    /// <summary>The rows from one on.</summary>
    public readonly KeyTileRows From(int row) => this with
    {
        Count = Count - row,
        Key = Key + (row * KeyStride),
        Value = Value + (row * ValueStride),
    };
}
