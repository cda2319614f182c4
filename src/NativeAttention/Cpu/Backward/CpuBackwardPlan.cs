using System.Buffers;

namespace NativeAttention.Cpu.Backward;

/// <summary>A planned backward pass on the CPU.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed unsafe class CpuBackwardPlan<T> : HostBackwardPlan<T>
    where T : unmanaged
{
    private readonly BackwardKernel<T> kernel;
    private readonly TileWorkers workers;
    private float[] shared;
    private BackwardPointers<T> tensors;
    private int phase;

    /// <summary>Plans backward of dense attention.</summary>
    public CpuBackwardPlan(AttentionProblem problem, CpuBackend backend)
        : base(problem) => (kernel, workers, shared) = Prepare(backend);

    /// <summary>Plans backward of neighborhood attention.</summary>
    public CpuBackwardPlan(NeighborhoodProblem problem, CpuBackend backend)
        : base(problem) => (kernel, workers, shared) = Prepare(backend);

    public override string KernelName => kernel.Name;

    public override long WorkspaceBytes => workers.Bytes + ((long)shared.Length * sizeof(float));

    protected override void Execute(in BackwardInputs<T> inputs, in AttentionGradients<T> gradients,
        CancellationToken cancellationToken)
    {
        fixed (T* q = inputs.Query, k = inputs.Key, v = inputs.Value, o = inputs.Output, g = inputs.OutputGradient,
            xk = inputs.ExtraKey, xv = inputs.ExtraValue)
        fixed (float* lse = inputs.Lse, lg = inputs.LseGradient, bias = inputs.RelativeBias)
        fixed (T* dq = gradients.Query, dk = gradients.Key, dv = gradients.Value, dxk = gradients.ExtraKey,
            dxv = gradients.ExtraValue)
        fixed (float* db = gradients.RelativeBias, together = shared)
        {
            tensors = new BackwardPointers<T>
            {
                Query = q,
                Key = k,
                Value = v,
                Output = o,
                OutputGradient = g,
                Lse = lse,
                LseGradient = lg,
                ExtraKey = xk,
                ExtraValue = xv,
                RelativeBias = bias,
                QueryGradient = dq,
                KeyGradient = dk,
                ValueGradient = dv,
                ExtraKeyGradient = dxk,
                ExtraValueGradient = dxv,
                RelativeBiasGradient = db,
                Shared = TileWorkers.Align(together),
            };
            try
            {
                long[] phases = kernel.Phases;
                for (phase = 0; phase < phases.Length; phase++)
                {
                    workers.Run(phases[phase], cancellationToken);
                }
            }
            finally
            {
                tensors = default; // nothing points into the caller's memory once it may move
            }
        }
    }

    protected override void Release()
    {
        workers.Release();
        if (shared.Length > 0)
        {
            ArrayPool<float>.Shared.Return(shared);
        }

        shared = [];
    }

    private (BackwardKernel<T> Kernel, TileWorkers Workers, float[] Shared) Prepare(CpuBackend backend)
    {
        BackwardKernel<T> made = backend.MakeBackward<T>(Lowered);
        double work = Lowered.Pairs * ((4.0 * Lowered.HeadDim) + (3.0 * Lowered.ValueHeadDim));
        int threads = TileWorkers.Threads(work, made.Phases.Max(), Lowered.Tuning);
        return (made, new TileWorkers(threads, made.ScratchFloats, RunUnit),
            made.SharedFloats == 0 ? [] : TileWorkers.RentAligned(made.SharedFloats));
    }

    private void RunUnit(long unit, float* scratch) => kernel.Run(phase, unit, tensors, scratch);
}
