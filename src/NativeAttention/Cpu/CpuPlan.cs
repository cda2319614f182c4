using System.Buffers;

namespace NativeAttention.Cpu;

/// <summary>A kernel with scratch memory and a gang of threads: a planned problem on the CPU.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed unsafe class CpuPlan<T> : HostAttentionPlan<T>
    where T : unmanaged
{
    private const int LineBytes = 64;
    private readonly CpuKernel<T> kernel;
    private readonly TileGang gang;
    private float[][] scratch;
    private float[] shared;
    private int[] counters;
    private TensorPointers<T> tensors;

    public CpuPlan(AttentionProblem problem, CpuKernel<T> kernel)
        : base(problem)
    {
        this.kernel = kernel;
        int threads = Math.Min(problem.Options.Tuning.MaxThreads ?? Environment.ProcessorCount,
            Environment.ProcessorCount);
        threads = (int)Math.Clamp(kernel.Tiles, 1, threads);
        gang = new TileGang(threads, RunTile);
        scratch = new float[threads][];
        for (int i = 0; i < threads; i++)
        {
            scratch[i] = RentAligned(kernel.ScratchFloats);
        }

        shared = kernel.SharedFloats == 0 ? [] : RentAligned(kernel.SharedFloats);
        counters = kernel.SharedCounters == 0 ? [] : ArrayPool<int>.Shared.Rent(kernel.SharedCounters);
    }

    public override string KernelName => kernel.Name;

    public override long WorkspaceBytes => ((scratch.Sum(s => (long)s.Length) + shared.Length) * sizeof(float))
        + (counters.Length * sizeof(int));

    protected override void Execute(ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value,
        Span<T> output, Span<float> lse)
    {
        counters.AsSpan(0, kernel.SharedCounters).Clear(); // a run that failed may have left anything
        fixed (T* q = query, k = key, v = value, o = output)
        {
            fixed (float* l = lse, together = shared)
            fixed (int* counts = counters)
            {
                tensors = new TensorPointers<T>
                {
                    Query = q, Key = k, Value = v, Output = o, Lse = l, Shared = Align(together), Counters = counts,
                };
                gang.Run(kernel.Tiles);
                tensors = default; // nothing points into the caller's memory once it may move
            }
        }
    }

    protected override void Release()
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
