using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Tests.Verification;

/// <summary>Gradients that are right pass, and one wrong element of any of them does not.</summary>
public class BackwardVerifierTests
{
    private static readonly KernelReport Kernel =
        new("na_cpu_backward_reference_f32", "backward", "reference", ElementType.Float32, 16, null);

    private static IEnumerable<VerificationCase> Cases() => VerificationCases.For(Kernel, quick: false);

    [Test]
    public void Dense_attention_and_a_map_with_dilation_are_among_the_cases()
    {
        VerificationCase[] quick = [.. VerificationCases.For(Kernel, quick: true)];
        Assert.That(quick, Has.Length.EqualTo(2));
        Assert.That(quick[0].Mask, Is.EqualTo(AttentionMask.Causal));
        Assert.That(quick[1].Map!.Axes.Max(a => a.Dilation), Is.GreaterThan(1));
        Assert.That(quick.Select(c => c.Shape.QueryHeads / c.Shape.KeyValueHeads), Has.All.EqualTo(2));
    }

    [TestCaseSource(nameof(Cases))]
    public void Gradients_that_are_right_pass(object problem) =>
        Assert.That(Verify(problem, _ => { }).Passed);

    [TestCaseSource(nameof(Cases))]
    public void One_element_that_is_wrong_fails(object problem)
    {
        // One that sees or is seen: what must be 0 is off by infinity.
        void AssertFailed(Change change) =>
            Assert.That(Verify(problem, change).Error.MaxOutput, Is.EqualTo(0.01).Within(1e-4));
        AssertFailed(g => g.Query[^1] += 0.01f);
        AssertFailed(g => g.Key[0] += 0.01f);
        AssertFailed(g => g.Value[0] += 0.01f);
        if (((VerificationCase)problem).Map is { HasBias: true })
        {
            AssertFailed(g => g.ExtraKey[^1] += 0.01f);
            AssertFailed(g => g.ExtraValue[^1] += 0.01f);
            AssertFailed(g => g.RelativeBias[^1] += 0.01f);
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void One_element_that_is_not_written_fails(object problem)
    {
        VerificationResult result = Verify(problem, g => g.Key[0] = float.NaN);
        Assert.That(result.Passed, Is.False);
        Assert.That(result.Error.MaxOutput, Is.EqualTo(double.PositiveInfinity));
    }

    [Test]
    public void A_query_without_keys_has_a_gradient_of_exactly_zero()
    {
        VerificationCase problem = Cases().Single(c => c.Name == "rows without keys");
        Assert.That(Verify(problem, g => g.Query[0] += 1e-9f).Passed, Is.False);
    }

    [Test]
    public void What_leaves_an_input_out_fails()
    {
        VerificationCase[] cases = [.. Cases().Where(c => c.LseGradient)];
        Assert.That(cases.Select(c => c.Map is null), Is.EqualTo(new[] { true, false }));
        foreach (VerificationCase problem in cases)
        {
            Assert.That(Verify(problem, _ => { }, read => read with { LseGradient = default }).Passed, Is.False);
        }

        VerificationCase map = cases[1];
        float[] zeros = new float[10_000];
        Assert.That(Verify(map, _ => { }, read => read with { RelativeBias = zeros }).Passed, Is.False);
        Assert.That(Verify(map, _ => { }, read => read with { ExtraKey = zeros }).Passed, Is.False);
        Assert.That(Verify(map, _ => { }, read => read with { ExtraValue = zeros }).Passed, Is.False);
    }

    [Test]
    public void Another_kernel_and_a_refusal_are_failures()
    {
        VerificationCase problem = Cases().First();
        VerificationResult Of(KernelReport kernel) =>
            new BackwardVerifier(CpuBackend.Default, 1, 1).Verify<float>(new VerificationResult("cpu", kernel, problem));
        Assert.That(Of(Kernel with { Name = "other" }).Failure, Does.StartWith("the plan chose na_cpu_backward_reference_f32"));
        Assert.That(Of(Kernel with { Rung = "other" }).Failure, Does.Contain("no rung 'other'"));
    }

    private static VerificationResult Verify(object problem, Change change, Reading? reading = null) =>
        new BackwardVerifier(new ChangedBackend(change, reading ?? (read => read)), 1, 1)
            .Verify<float>(new VerificationResult("cpu", Kernel, (VerificationCase)problem));

    private delegate void Change(AttentionGradients<float> written);

    private delegate BackwardInputs<float> Reading(BackwardInputs<float> given);

    /// <summary>The processor, with inputs that are changed before and gradients that are changed afterwards.</summary>
    private sealed class ChangedBackend(Change change, Reading reading) : ProcessorBackend
    {
        public override HostBackwardPlan<T> PlanBackward<T>(AttentionProblem problem) => (HostBackwardPlan<T>)(object)
            new ChangedPlan(problem, CpuBackend.Default.PlanBackward<float>(problem), change, reading);

        public override HostBackwardPlan<T> PlanBackward<T>(NeighborhoodProblem problem) => (HostBackwardPlan<T>)(object)
            new ChangedPlan(problem, CpuBackend.Default.PlanBackward<float>(problem), change, reading);
    }

    private sealed class ChangedPlan : HostBackwardPlan<float>
    {
        private readonly HostBackwardPlan<float> _right;
        private readonly Change _change;
        private readonly Reading _reading;

        public ChangedPlan(AttentionProblem problem, HostBackwardPlan<float> right, Change change, Reading reading)
            : base(problem) => (_right, _change, _reading) = (right, change, reading);

        public ChangedPlan(NeighborhoodProblem problem, HostBackwardPlan<float> right, Change change, Reading reading)
            : base(problem) => (_right, _change, _reading) = (right, change, reading);

        public override string KernelName => _right.KernelName;

        public override long WorkspaceBytes => _right.WorkspaceBytes;

        protected override void Execute(in BackwardInputs<float> inputs, in AttentionGradients<float> gradients,
            CancellationToken cancellationToken)
        {
            _right.Run(_reading(inputs), gradients, cancellationToken);
            _change(gradients);
        }
    }
}
