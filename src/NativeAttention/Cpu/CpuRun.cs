using System.Buffers;

namespace NativeAttention.Cpu;

/// <summary>A kernel with scratch memory and a gang of threads: what plans on the CPU run.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed unsafe class CpuRun<T>
    where T : unmanaged
{
    private const int LineBytes = 64;

    /// <summary>
    /// Multiply-adds that make a thread worth calling: some microseconds of work, as much as the call costs.
    /// </summary>
    private const double LeastWork = 1 << 18;

    private readonly CpuKernel<T> kernel;
    private readonly TileGang gang;
    private float[][] scratch;
    private float[] shared;
    private int[] counters;
    private TensorPointers<T> tensors;

    /// <summary>Rents what the kernel needs.</summary>
    public CpuRun(AttentionProblem problem, CpuKernel<T> kernel)
    {
        this.kernel = kernel;
        int threads = Threads(problem, kernel.Tiles);
        gang = new TileGang(threads, RunTile);
        scratch = new float[threads][];
        for (int i = 0; i < threads; i++)
        {
            scratch[i] = RentAligned(kernel.ScratchFloats);
        }

        shared = kernel.SharedFloats == 0 ? [] : RentAligned(kernel.SharedFloats);
        counters = kernel.SharedCounters == 0 ? [] : ArrayPool<int>.Shared.Rent(kernel.SharedCounters);
    }

    /// <summary>Name of the kernel.</summary>
    public string KernelName => kernel.Name;

    /// <summary>Bytes of memory rented.</summary>
    public long WorkspaceBytes => ((scratch.Sum(s => (long)s.Length) + shared.Length) * sizeof(float))
        + (counters.Length * sizeof(int));

    /// <summary>Runs the kernel over pinned spans; what is not used is empty.</summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="output">Output, or scores.</param>
    /// <param name="lse">Log-sum-exp: written by attention, read by a pass over scores.</param>
    /// <param name="statistics">Results of a pass over scores, but for the scores.</param>
    /// <param name="cancellationToken">Looked at between tiles.</param>
    public void Execute(in AttentionInputs<T> inputs, Span<T> output, ReadOnlySpan<float> lse,
        in ScoreResults<T> statistics, CancellationToken cancellationToken)
    {
        counters.AsSpan(0, kernel.SharedCounters).Clear(); // a cancelled run may have left anything
        fixed (T* q = inputs.Query, k = inputs.Key, v = inputs.Value, o = output)
        fixed (byte* bias = inputs.Bias.Bytes)
        fixed (bool* mask = inputs.Mask)
        fixed (float* l = lse, slopes = inputs.AlibiSlopes, sinks = inputs.Sinks,
            temperature = inputs.QueryTemperature, weight = inputs.KeyLogWeight, gate = inputs.HeadGate)
        fixed (float* together = shared, sums = statistics.ColumnSums, entropy = statistics.RowEntropy,
            maxima = statistics.BlockMaxima)
        fixed (int* counts = counters, keys = inputs.KeyLengths, queryEnds = inputs.CumulativeQueryLengths,
            keyEnds = inputs.CumulativeKeyLengths)
        {
            tensors = new TensorPointers<T>
            {
                Query = q,
                Key = k,
                Value = v,
                Output = o,
                Lse = l,
                Bias = bias,
                Mask = mask,
                AlibiSlopes = slopes,
                Sinks = sinks,
                QueryTemperature = temperature,
                KeyLogWeight = weight,
                HeadGate = gate,
                KeyLengths = keys,
                CumulativeQueryLengths = queryEnds,
                CumulativeKeyLengths = keyEnds,
                Shared = Align(together),
                Counters = counts,
                ColumnSums = sums,
                RowEntropy = entropy,
                BlockMaxima = maxima,
            };
            try
            {
                gang.Run(kernel.Tiles, cancellationToken);
            }
            finally
            {
                tensors = default; // nothing points into the caller's memory once it may move
            }
        }
    }

    /// <summary>Returns the memory.</summary>
    public void Release()
    {
        foreach (float[] floats in scratch)
        {
            ArrayPool<float>.Shared.Return(floats);
        }

        scratch = [];
        if (shared.Length > 0)
        {
            ArrayPool<float>.Shared.Return(shared);
            ArrayPool<int>.Shared.Return(counters);
        }

        shared = [];
        counters = [];
    }

    private static int Threads(AttentionProblem problem, long tiles)
    {
        AttentionShape s = problem.Shape;
        double work = (double)s.Batch * s.QueryHeads * s.QueryLength * s.KeyLength
            * (s.HeadDim + s.ValueHeadDim);
        return (int)Math.Max(1, Math.Min(Math.Min(problem.Options.Tuning.Threads, tiles), work / LeastWork));
    }

    private void RunTile(long tile, int place)
    {
        fixed (float* start = scratch[place])
        {
            kernel.Run(tile, tensors, Align(start));
        }
    }

    // Pooled, so that one-shot calls reuse it; managed, so that a forgotten plan leaks nothing.
    private static float[] RentAligned(int floats) =>
        ArrayPool<float>.Shared.Rent(checked(floats + (LineBytes / sizeof(float))));

    private static float* Align(float* start) =>
        (float*)(((nuint)start + LineBytes - 1) / LineBytes * LineBytes);
}
