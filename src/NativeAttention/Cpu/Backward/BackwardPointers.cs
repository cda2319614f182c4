namespace NativeAttention.Cpu.Backward;

/// <summary>
/// The pinned tensors of one backward run, and the memory that its threads share. What the problem does not have
/// is null.
/// </summary>
internal unsafe struct BackwardPointers<T>
    where T : unmanaged
{
    public T* Query;
    public T* Key;
    public T* Value;
    public T* Output;
    public T* OutputGradient;
    public float* Lse;
    public float* LseGradient;
    public T* ExtraKey;
    public T* ExtraValue;
    public float* RelativeBias;
    public T* QueryGradient;
    public T* KeyGradient;
    public T* ValueGradient;
    public T* ExtraKeyGradient;
    public T* ExtraValueGradient;
    public float* RelativeBiasGradient;
    public float* Shared;
}
