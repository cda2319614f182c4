using System.Diagnostics;
using System.Globalization;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

public sealed class AttentionPlanTests : DeviceFixture
{
    private static readonly AttentionShape Shape = new(2, 5, 7, 4, 2, 8, 16);

    [Test]
    public void A_plan_tells_what_it_is()
    {
        using AttentionPlan<Half> plan = Device.Plan<Half>(Shape, AttentionOptions.Causal);
        Assert.Multiple(() =>
        {
            Assert.That(plan.KernelName, Is.EqualTo("na_dense_tiled_f16_d32_sm80"));
            Assert.That(plan.WorkspaceBytes, Is.Zero);
            Assert.That(plan.Device, Is.SameAs(Device));
            Assert.That(plan.Problem.Shape, Is.EqualTo(Shape));
        });
    }

    [Test]
    public void A_module_is_loaded_once()
    {
        using AttentionPlan<Half> first = Device.Plan<Half>(Shape);
        using AttentionPlan<Half> second = Device.Plan<Half>(Shape with { HeadDim = 32 });
        Assert.That(Device.Modules.Count, Is.EqualTo(1));
        AttentionOptions options = new() { Tuning = new() { Rung = "reference" } };
        using AttentionPlan<Half> reference = Device.Plan<Half>(Shape, options);
        using AttentionPlan<Half> wide = Device.Plan<Half>(Shape with { HeadDim = 200 }, options);
        Assert.That(Device.Modules.Count, Is.EqualTo(2));
    }

    [Test]
    public void What_cannot_run_is_refused_with_the_reason()
    {
        AttentionShape tooWide = Shape with { HeadDim = 257 };
        Assert.That(Device.CanRun<Half>(tooWide, null, out string? reason), Is.False);
        Assert.That(reason, Does.Contain("head dim 257").And.Contains("1 to 256"));
        NotSupportedException refusal = Assert.Throws<NotSupportedException>(() =>
            Device.Plan<Half>(tooWide))!;
        Assert.That(refusal.Message, Does.Contain(reason).And.Contains(Device.Name));
        Assert.That(Device.CanRun<Half>(Shape, null, out _), Is.True);
        Assert.That(() => Device.Plan<double>(Shape), Throws.TypeOf<NotSupportedException>());
    }

    [Test]
    public void Tensors_of_the_wrong_dims_are_refused_with_what_is_needed()
    {
        using Operands<float> x = new(Device, Stream, Shape);
        using AttentionPlan<float> plan = Device.Plan<float>(Shape);
        Assert.Multiple(() =>
        {
            Refuses(() => plan.Run(x.Key, x.Key, x.Value, x.Output, Stream), "query", "[2, 7, 2, 8]",
                "[2, 5, 4, 8]");
            Refuses(() => plan.Run(x.Query, x.Value, x.Value, x.Output, Stream), "key", "[2, 7, 2, 16]",
                "[2, 7, 2, 8]");
            Refuses(() => plan.Run(x.Query, x.Key, x.Key, x.Output, Stream), "value", "[2, 7, 2, 8]",
                "[2, 7, 2, 16]");
            Refuses(() => plan.Run(x.Query, x.Key, x.Value, x.Query, Stream), "output", "[2, 5, 4, 8]",
                "[2, 5, 4, 16]");
            Refuses(() => plan.Run(x.Query, x.Key, x.Value, x.Output, x.Output, Stream), "lse",
                "[2, 5, 4, 16]", "[2, 4, 5]");
            Refuses(() => plan.Run(x.Query, x.Key, x.Value, x.Output, x.Lse.Slice(1, 0, 3), Stream), "lse",
                "[2, 3, 5]", "[2, 4, 5]");
        });
    }

    [Test]
    public void Bhsd_plans_want_their_order_of_axes()
    {
        using Operands<float> x = new(Device, Stream, Shape);
        using AttentionPlan<float> plan = Device.Plan<float>(Shape, new() { Layout = AttentionLayout.Bhsd });
        Refuses(() => plan.Run(x.Query, x.Key, x.Value, x.Output, Stream), "query", "[2, 5, 4, 8]",
            "[2, 4, 5, 8]", "heads, sequence");
    }

    [Test]
    public void A_view_without_a_dense_last_axis_is_refused()
    {
        AttentionShape shape = new(1, 2, 3, 1, 1, 4);
        using Operands<float> x = new(Device, Stream, shape);
        using DeviceTensor<float> transposed = Device.Allocate<float>([1, 2, 1, 4, 2], Stream);
        using AttentionPlan<float> plan = Device.Plan<float>(shape);
        DeviceView<float> query = transposed.Slice(4, 0, 1).Squeeze(4);
        Refuses(() => plan.Run(query, x.Key, x.Value, x.Output, Stream), "query", "last axis is 2",
            "must be 1");
    }

    [Test]
    public void Storage_too_small_for_its_strides_is_refused()
    {
        AttentionShape shape = new(1, 2, 3, 1, 1, 4);
        TensorStrides padded = new(100, 10, 4);
        using AttentionPlan<float> plan = Device.Plan<float>(shape, new()
        {
            Layout = AttentionLayout.Strided(padded, padded, padded, padded),
        });
        using DeviceTensor<float> fits = Device.Upload<float>(RandomData.Floats(24, 3), [24], Stream);
        using DeviceTensor<float> small = Device.Upload<float>(RandomData.Floats(23, 4), [23], Stream);
        using DeviceTensor<float> output = Device.Upload<float>(RandomData.Floats(14, 5), [2, 7], Stream);
        Refuses(() => plan.Run(fits, small, fits, output, Stream), "key", "[23]", "at least 24 elements");
        plan.Run(fits, fits, fits, output, Stream);
        Stream.Synchronize();
    }

    [Test]
    public void What_is_written_must_not_overlap_anything()
    {
        AttentionShape shape = new(1, 4, 4, 2, 2, 8);
        using DeviceTensor<float> all = Device.Upload<float>(RandomData.Floats(4 * 64, 6), [4, 4, 2, 8],
            Stream);
        using DeviceTensor<float> lse = Device.Allocate<float>([1, 2, 4], Stream);
        using AttentionPlan<float> plan = Device.Plan<float>(shape);
        DeviceView<float> query = all.Slice(0, 0, 1), key = all.Slice(0, 1, 1), value = all.Slice(0, 2, 1),
            output = all.Slice(0, 3, 1);
        DeviceView<float> inOutput = Device.Wrap<float>((nint)output.Pointer + 8, [1, 2, 4]);
        DeviceView<float> inKey = Device.Wrap<float>((nint)key.Pointer + 8, [1, 2, 4]);
        Assert.Multiple(() =>
        {
            Refuses(() => plan.Run(query, key, value, query, Stream), "output", "overlaps the query");
            Refuses(() => plan.Run(query, key, value, key, Stream), "output", "overlaps the key");
            Refuses(() => plan.Run(query, key, value, value, Stream), "output", "overlaps the value");
            Refuses(() => plan.Run(query, key, value, output, inOutput, Stream), "lse", "overlaps the output");
            Refuses(() => plan.Run(query, key, value, output, inKey, Stream), "lse", "overlaps the key");
        });
        plan.Run(query, key, key, output, lse, Stream);
        Stream.Synchronize();
    }

    [Test]
    public void Disposed_tensors_and_plans_are_refused_by_name()
    {
        using Operands<float> x = new(Device, Stream, Shape);
        AttentionPlan<float> plan = Device.Plan<float>(Shape);
        x.Key.Dispose();
        ObjectDisposedException refusal =
            Assert.Throws<ObjectDisposedException>(() =>
            plan.Run(x.Query, x.Key, x.Value, x.Output, Stream))!;
        Assert.That(refusal.Message, Does.Contain("'key'").And.Contains("DeviceTensor<Single>")
            .And.Contains("disposed"));
        plan.Dispose();
        refusal = Assert.Throws<ObjectDisposedException>(() =>
            plan.Run(x.Query, x.Key, x.Value, x.Output, Stream))!;
        Assert.That(refusal.Message, Does.Contain("AttentionPlan<Single>"));
    }

    [Test]
    public void Missing_tensors_and_streams_are_refused_by_name()
    {
        using Operands<float> x = new(Device, Stream, Shape);
        using AttentionPlan<float> plan = Device.Plan<float>(Shape);
        Assert.Multiple(() =>
        {
            Refuses(() => plan.Run(x.Query, (DeviceTensor<float>?)null, x.Value, x.Output, Stream), "key",
                "default view");
            Refuses(() => plan.Run(x.Query, x.Key, x.Value, x.Output, default(DeviceView<float>), Stream),
                "lse", "default view");
            Assert.That(() => plan.Run(x.Query, x.Key, x.Value, x.Output, null!),
                Throws.ArgumentNullException);
        });
    }

    [Test]
    public void Tensors_of_another_device_are_refused()
    {
        NeedsEmulator("it takes two devices");
        using CudaDevice other = TestDevice.Open(TestDevice.NewOrdinal(Options));
        using CudaStream stream = other.CreateStream();
        using DeviceTensor<float> foreign = other.Allocate<float>([2, 7, 2, 8], stream);
        using Operands<float> x = new(Device, Stream, Shape);
        using AttentionPlan<float> plan = Device.Plan<float>(Shape);
        Refuses(() => plan.Run(x.Query, foreign, x.Value, x.Output, Stream), "key",
            $"belongs to {other.Name} ", Device.Name);
        Refuses(() => plan.Run(x.Query, x.Key, x.Value, x.Output, stream), "stream",
            $"belongs to {other.Name} ");
    }

    [Test]
    public void Run_allocates_no_managed_memory()
    {
        const int Rounds = 200;
        using CudaStream second = Device.CreateStream();
        using Operands<float> x = new(Device, Stream, Shape);
        using AttentionPlan<float> plan = Device.Plan<float>(Shape);
        Stream.Synchronize();
        long allocated = Allocations.Of(() => RunTwice(plan, x, Stream, second, Rounds));
        Device.Synchronize();
        TestContext.Out.WriteLine($"managed bytes of {2 * Rounds} runs: {allocated}");
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public void A_launch_call_is_cheap([Values] bool launches)
    {
        const int Calls = 500;
        using PtxFolder kernels = new("");
        AttentionShape shape = new(1, 1, 1, 1, 1, 8);
        using CudaDevice device = CudaDevice.Open(launches || !TestDevice.IsEmulated
            ? TestDevice.Driver
            : AlteredDriver.With("cuLaunchKernel", AlteredDriver.NoLaunch), Device.Ordinal);
        using CudaStream stream = device.CreateStream();
        using Operands<float> x = new(device, stream, shape);
        using AttentionPlan<float> plan = device.Plan<float>(shape);
        double best = double.PositiveInfinity;
        for (int round = 0; round < 200; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Calls; i++)
            {
                plan.Run(x.Query, x.Key, x.Value, x.Output, stream);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / Calls);
            stream.Synchronize();
        }

        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{best:F2} us a launch call {(launches ? "of an empty kernel" : "without the launch")} on {device}"));
        Assert.That(best, Is.LessThan(1000), "a millisecond would be no launch call");
    }

    [Test]
    public void A_plan_runs_from_many_threads_at_once()
    {
        AttentionCase test = new(ElementType.Float32, new AttentionShape(1, 33, 35, 2, 1, 16),
            AttentionOptions.Causal, seed: 77);
        using AttentionPlan<float> plan = Device.Plan<float>(test.Shape, test.Options);
        Parallel.For(0, 6, new ParallelOptions { MaxDegreeOfParallelism = 3 }, _ =>
            DenseRunner.Run(Device, plan, test));
    }

    private static void RunTwice(AttentionPlan<float> plan, Operands<float> x, CudaStream first,
        CudaStream second,
        int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            plan.Run(x.Query, x.Key, x.Value, x.Output, first);
            plan.Run(x.Query, x.Key, x.Value, x.Output, x.Lse, second);
        }
    }

    private static void Refuses(Action call, string argument, params string[] parts)
    {
        ArgumentException refusal = Assert.Catch<ArgumentException>(() => call())!;
        Assert.That(refusal.ParamName, Is.EqualTo(argument), refusal.Message);
        foreach (string part in parts)
        {
            Assert.That(refusal.Message, Does.Contain(part));
        }
    }

    private sealed class Operands<T>(CudaDevice device, CudaStream stream, AttentionShape s) : IDisposable
        where T : unmanaged
    {
        public DeviceTensor<T> Query { get; } =
            Filled(device, stream, [s.Batch, s.QueryLength, s.QueryHeads, s.HeadDim]);

        public DeviceTensor<T> Key { get; } =
            Filled(device, stream, [s.Batch, s.KeyLength, s.KeyValueHeads, s.HeadDim]);

        public DeviceTensor<T> Value { get; } =
            Filled(device, stream, [s.Batch, s.KeyLength, s.KeyValueHeads, s.ValueHeadDim]);

        public DeviceTensor<T> Output { get; } =
            Filled(device, stream, [s.Batch, s.QueryLength, s.QueryHeads, s.ValueHeadDim]);

        public DeviceTensor<float> Lse { get; } =
            device.Allocate<float>([s.Batch, s.QueryHeads, s.QueryLength], stream);

        public void Dispose()
        {
            Query.Dispose();
            Key.Dispose();
            Value.Dispose();
            Output.Dispose();
            Lse.Dispose();
        }

        private static DeviceTensor<T> Filled(CudaDevice device, CudaStream stream, int[] dims)
        {
            byte[] noise = RandomData.Bytes(dims.Aggregate(1, (a, b) =>
                a * b) * System.Runtime.CompilerServices.Unsafe.SizeOf<T>(), 9);
            return device.Upload<T>(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(noise),
                dims, stream);
        }
    }
}
