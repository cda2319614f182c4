using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Tests.Backends;

/// <summary>A backend whose answers and runs a test decides.</summary>
internal sealed class FakeBackend(string name, string? refusal = null) : AttentionBackend
{
    public int Disposals { get; private set; }

    public override string Name => name;

    public override string Description => "a fake";

    public override bool CanRun(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        reason = refusal;
        return reason is null;
    }

    public override HostAttentionPlan<T> PlanHost<T>(AttentionProblem problem) => new FakePlan<T>(problem);

    public override void Dispose() => Disposals++;
}

/// <summary>A plan that counts, and can be held inside a run.</summary>
internal sealed class FakePlan<T>(AttentionProblem problem) : HostAttentionPlan<T>(problem)
    where T : unmanaged
{
    public int Runs { get; private set; }

    public int Releases { get; private set; }

    public Action Body { get; set; } = () => { };

    public int[] Lengths { get; private set; } = [];

    public CancellationToken Token { get; private set; }

    public override string KernelName => "fake_kernel";

    public override long WorkspaceBytes => 0;

    protected override void Execute(in AttentionInputs<T> inputs, Span<T> output, Span<float> lse,
        CancellationToken cancellationToken)
    {
        Runs++;
        Token = cancellationToken;
        Lengths = [inputs.Query.Length, inputs.Key.Length, inputs.Value.Length, output.Length, lse.Length];
        Body();
    }

    protected override void Release() => Releases++;
}
