namespace NativeAttention.Cpu.Backward;

/// <summary>
/// The vectors of one head of one side, from token 0 on: query and output gradient, or key and value.
/// </summary>
internal unsafe struct SideVectors<T>
    where T : unmanaged
{
    /// <summary>Queries or keys.</summary>
    public T* First;

    /// <summary>Distance between the first vectors of neighbouring tokens.</summary>
    public long FirstStride;

    /// <summary>Output gradients or values.</summary>
    public T* Second;

    /// <summary>Distance between the second vectors of neighbouring tokens.</summary>
    public long SecondStride;
}
