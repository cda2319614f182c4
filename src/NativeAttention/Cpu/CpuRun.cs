using System.Buffers;

namespace NativeAttention.Cpu;

/// <summary>A kernel with scratch memory and a gang of threads: what plans on the CPU run.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed unsafe class CpuRun<T>
    where T : unmanaged
{
    private readonly CpuKernel<T> kernel;
    private readonly TileWorkers workers;
    private float[] shared;
    private int[] counters;
    private TensorPointers<T> tensors;

    /// <summary>Rents what the kernel needs.</summary>
    public CpuRun(AttentionProblem problem, CpuKernel<T> kernel)
    {
        this.kernel = kernel;
        AttentionShape shape = problem.Shape;
        double work = (double)shape.Batch * shape.QueryHeads * shape.QueryLength * shape.KeyLength
            * (shape.HeadDim + shape.ValueHeadDim);
        workers = new TileWorkers(TileWorkers.Threads(work, kernel.Tiles, problem.Options.Tuning),
            kernel.ScratchFloats, RunTile);
        shared = kernel.SharedFloats == 0 ? [] : TileWorkers.RentAligned(kernel.SharedFloats);
        counters = kernel.SharedCounters == 0 ? [] : ArrayPool<int>.Shared.Rent(kernel.SharedCounters);
    }

    /// <summary>Name of the kernel.</summary>
    public string KernelName => kernel.Name;

    /// <summary>Bytes of memory rented.</summary>
    public long WorkspaceBytes => workers.Bytes + ((long)shared.Length * sizeof(float))
        + ((long)counters.Length * sizeof(int));

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
                Shared = TileWorkers.Align(together),
                Counters = counts,
                ColumnSums = sums,
                RowEntropy = entropy,
                BlockMaxima = maxima,
            };
            try
            {
                workers.Run(kernel.Tiles, cancellationToken);
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
        workers.Release();
        if (shared.Length > 0)
        {
            ArrayPool<float>.Shared.Return(shared);
            ArrayPool<int>.Shared.Return(counters);
        }

        shared = [];
        counters = [];
    }

    private void RunTile(long tile, float* scratch) => kernel.Run(tile, tensors, scratch);
}
