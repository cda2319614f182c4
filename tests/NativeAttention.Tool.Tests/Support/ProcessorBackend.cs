using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Tool.Tests.Support;

/// <summary>The processor, for backends that change what one of its plans reads or writes.</summary>
internal abstract class ProcessorBackend : AttentionBackend
{
    public override string Name => "cpu";

    public override string Description => "the processor with an error";

    public override bool CanRun(AttentionProblem problem, [NotNullWhen(false)] out string? reason) =>
        CpuBackend.Default.CanRun(problem, out reason);

    public override bool CanRun(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason) =>
        CpuBackend.Default.CanRun(problem, out reason);

    public override bool CanRunBackward(AttentionProblem problem, [NotNullWhen(false)] out string? reason) =>
        CpuBackend.Default.CanRunBackward(problem, out reason);

    public override bool CanRunBackward(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason) =>
        CpuBackend.Default.CanRunBackward(problem, out reason);

    public override HostAttentionPlan<T> PlanHost<T>(AttentionProblem problem) => CpuBackend.Default.PlanHost<T>(problem);

    public override void Dispose()
    {
    }
}
