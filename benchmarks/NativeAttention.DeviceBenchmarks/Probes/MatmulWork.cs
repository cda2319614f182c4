using NativeAttention.Tool.Results;
using NativeAttention.Tool.Verification;

namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>
/// Work of the probe of mma.sync: four tiles A of 16 rows, four tiles B of 8 columns, and all their products.
/// </summary>
internal sealed class MatmulWork : IProbeWork
{
    private const int Tiles = 4;
    private const int WordsA = Tiles * 32 * 4;
    private const int WordsB = Tiles * 32 * 2;
    private const int PerWarp = 32 * 4;
    private readonly ElementType _type;
    private readonly int _depth;
    private readonly double[][][] _a; // [tile][row][k]
    private readonly double[][][] _b; // [tile][column][k]
    private readonly FragmentSum _sum;

    /// <summary>Makes the work out of numbers of a generator, rounded to the element type.</summary>
    public MatmulWork(string dtype, Func<double> next)
    {
        Probe = Probe.Matmul(dtype);
        _type = Dtypes.Parse(dtype);
        _depth = _type == ElementType.Float32 ? 8 : 16;
        _a = Draw(16, next);
        _b = Draw(8, next);
        Input = new uint[WordsA + WordsB];
        for (int i = 0; i < Input.Length; i++)
        {
            Input[i] = i < WordsA ? WordA(i / 128, i / 4 % 32, i % 4)
                : WordB((i - WordsA) / 64, (i - WordsA) / 2 % 32, i % 2);
        }

        _sum = FragmentSum.Of(_depth, (row, column) =>
            from a in _a from b in _b select (a[row], b[column]));
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
            if (_sum.Check(output.Slice(i, PerWarp), iterations) is { } wrong)
            {
                return $"warp {i / PerWarp}: {wrong}";
            }
        }

        return null;
    }

    private double[][][] Draw(int rows, Func<double> next) =>
        [.. Enumerable.Range(0, Tiles).Select(_ => Enumerable.Range(0, rows).Select(_ =>
            Enumerable.Range(0, _depth).Select(_ => Elements.Round(_type, next())).ToArray()).ToArray())];

    // Lane 4 g + t: words 0 and 1 are rows g and g + 8 of the first half of k, words 2 and 3 of the second.
    private uint WordA(int tile, int lane, int word) =>
        Word(_a[tile][(lane / 4) + (8 * (word % 2))], lane % 4, word / 2);

    // Lane 4 g + t: column g, word 0 of the first half of k, word 1 of the second.
    private uint WordB(int tile, int lane, int word) => Word(_b[tile][lane / 4], lane % 4, word);

    // 16-bit: elements 2 t and 2 t + 1 of a half of k; float32: element t.
    private uint Word(double[] row, int t, int half)
    {
        int begin = half * _depth / 2;
        return _type == ElementType.Float32
            ? BitConverter.SingleToUInt32Bits((float)row[begin + t])
            : Bits16.Of(_type, row[begin + (2 * t)]) | ((uint)Bits16.Of(_type, row[begin + (2 * t) + 1]) << 16);
    }
}
