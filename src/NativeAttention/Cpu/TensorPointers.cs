namespace NativeAttention.Cpu;

/// <summary>
/// The pinned tensors of one run, and the memory that its threads share. Lse is null when it is not wanted.
/// </summary>
internal unsafe struct TensorPointers<T>
    where T : unmanaged
{
    public T* Query;
    public T* Key;
    public T* Value;
    public T* Output;
    public float* Lse;
    public float* Shared;
    public int* Counters;
}
