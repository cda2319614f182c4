namespace NativeAttention.Cpu;

/// <summary>A planned pass over scores on the CPU.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed class CpuScorePlan<T>(AttentionProblem problem, ScoreRequest request, CpuKernel<T> kernel)
    : HostScorePlan<T>(problem, request)
    where T : unmanaged
{
    private readonly CpuRun<T> run = new(problem, kernel);

    public override string KernelName => run.KernelName;

    public override long WorkspaceBytes => run.WorkspaceBytes;

    protected override void Execute(in AttentionInputs<T> inputs, ReadOnlySpan<float> lse,
        in ScoreResults<T> results, CancellationToken cancellationToken) =>
        run.Execute(inputs, results.Scores, lse, results, cancellationToken);

    protected override void Release() => run.Release();
}
