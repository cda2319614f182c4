using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using NativeAttention.Cpu;

namespace NativeAttention.Benchmarks.Probes;

/// <summary>Reads more memory than caches hold: the bandwidth that decoding can reach.</summary>
/// <remarks>
/// Whole cache lines, since a vector that lies in two of them costs twice: managed arrays, which seldom begin where
/// a line does, are read a fifth to a third more slowly.
/// </remarks>
/// <param name="threads">Threads that share the work.</param>
public sealed unsafe class ReadProbe(int threads) : Probe(threads)
{
    private const int PieceFloats = 1 << 20;
    private const int LineFloats = 16;
    private float[] _memory = [];

    /// <inheritdoc/>
    public override string Name => "read";

    /// <inheritdoc/>
    public override string Unit => "GB/s";

    /// <inheritdoc/>
    public override double Work => (double)Pieces * PieceFloats * sizeof(float);

    /// <inheritdoc/>
    protected override int Pieces => 64; // 256 MiB in all

    /// <inheritdoc/>
    public override void Prepare()
    {
        _memory = GC.AllocateUninitializedArray<float>((Pieces * PieceFloats) + LineFloats, pinned: true);
        _memory.AsSpan().Fill(1); // so that every page is there
    }

    /// <inheritdoc/>
    public override void Release() => _memory = [];

    /// <inheritdoc/>
    protected override float Piece(int piece)
    {
        fixed (float* start = _memory)
        {
            nuint line = LineFloats * sizeof(float);
            float* memory = (float*)(((nuint)start + line - 1) / line * line) + (piece * PieceFloats);
            return Vector512.IsHardwareAccelerated ? Sum<Width512, Vector512<float>>(memory)
                : Vector256.IsHardwareAccelerated ? Sum<Width256, Vector256<float>>(memory)
                : Vector128.IsHardwareAccelerated ? Sum<Width128, Vector128<float>>(memory)
                : Sum<WidthScalar, float>(memory);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum<TWidth, TVector>(float* memory)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : unmanaged
    {
        TVector a = TWidth.Zero, b = TWidth.Zero, c = TWidth.Zero, d = TWidth.Zero;
        for (float* end = memory + PieceFloats; memory < end; memory += 4 * TWidth.Count)
        {
            a = TWidth.Add(a, TWidth.Load(memory));
            b = TWidth.Add(b, TWidth.Load(memory + TWidth.Count));
            c = TWidth.Add(c, TWidth.Load(memory + (2 * TWidth.Count)));
            d = TWidth.Add(d, TWidth.Load(memory + (3 * TWidth.Count)));
        }

        TVector sum = TWidth.Add(TWidth.Add(a, b), TWidth.Add(c, d));
        return *(float*)&sum;
    }
}
