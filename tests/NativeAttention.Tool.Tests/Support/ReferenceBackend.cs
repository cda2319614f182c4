using System.Diagnostics.CodeAnalysis;
using NativeAttention.Bindings;
using NativeAttention.Testing;

namespace NativeAttention.Tool.Tests.Support;

/// <summary>
/// A backend that is the float64 reference of the tests, and that can be told to refuse, to fail or to be
/// wrong: it tests the tool without depending on any kernel.
/// </summary>
internal sealed class ReferenceBackend(string name) : AttentionBackend
{
    private bool _faulted;
    private bool _lost;

    /// <summary>Why it refuses every problem; null to run them.</summary>
    public string? Refusal { get; init; }

    /// <summary>Thrown by every run; null to run.</summary>
    public Exception? Failure { get; init; }

    /// <summary>
    /// Whether its first run is a fault that takes the context, as a GPU's would be: runs fail until
    /// reopened.
    /// </summary>
    public bool FaultsOnce { get; init; }

    /// <summary>Added to every output.</summary>
    public double Error { get; init; }

    /// <summary>Added to every log-sum-exp.</summary>
    public float LseError { get; init; }

    /// <summary>Whether it leaves the output of rows that see no key as it was.</summary>
    public bool SkipsEmptyRows { get; init; }

    /// <summary>Kernel name of every plan; null for the one that <see cref="FakeDevices"/> lists.</summary>
    public string? Kernel { get; init; }

    public override string Name => name;

    public override string Description => "the float64 reference";

    public override bool CanRun(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        AttentionMask[] masks = [AttentionMask.None, AttentionMask.Causal, AttentionMask.CausalTopLeft];
        AttentionOptions options = problem.Options;
        bool modified = options.SoftCap is not null || options.Operands != AttentionOperands.None
            || !masks.Contains(options.Mask);
        reason = Refusal ?? (modified ? "it has no modifiers"
            : options.Tuning.Rung is null or "reference"
            ? null
            : $"there is no rung '{problem.Options.Tuning.Rung}'; there is reference");
        return reason is null;
    }

    public override HostAttentionPlan<T> PlanHost<T>(AttentionProblem problem) => new Plan<T>(problem, this);

    public override void Dispose() => _lost = false;

    private void FaultIfLost()
    {
        _lost |= FaultsOnce && !_faulted;
        _faulted = true;
        if (_lost)
        {
            throw new CudaException(CudaResult.IllegalAddress, "cuLaunchKernel", 0, "out of bounds");
        }
    }

    private sealed class Plan<T>(AttentionProblem problem, ReferenceBackend owner)
        : HostAttentionPlan<T>(problem)
        where T : unmanaged
    {
        public override string KernelName => owner.Kernel ?? FakeDevices.KernelName(Problem.ElementType);

        public override long WorkspaceBytes => 0;

        protected override void Execute(in AttentionInputs<T> inputs, Span<T> output, Span<float> lse,
            CancellationToken cancellationToken)
        {
            owner.FaultIfLost();
            if (owner.Failure is not null)
            {
                throw owner.Failure;
            }

            AttentionShape s = Problem.Shape;
            var views = TensorView.Of(s, Problem.Options.Layout);
            AttentionReference result = ReferenceAttention.Compute(s,
                ReferenceAttention.Visible(Problem.Options.Mask, s), Problem.Scale, views.Query.Gather(inputs.Query),
                views.Key.Gather(inputs.Key), views.Value.Gather(inputs.Value));
            double[] values = [.. result.Output.Select(v => v + owner.Error)];
            T[] before = output.ToArray();
            views.Output.Scatter(values, output);
            for (int i = 0; owner.SkipsEmptyRows && i < values.Length; i++)
            {
                int place = (int)views.Output.Offset(i);
                output[place] = result.HasKeys[i / s.ValueHeadDim] ? output[place] : before[place];
            }

            for (int i = 0; i < lse.Length; i++)
            {
                lse[i] = (float)result.Lse[i] + owner.LseError;
            }
        }
    }
}
