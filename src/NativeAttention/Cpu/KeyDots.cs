using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// The dot products of one query with four keys, lane by lane, in registers: the accumulators of the decode
/// kernel's score product.
/// </summary>
internal unsafe struct KeyDots<TWidth, TVector>
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private TVector v0, v1, v2, v3;

    /// <summary>this = q * key, for four keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(float* query, TVector k0, TVector k1, TVector k2, TVector k3)
    {
        TVector q = TWidth.Load(query);
        v0 = TWidth.Multiply(q, k0);
        v1 = TWidth.Multiply(q, k1);
        v2 = TWidth.Multiply(q, k2);
        v3 = TWidth.Multiply(q, k3);
    }

    /// <summary>this += q * key, for four keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(float* query, TVector k0, TVector k1, TVector k2, TVector k3)
    {
        TVector q = TWidth.Load(query);
        v0 = TWidth.MultiplyAdd(q, k0, v0);
        v1 = TWidth.MultiplyAdd(q, k1, v1);
        v2 = TWidth.MultiplyAdd(q, k2, v2);
        v3 = TWidth.MultiplyAdd(q, k3, v3);
    }

    /// <summary>Stores the four scores side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* scores) => TWidth.StoreSums(v0, v1, v2, v3, scores);
}
