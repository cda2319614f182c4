using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using NativeAttention.Cpu;

namespace NativeAttention.Benchmarks.Probes;

/// <summary>
/// Multiply-adds of float32 on registers alone, in the widest vectors: the peak that products can reach.
/// </summary>
/// <param name="threads">Threads that share the work.</param>
public sealed class FmaProbe(int threads) : Probe(threads)
{
    private const int Steps = 1 << 14;

    // More than two units of four cycles' latency can keep in flight, and few enough for 16 registers.
    private const int Chains = 12;

    /// <inheritdoc/>
    public override string Name => "fma-f32";

    /// <inheritdoc/>
    public override string Unit => "GFLOP/s";

    /// <inheritdoc/>
    public override double Work => 2.0 * Steps * Chains * Lanes * Pieces;

    /// <inheritdoc/>
    protected override int Pieces => 256;

    private static int Lanes => Vector512.IsHardwareAccelerated ? Width512.Count
        : Vector256.IsHardwareAccelerated ? Width256.Count
        : Vector128.IsHardwareAccelerated ? Width128.Count
        : WidthScalar.Count;

    /// <inheritdoc/>
    protected override float Piece(int piece) =>
        Vector512.IsHardwareAccelerated ? Multiply<Width512, Vector512<float>>(piece)
        : Vector256.IsHardwareAccelerated ? Multiply<Width256, Vector256<float>>(piece)
        : Vector128.IsHardwareAccelerated ? Multiply<Width128, Vector128<float>>(piece)
        : Multiply<WidthScalar, float>(piece);

    // Chains with different starts, so that no two are the same; they stay near 1.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe float Multiply<TWidth, TVector>(int start)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : unmanaged
    {
        TVector factor = TWidth.Broadcast(0.5f), addend = TWidth.Broadcast(0.5f);
        TVector a = Start(0), b = Start(1), c = Start(2), d = Start(3), e = Start(4), f = Start(5);
        TVector g = Start(6), h = Start(7), i = Start(8), j = Start(9), k = Start(10), l = Start(11);
        for (int step = 0; step < Steps; step++)
        {
            a = TWidth.MultiplyAdd(a, factor, addend);
            b = TWidth.MultiplyAdd(b, factor, addend);
            c = TWidth.MultiplyAdd(c, factor, addend);
            d = TWidth.MultiplyAdd(d, factor, addend);
            e = TWidth.MultiplyAdd(e, factor, addend);
            f = TWidth.MultiplyAdd(f, factor, addend);
            g = TWidth.MultiplyAdd(g, factor, addend);
            h = TWidth.MultiplyAdd(h, factor, addend);
            i = TWidth.MultiplyAdd(i, factor, addend);
            j = TWidth.MultiplyAdd(j, factor, addend);
            k = TWidth.MultiplyAdd(k, factor, addend);
            l = TWidth.MultiplyAdd(l, factor, addend);
        }

        TVector abc = TWidth.Add(TWidth.Add(a, b), c), def = TWidth.Add(TWidth.Add(d, e), f);
        TVector ghi = TWidth.Add(TWidth.Add(g, h), i), jkl = TWidth.Add(TWidth.Add(j, k), l);
        TVector sum = TWidth.Add(TWidth.Add(abc, def), TWidth.Add(ghi, jkl));
        return *(float*)&sum;

        TVector Start(int chain) => TWidth.Broadcast(start + chain);
    }
}
