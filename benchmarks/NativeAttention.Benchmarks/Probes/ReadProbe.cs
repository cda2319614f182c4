using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using NativeAttention.Cpu;

namespace NativeAttention.Benchmarks.Probes;

/// <summary>Reads more memory than caches hold: the bandwidth that decoding can reach.</summary>
/// <remarks>
/// Whole cache lines, since a vector that lies in two of them costs twice: managed arrays, which seldom begin where
/// a line does, are read a fifth to a third more slowly. Four places in turn, each asked for ahead into the second-level
/// cache: of the orders that were tried none was read faster.
/// </remarks>
/// <param name="threads">Threads that share the work.</param>
public sealed unsafe class ReadProbe(int threads) : Probe(threads)
{
    private const int PieceFloats = 1 << 20;
    private const int LineFloats = 16;
    private const int Streams = 4;
    private const int StreamFloats = 1 << 16;
    private const int AheadFloats = 512;
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
        for (float* end = memory + PieceFloats; memory < end; memory += (Streams - 1) * StreamFloats)
        {
            for (float* next = memory + StreamFloats; memory < next; memory += LineFloats)
            {
                a = Add<TWidth, TVector>(a, memory);
                b = Add<TWidth, TVector>(b, memory + StreamFloats);
                c = Add<TWidth, TVector>(c, memory + (2 * StreamFloats));
                d = Add<TWidth, TVector>(d, memory + (3 * StreamFloats));
            }
        }

        TVector sum = TWidth.Add(TWidth.Add(a, b), TWidth.Add(c, d));
        return *(float*)&sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Add<TWidth, TVector>(TVector sum, float* line)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : unmanaged
    {
        CachePrefetch.Far(line + AheadFloats);
        for (int i = 0; i < LineFloats; i += TWidth.Count)
        {
            sum = TWidth.Add(sum, TWidth.Load(line + i));
        }

        return sum;
    }
}
