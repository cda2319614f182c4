namespace NativeAttention.Cpu;

/// <summary>Four rows of floats, anywhere.</summary>
internal unsafe struct FourRows
{
    public float* Row0;
    public float* Row1;
    public float* Row2;
    public float* Row3;

    /// <summary>Four rows at a regular distance.</summary>
    public static FourRows At(float* start, nint stride) => new()
    {
        Row0 = start,
        Row1 = start + stride,
        Row2 = start + (2 * stride),
        Row3 = start + (3 * stride),
    };
}
