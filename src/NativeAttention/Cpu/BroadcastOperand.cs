namespace NativeAttention.Cpu;

/// <summary>The operand a of a panel product: a strided matrix of rows x steps.</summary>
internal unsafe struct BroadcastOperand
{
    /// <summary>First element.</summary>
    public float* Start;

    /// <summary>Number of rows.</summary>
    public int Rows;

    /// <summary>Distance between rows.</summary>
    public nint RowStride;

    /// <summary>Length of the sum.</summary>
    public int Steps;

    /// <summary>Distance between neighbours along the sum.</summary>
    public nint StepStride;
}
