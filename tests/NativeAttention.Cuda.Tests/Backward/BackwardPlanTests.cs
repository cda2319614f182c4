using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>Backward on device tensors: what a plan tells, views with gaps, and what it refuses before any launch.</summary>
public sealed class BackwardPlanTests : DeviceFixture
{
    private static readonly AttentionShape Shape = new(2, 21, 33, 4, 2, 16);

    [Test]
    public void A_plan_tells_what_it_runs()
    {
        using BackwardPlan<Half> plan = Device.PlanBackward<Half>(Shape, AttentionOptions.Causal);
        Assert.That(plan.KernelNames, Is.EqualTo(new[]
        {
            "na_delta_simt_f16_sm80", "na_backward_tiled_keys_f16_d32_sm80", "na_backward_tiled_queries_f16_d32_sm80",
        }));
        Assert.That(plan.ToString(), Does.StartWith("na_delta_simt_f16_sm80 + "));
        Assert.That(plan.WorkspaceBytes, Is.GreaterThan(Shape.Batch * Shape.QueryHeads * Shape.QueryLength * 8));
        using BackwardPlan<float> wide = Device.PlanBackward<float>(
            new NeighborhoodShape(1, new GridShape(4, 4), 1, 1, 200),
            new NeighborhoodOptions(NeighborhoodPattern.Windows(3, 3)) { RelativeBias = true });
        Assert.That(wide.KernelNames, Is.EqualTo(new[]
        {
            "na_delta_simt_f32_sm80", "na_backward_tiled_key_f32_d256_sm80", "na_backward_tiled_value_f32_d256_sm80",
            "na_backward_tiled_queries_f32_d256_sm80", "na_bias_gradient_simt_f32_sm80",
        }));
    }

    // Query, key and value as parts of one tensor, one element off the alignment that vectors need.
    [Test]
    public void Views_with_gaps_are_taken_by_their_own_strides([Values(0, 1)] int shift)
    {
        DenseBackwardCase test = new(ElementType.Float32, new AttentionShape(2, 19, 19, 2, 2, 12), AttentionOptions.Causal,
            seed: 801);
        PairBuffers<float> host = Filled(test);
        const int Dim = 12, Wide = 41;
        using DeviceTensor<float> packed = Device.Allocate<float>([2, 19, 2, Wide], Stream);
        using DeviceTensor<float> gradients = Device.Allocate<float>([2, 19, 2, Wide], Stream);
        DeviceView<float>[] read = [.. Enumerable.Range(0, 3).Select(n => packed.Slice(3, (n * Dim) + shift, Dim))];
        DeviceView<float>[] written = [.. Enumerable.Range(0, 3).Select(n => gradients.Slice(3, (n * Dim) + shift, Dim))];
        float[] all = new float[2 * 19 * 2 * Wide];
        for (int row = 0; row < 2 * 19 * 2; row++)
        {
            host.Query.AsSpan(row * Dim, Dim).CopyTo(all.AsSpan((row * Wide) + shift));
            host.Key.AsSpan(row * Dim, Dim).CopyTo(all.AsSpan((row * Wide) + shift + Dim));
            host.Value.AsSpan(row * Dim, Dim).CopyTo(all.AsSpan((row * Wide) + shift + (2 * Dim)));
        }

        packed.Upload(all, Stream);
        using DeviceTensor<float> output = Upload(host.Output, [2, 19, 2, Dim]);
        using DeviceTensor<float> above = Upload(host.OutputGradient, [2, 19, 2, Dim]);
        using DeviceTensor<float> lse = Upload(host.Lse, [2, 2, 19]);
        using BackwardPlan<float> plan = Device.PlanBackward<float>(new AttentionShape(2, 19, 19, 2, 2, 12),
            AttentionOptions.Causal);
        ArgumentException? overlap = Assert.Throws<ArgumentException>(() => plan.Run(
            Inputs(read, output, above, lse), new(written[0], written[1], written[2]), Stream));
        Assert.That(overlap!.Message, Does.Contain("overlaps the"), "woven rows are refused by range");

        using DeviceTensor<float> dq = Device.Allocate<float>([2, 19, 2, Dim + 1], Stream);
        using DeviceTensor<float> dk = Device.Allocate<float>([2, 19, 2, Dim + 1], Stream);
        using DeviceTensor<float> dv = Device.Allocate<float>([2, 19, 2, Dim + 1], Stream);
        plan.Run(Inputs(read, output, above, lse),
            new(dq.Slice(3, shift, Dim), dk.Slice(3, shift, Dim), dv.Slice(3, shift, Dim)), Stream);
        Cut(dq, shift, host.QueryGradient);
        Cut(dk, shift, host.KeyGradient);
        Cut(dv, shift, host.ValueGradient);
        test.CheckGradients(host);
    }

    [Test]
    public void A_run_allocates_nothing_on_the_host()
    {
        DenseBackwardCase test = new(ElementType.Float32, new AttentionShape(1, 3, 5, 1, 1, 8), seed: 802);
        PairBuffers<float> host = Filled(test);
        using DeviceTensor<float> q = Upload(host.Query, [1, 3, 1, 8]), k = Upload(host.Key, [1, 5, 1, 8]);
        using DeviceTensor<float> v = Upload(host.Value, [1, 5, 1, 8]), o = Upload(host.Output, [1, 3, 1, 8]);
        using DeviceTensor<float> above = Upload(host.OutputGradient, [1, 3, 1, 8]), lse = Upload(host.Lse, [1, 1, 3]);
        using DeviceTensor<float> dq = Device.Allocate<float>([1, 3, 1, 8], Stream);
        using DeviceTensor<float> dk = Device.Allocate<float>([1, 5, 1, 8], Stream);
        using DeviceTensor<float> dv = Device.Allocate<float>([1, 5, 1, 8], Stream);
        using BackwardPlan<float> plan = Device.PlanBackward<float>(new AttentionShape(1, 3, 5, 1, 1, 8));
        DeviceView<float>[] read = [q, k, v];
        long allocated = Allocations.Of(() => plan.Run(Inputs(read, o, above, lse), new(dq, dk, dv), Stream));
        Stream.Synchronize();
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public void What_does_not_fit_is_refused_before_anything_runs()
    {
        using DeviceTensor<float> q = Device.Allocate<float>([2, 21, 4, 16], Stream);
        using DeviceTensor<float> k = Device.Allocate<float>([2, 33, 2, 16], Stream);
        using DeviceTensor<float> v = Device.Allocate<float>([2, 33, 2, 16], Stream);
        using DeviceTensor<float> o = Device.Allocate<float>([2, 21, 4, 16], Stream);
        using DeviceTensor<float> above = Device.Allocate<float>([2, 21, 4, 16], Stream);
        using DeviceTensor<float> lse = Device.Allocate<float>([2, 4, 21], Stream);
        using DeviceTensor<float> wrong = Device.Allocate<float>([2, 21, 4], Stream);
        using DeviceTensor<float> dq = Device.Allocate<float>([2, 21, 4, 16], Stream);
        using DeviceTensor<float> dk = Device.Allocate<float>([2, 33, 2, 16], Stream);
        using DeviceTensor<float> dv = Device.Allocate<float>([2, 33, 2, 16], Stream);
        using BackwardPlan<float> plan = Device.PlanBackward<float>(Shape);
        Refuses("Argument 'query': its dims are [2, 33, 2, 16]", [k, k, v], o, above, lse, dq, dk, dv);
        Refuses("Argument 'value gradient': its dims are [2, 21, 4, 16]", [q, k, v], o, above, lse, dq, dk, o);
        Refuses("Argument 'lse': it is [2, 21, 4]; the plan needs a dense [2, 4, 21]", [q, k, v], o, above, wrong, dq, dk,
            dv);
        Refuses("The query gradient overlaps the output", [q, k, v], o, above, lse, o, dk, dv);
        Refuses("The key gradient overlaps the value gradient", [q, k, v], o, above, lse, dq, dk, dk);
        Refuses("Argument 'key gradient' is null or a default view", [q, k, v], o, above, lse, dq, null, dv);
        Assert.That(() => plan.Run(Inputs([q, k, v], o, above, lse) with { ExtraKey = k }, new(dq, dk, dv), Stream),
            Throws.ArgumentException.With.Message.Contains("Argument 'extra key': it is [2, 33, 2, 16], but the problem has"));

        void Refuses(string message, DeviceView<float>[] read, DeviceTensor<float> output, DeviceTensor<float> gradient,
            DeviceTensor<float> logs, DeviceTensor<float>? a, DeviceTensor<float>? b, DeviceTensor<float>? c) =>
            Assert.That(() => plan.Run(Inputs(read, output, gradient, logs), new(a, b, c), Stream),
                Throws.ArgumentException.With.Message.Contains(message));
    }

    [Test]
    public void What_backward_lacks_is_refused_with_the_reason()
    {
        Assert.That(() => Device.PlanBackward<float>(Shape, new AttentionOptions { SoftCap = 3 }),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("a soft cap"));
        Assert.That(() => Device.PlanBackward<float>(new AttentionShape(1, 2, 2, 1, 1, 300)),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("head dim 300 is not supported: supported are 1 to 256"));
        Assert.That(() => Device.PlanBackward<float>(Shape,
            new AttentionOptions { Tuning = new TuningHints { Rung = "decode" } }),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("there are: tiled, reference"));
        Assert.That(() => Device.PlanBackward<float>(Shape, new AttentionOptions { Layout = TestLayouts.SharedKeyValue(Shape) }),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("gradient of the key"));
        NeighborhoodPattern near = NeighborhoodPattern.Windows(3), far = NeighborhoodPattern.Windows(5);
        Assert.That(() => Device.PlanBackward<float>(new NeighborhoodShape(1, new GridShape(9), 4, 2, 8),
            new NeighborhoodOptions(near) { HeadPatterns = [near, near, near, far] }),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains(
                "query heads 2 and 3 have different patterns and read one key/value head (1)"));
    }

    private static PairBuffers<float> Filled(PairCase test)
    {
        PairBuffers<float> host = test.Allocate<float>();
        test.FillForward(host);
        test.FillUpstream(host);
        return host;
    }

    private static DeviceBackwardInputs<float> Inputs(DeviceView<float>[] read, DeviceTensor<float> output,
        DeviceTensor<float> above, DeviceTensor<float> lse) => new()
        {
            Query = read[0],
            Key = read[1],
            Value = read[2],
            Output = output,
            OutputGradient = above,
            Lse = lse,
        };

    // The part of every row that a view of it had.
    private void Cut(DeviceTensor<float> wide, int shift, float[] rows)
    {
        int length = wide.Dims[^1], dim = length - 1;
        float[] all = new float[wide.Count];
        wide.Download(all, Stream);
        for (int row = 0; row < all.Length / length; row++)
        {
            all.AsSpan((row * length) + shift, dim).CopyTo(rows.AsSpan(row * dim));
        }
    }

    private DeviceTensor<float> Upload(float[] host, int[] dims) =>
        Device.Upload<float>(host.AsSpan(0, dims.Aggregate(1, (a, b) => a * b)), dims, Stream);
}
