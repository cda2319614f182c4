namespace NativeAttention.Cpu.Maps;

/// <summary>
/// The pinned tensors of one run over a map. What the problem does not have, or the caller does not want, is
/// null.
/// </summary>
internal unsafe struct MapPointers<T>
    where T : unmanaged
{
    public T* Query;
    public T* Key;
    public T* Value;
    public T* ExtraKey;
    public T* ExtraValue;
    public float* RelativeBias;
    public T* Output;
    public float* Lse;
}
