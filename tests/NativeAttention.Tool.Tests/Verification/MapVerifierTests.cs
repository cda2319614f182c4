using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Tests.Verification;

/// <summary>Outputs of maps that are right pass, and what leaves out extra keys or bias does not.</summary>
public class MapVerifierTests
{
    private static readonly KernelReport Kernel =
        new("na_cpu_map_reference_f32", "neighborhood", "reference", ElementType.Float32, 16, null);

    private static IEnumerable<VerificationCase> Cases() => VerificationCases.For(Kernel, quick: false);

    [TestCaseSource(nameof(Cases))]
    public void Outputs_that_are_right_pass(object problem) =>
        Assert.That(Verify((VerificationCase)problem, given => given).Passed);

    [Test]
    public void What_leaves_an_input_out_fails()
    {
        float[] zeros = new float[10_000];
        VerificationCase extra = Cases().Single(c => c.Map is { ExtraKeys: > 0, HasBias: false });
        Assert.That(extra.Shape.Batch, Is.EqualTo(2), "or the order of batches would not matter");
        Assert.That(Verify(extra, given => given with { ExtraKey = zeros }).Passed, Is.False);
        Assert.That(Verify(extra, given => given with { ExtraValue = zeros }).Passed, Is.False);
        VerificationCase bias = Cases().Single(c => c.Map is { HasBias: true });
        Assert.That(Verify(bias, given => given with { RelativeBias = zeros }).Passed, Is.False);
    }

    private static VerificationResult Verify(VerificationCase problem, Reading reading) =>
        new KernelVerifier(new ChangedBackend(reading), 1).Verify(Kernel, problem);

    private delegate NeighborhoodInputs<float> Reading(NeighborhoodInputs<float> given);

    /// <summary>The processor, with inputs that are changed before.</summary>
    private sealed class ChangedBackend(Reading reading) : ProcessorBackend
    {
        public override HostNeighborhoodPlan<T> PlanNeighborhood<T>(NeighborhoodProblem problem) =>
            (HostNeighborhoodPlan<T>)(object)new ChangedPlan(problem, reading);
    }

    private sealed class ChangedPlan(NeighborhoodProblem problem, Reading reading) : HostNeighborhoodPlan<float>(problem)
    {
        private readonly HostNeighborhoodPlan<float> _right = CpuBackend.Default.PlanNeighborhood<float>(problem);

        public override string KernelName => _right.KernelName;

        public override long WorkspaceBytes => _right.WorkspaceBytes;

        protected override void Execute(in NeighborhoodInputs<float> inputs, Span<float> output, Span<float> lse,
            CancellationToken cancellationToken) => _right.Run(reading(inputs), output, lse, cancellationToken);
    }
}
