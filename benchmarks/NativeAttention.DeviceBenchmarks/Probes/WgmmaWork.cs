using NativeAttention.Tool.Results;
using NativeAttention.Tool.Verification;

namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>Work of the probe of wgmma: A[128][64] times B[256][64] transposed.</summary>
internal sealed class WgmmaWork : IProbeWork
{
    private const int RowsA = 128;
    private const int RowsB = 256;
    private const int Depth = 64;
    private const int Repeats = 4; // of the product in an iteration
    private const int PerWarp = 32 * 4;
    private readonly FragmentSum[] _warps;

    /// <summary>Makes the work out of numbers of a generator, rounded to the element type.</summary>
    public WgmmaWork(string dtype, Func<double> next)
    {
        Probe = Probe.Wgmma(dtype);
        ElementType type = Dtypes.Parse(dtype);
        double[][] a = Draw(type, RowsA, next);
        double[][] b = Draw(type, RowsB, next);
        Input = [.. a.Concat(b).SelectMany(row => row.Chunk(2)).Select(pair =>
            Bits16.Of(type, pair[0]) | ((uint)Bits16.Of(type, pair[1]) << 16))];
        _warps = [.. Enumerable.Range(0, RowsA / 16).Select(warp => FragmentSum.Of(Depth, (row, column) =>
            Enumerable.Range(0, RowsB / 8).Select(tile => (a[(16 * warp) + row], b[(8 * tile) + column]))))];
    }

    public Probe Probe { get; }

    public uint[] Input { get; }

    public int Copies => 1;

    public int OutputsPerThread => 4;

    public long? Iterations => null;

    public string? Check(ReadOnlySpan<uint> output, long iterations)
    {
        for (int i = 0; i < output.Length; i += PerWarp)
        {
            int warp = i / PerWarp % _warps.Length;
            if (_warps[warp].Check(output.Slice(i, PerWarp), Repeats * iterations) is { } wrong)
            {
                return $"warp {warp}: {wrong}";
            }
        }

        return null;
    }

    private static double[][] Draw(ElementType type, int rows, Func<double> next) =>
        [.. Enumerable.Range(0, rows).Select(_ =>
            Enumerable.Range(0, Depth).Select(_ => Elements.Round(type, next())).ToArray())];
}
