using System.Buffers;

namespace NativeAttention.Cpu;

/// <summary>Computes one tile with a thread's scratch memory.</summary>
/// <param name="tile">Which tile.</param>
/// <param name="scratch">Memory of the thread, aligned to a cache line.</param>
internal unsafe delegate void TileBody(long tile, float* scratch);

/// <summary>A gang of threads with scratch memory for each, rented once and used by every run.</summary>
internal sealed unsafe class TileWorkers
{
    private const int LineBytes = 64;

    /// <summary>
    /// Multiply-adds that make a thread worth calling: some microseconds of work, as much as the call costs.
    /// </summary>
    private const double LeastWork = 1 << 18;

    private readonly TileBody body;
    private readonly TileGang gang;
    private float[][] scratch;

    /// <summary>Rents scratch memory.</summary>
    /// <param name="threads">Most threads at a time.</param>
    /// <param name="scratchFloats">Floats that each of them needs.</param>
    /// <param name="body">Computes a tile.</param>
    public TileWorkers(int threads, int scratchFloats, TileBody body)
    {
        this.body = body;
        gang = new TileGang(threads, RunTile);
        scratch = new float[threads][];
        for (int i = 0; i < threads; i++)
        {
            scratch[i] = RentAligned(scratchFloats);
        }
    }

    /// <summary>Bytes of memory rented.</summary>
    public long Bytes => scratch.Sum(s => (long)s.Length) * sizeof(float);

    /// <summary>Threads that are worth calling for so much work.</summary>
    /// <param name="multiplyAdds">The work.</param>
    /// <param name="tiles">Tiles it is cut into.</param>
    /// <param name="tuning">The caller's limit.</param>
    public static int Threads(double multiplyAdds, long tiles, TuningHints tuning) =>
        (int)Math.Max(1, Math.Min(Math.Min(tuning.Threads, tiles), multiplyAdds / LeastWork));

    /// <summary>Floats from the pool, with room to begin at a cache line.</summary>
    /// <remarks>
    /// Pooled, so that one-shot calls reuse them; managed, so that a forgotten plan leaks nothing.
    /// </remarks>
    public static float[] RentAligned(int floats) =>
        ArrayPool<float>.Shared.Rent(checked(floats + (LineBytes / sizeof(float))));

    /// <summary>The first cache line of pinned memory.</summary>
    public static float* Align(float* start) =>
        (float*)(((nuint)start + LineBytes - 1) / LineBytes * LineBytes);

    /// <summary>Runs all tiles and returns when they are done.</summary>
    /// <param name="tiles">Number of tiles.</param>
    /// <param name="cancellationToken">Looked at before every tile: a tile is run wholly or not at all.</param>
    public void Run(long tiles, CancellationToken cancellationToken) => gang.Run(tiles, cancellationToken);

    /// <summary>Returns the memory.</summary>
    public void Release()
    {
        foreach (float[] floats in scratch)
        {
            ArrayPool<float>.Shared.Return(floats);
        }

        scratch = [];
    }

    private void RunTile(long tile, int place)
    {
        fixed (float* start = scratch[place])
        {
            body(tile, Align(start));
        }
    }
}
