using System.Numerics.Tensors;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Backends;

public class AttentionRuntimeTests
{
    private static readonly AttentionShape Shape = new(2, 3, 5, 4, 2, 8, 6);

    [Test]
    public void Null_entries_are_skipped_and_none_at_all_is_an_error()
    {
        using AttentionRuntime runtime = new([null, CpuBackend.Default, null]);
        Assert.That(runtime.Backends, Is.EqualTo(new[] { CpuBackend.Default }));
        Assert.That(() => new AttentionRuntime([null]), Throws.ArgumentException.With.Message.StartsWith(
            "There is no backend among the entries"));
        Assert.That(() => new AttentionRuntime(null!), Throws.ArgumentNullException);
    }

    [Test]
    public void The_first_backend_that_can_is_chosen_and_logged_once_with_the_reasons()
    {
        using RecordingLoggers loggers = new();
        using AttentionRuntime runtime = new(
            [new FakeBackend("one", "it is full."), new FakeBackend("two"), new FakeBackend("three")], loggers);
        using HostAttentionPlan<float> first = runtime.Plan<float>(Shape);
        using HostAttentionPlan<float> second = runtime.Plan<float>(Shape);
        Assert.That(loggers.Messages, Is.EqualTo(new[]
        {
            "Information NativeAttention.AttentionRuntime Attention runs on two (a fake) with kernel fake_kernel; "
            + "not on one: it is full.",
        }));
    }

    [Test]
    public void A_choice_without_refusals_is_logged_too()
    {
        using RecordingLoggers loggers = new();
        using AttentionRuntime runtime = new([CpuBackend.Default], loggers);
        using HostAttentionPlan<float> plan = runtime.Plan<float>(Shape);
        Assert.That(loggers.Messages.Single(), Does.Contain("Attention runs on cpu (").And.EndsWith(
            $"with kernel {plan.KernelName}."));
    }

    [Test]
    public void When_none_can_run_the_error_has_every_reason()
    {
        using AttentionRuntime runtime =
            new([new FakeBackend("one", "it is full."), new FakeBackend("two", "it is late.")]);
        Assert.That(() => runtime.Plan<Half>(Shape), Throws.TypeOf<NotSupportedException>().With.Message
            .StartsWith("No backend can run AttentionShape {").And.Message.EndsWith(
            "with elements of type Float16. one: it is full. two: it is late."));
        Assert.That(runtime.CanRun<Half>(Shape, null, out string? reason), Is.False);
        Assert.That(reason, Does.EndWith("one: it is full. two: it is late."));
    }

    [Test]
    public void CanRun_answers_invalid_problems_without_throwing()
    {
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        Assert.Multiple(() =>
        {
            Assert.That(runtime.CanRun<float>(Shape, null, out string? none), Is.True);
            Assert.That(none, Is.Null);
            Assert.That(runtime.CanRun<double>(Shape, null, out string? type), Is.False);
            Assert.That(type, Does.Contain("System.Double is not supported"));
            Assert.That(runtime.CanRun<float>(Shape with { HeadDim = 0 }, null, out string? dim), Is.False);
            Assert.That(dim, Does.StartWith("HeadDim is 0"));
            Assert.That(runtime.CanRun<float>(Shape, new() { Tuning = new() { Rung = "warp" } },
                out string? rung), Is.False);
            Assert.That(rung, Does.Contain("cpu: it has no rung 'warp': it has 'reference', 'tiled', 'decode'."));
            Assert.That(runtime.CanRun<float>(Shape with { HeadDim = 1 << 21 }, null, out string? large),
                Is.False);
            Assert.That(large, Does.Contain("a head dim is 2097152: it supports head dims of 1 to 1048576."));
        });
    }

    [Test]
    public void A_backend_asked_directly_gives_its_reason()
    {
        AttentionProblem problem = AttentionProblem.Create(
            ElementType.Float32, Shape, new() { Tuning = new() { Rung = "sm90" } });
        Assert.That(() => CpuBackend.Default.PlanHost<float>(problem), Throws.TypeOf<NotSupportedException>()
            .With.Message.StartsWith("cpu: it has no rung 'sm90'"));
    }

    [Test]
    public void Unsupported_element_types_are_named() => Assert.That(
        () =>
        {
            using AttentionRuntime runtime = new([CpuBackend.Default]);
            runtime.Attend<int>([], [], [], [], Shape);
        },
        Throws.TypeOf<NotSupportedException>().With.Message.Contains(
        "System.Int32 is not supported: use float"));

    [Test]
    public void Spans_are_checked_before_anything_is_planned()
    {
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        Assert.That(() => runtime.Attend<float>(new float[10], [], [], [], Shape),
            Throws.ArgumentException.With.Message.StartsWith("The query span has 10 elements"));
    }

    [Test]
    public void Disposal_disposes_every_backend_once_and_ends_all_use()
    {
        FakeBackend one = new("one"), two = new("two");
        AttentionRuntime runtime = new([one, two]);
        runtime.Dispose();
        runtime.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That((one.Disposals, two.Disposals), Is.EqualTo((1, 1)));
            Assert.That(() => runtime.Plan<float>(Shape), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => runtime.CanRun<float>(Shape, null, out _),
                Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => runtime.Attend<float>([], [], [], [], Shape),
                Throws.TypeOf<ObjectDisposedException>());
        });
    }

    [Test]
    public void The_shared_cpu_backend_survives_the_runtimes_that_own_it()
    {
        new AttentionRuntime([CpuBackend.Default]).Dispose();
        new AttentionCase(ElementType.Float32, Shape).RunOn(CpuBackend.Default);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Tensor_spans_give_what_plain_spans_give(bool headsFirst)
    {
        AttentionOptions options = AttentionOptions.Causal with
        {
            Layout = headsFirst ? AttentionLayout.Bhsd : AttentionLayout.Bshd,
        };
        AttentionCase c = new(ElementType.Float32, Shape, options, seed: 9);
        AttentionBuffers<float> buffers = c.Allocate<float>();
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        runtime.Attend(
            new ReadOnlyTensorSpan<float>(buffers.Query, Lengths(3, 4, 8)),
            new ReadOnlyTensorSpan<float>(buffers.Key, Lengths(5, 2, 8)),
            new ReadOnlyTensorSpan<float>(buffers.Value, Lengths(5, 2, 6)),
            new TensorSpan<float>(buffers.Output, Lengths(3, 4, 6)), options, buffers.Lse);
        c.Check(buffers);

        nint[] Lengths(nint sequence, nint heads, nint dim) =>
            headsFirst ? [2, heads, sequence, dim] : [2, sequence, heads, dim];
    }

    [Test]
    public void Strides_of_tensor_spans_are_honoured()
    {
        AttentionCase c = new(ElementType.Float16, Shape, new() { Layout = TestLayouts.PaddedOdd(Shape) },
            seed: 10);
        AttentionBuffers<Half> buffers = c.Allocate<Half>();
        var views = TensorView.Of(Shape, c.Options.Layout);
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        runtime.Attend(
            new ReadOnlyTensorSpan<Half>(buffers.Query, Lengths(views.Query), Strides(views.Query)),
            new ReadOnlyTensorSpan<Half>(buffers.Key, Lengths(views.Key), Strides(views.Key)),
            new ReadOnlyTensorSpan<Half>(buffers.Value, Lengths(views.Value), Strides(views.Value)),
            new TensorSpan<Half>(buffers.Output, Lengths(views.Output), Strides(views.Output)),
            lse: buffers.Lse);
        c.Check(buffers);

        static nint[] Lengths(TensorView v) => [v.Batch, v.Sequence, v.Heads, v.Dim];
        static nint[] Strides(TensorView v) =>
            [(nint)v.Strides.Batch, (nint)v.Strides.Sequence, (nint)v.Strides.Head, 1];
    }

    [Test]
    public void Tensor_spans_that_disagree_or_are_not_dense_inside_are_refused()
    {
        float[] data = new float[1000];
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        Assert.Multiple(() =>
        {
            Assert.That(() => runtime.Attend(new ReadOnlyTensorSpan<float>(data, [1, 2, 1, 4]),
                new ReadOnlyTensorSpan<float>(data, [1, 2, 1, 5]),
                new ReadOnlyTensorSpan<float>(data, [1, 2, 1, 4]),
                new TensorSpan<float>(new float[8], [1, 2, 1, 4])),
                Throws.ArgumentException.With.Message.StartsWith(
                "The key has head dim 5, but the query has head dim 4"));
            Assert.That(() => runtime.Attend(new ReadOnlyTensorSpan<float>(data, [1, 2, 1, 4], [0, 8, 0, 2]),
                new ReadOnlyTensorSpan<float>(data, [1, 2, 1, 4]),
                new ReadOnlyTensorSpan<float>(data, [1, 2, 1, 4]),
                new TensorSpan<float>(new float[8], [1, 2, 1, 4])),
                Throws.ArgumentException.With.Message.StartsWith(
                "The innermost axis of the query has stride 2"));
            Assert.That(() => runtime.Attend(new ReadOnlyTensorSpan<float>(data, [2, 1, 4]),
                new ReadOnlyTensorSpan<float>(data, [1, 2, 1, 4]),
                new ReadOnlyTensorSpan<float>(data, [1, 2, 1, 4]),
                new TensorSpan<float>(new float[8], [1, 2, 1, 4])),
                Throws.ArgumentException.With.Message.StartsWith("The query has 3 axes"));
        });
    }

    [Test]
    public void Empty_tensor_spans_are_valid()
    {
        float[] output = [1, 2, 3, 4];
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        float[] some = new float[4];
        runtime.Attend(new ReadOnlyTensorSpan<float>(some, [1, 1, 1, 4]),
            new ReadOnlyTensorSpan<float>(some, [1, 0, 1, 4]),
            new ReadOnlyTensorSpan<float>(some, [1, 0, 1, 4]), new TensorSpan<float>(output, [1, 1, 1, 4]));
        Assert.That(output, Is.All.Zero);
    }

    [Test]
    public void One_runtime_serves_many_threads()
    {
        AttentionCase[] cases = [.. AttentionGrid.EveryHeadDim(ElementType.Float32)];
        using RecordingLoggers loggers = new();
        using AttentionRuntime runtime =
            new([new FakeBackend("busy", "it is full."), new CpuBackend()], loggers);
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, n =>
        {
            AttentionCase c = cases[n % cases.Length];
            AttentionBuffers<float> b = c.Allocate<float>();
            runtime.Attend<float>(b.Query, b.Key, b.Value, b.Output, c.Shape, c.Options, b.Lse);
            c.Check(b);
        });
        Assert.That(loggers.Messages, Has.Count.EqualTo(1));
    }
}
