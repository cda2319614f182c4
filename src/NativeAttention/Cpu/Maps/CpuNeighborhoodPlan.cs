namespace NativeAttention.Cpu.Maps;

/// <summary>A planned neighborhood problem on the CPU: a kernel, scratch memory and a gang of threads.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed unsafe class CpuNeighborhoodPlan<T> : HostNeighborhoodPlan<T>
    where T : unmanaged
{
    private readonly MapKernel<T> kernel;
    private readonly TileWorkers workers;
    private MapPointers<T> tensors;

    public CpuNeighborhoodPlan(NeighborhoodProblem problem, MapKernel<T> kernel)
        : base(problem)
    {
        this.kernel = kernel;
        double work = problem.Pairs * (problem.Shape.HeadDim + problem.Shape.ValueHeadDim);
        workers = new TileWorkers(TileWorkers.Threads(work, kernel.Tiles, problem.Options.Tuning),
            kernel.ScratchFloats, RunTile);
    }

    public override string KernelName => kernel.Name;

    public override long WorkspaceBytes => workers.Bytes;

    protected override void Execute(in NeighborhoodInputs<T> inputs, Span<T> output, Span<float> lse,
        CancellationToken cancellationToken)
    {
        fixed (T* q = inputs.Query, k = inputs.Key, v = inputs.Value, extraKey = inputs.ExtraKey,
            extraValue = inputs.ExtraValue, o = output)
        fixed (float* bias = inputs.RelativeBias, l = lse)
        {
            tensors = new MapPointers<T>
            {
                Query = q,
                Key = k,
                Value = v,
                ExtraKey = extraKey,
                ExtraValue = extraValue,
                RelativeBias = bias,
                Output = o,
                Lse = l,
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

    protected override void Release() => workers.Release();

    private void RunTile(long tile, float* scratch) => kernel.Run(tile, tensors, scratch);
}
