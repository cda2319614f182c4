namespace NativeAttention.Cpu;

/// <summary>A planned problem on the CPU.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed class CpuPlan<T>(AttentionProblem problem, CpuKernel<T> kernel) : HostAttentionPlan<T>(problem)
    where T : unmanaged
{
    private readonly CpuRun<T> run = new(problem, kernel);

    public override string KernelName => run.KernelName;

    public override long WorkspaceBytes => run.WorkspaceBytes;

    protected override void Execute(in AttentionInputs<T> inputs, Span<T> output, Span<float> lse,
        CancellationToken cancellationToken) => run.Execute(inputs, output, lse, default, cancellationToken);

    protected override void Release() => run.Release();
}
