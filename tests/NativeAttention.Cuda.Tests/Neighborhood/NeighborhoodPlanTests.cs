using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

public sealed class NeighborhoodPlanTests : DeviceFixture
{
    private static readonly NeighborhoodShape Shape = new(2, new GridShape(9, 11), 4, 2, 8, 16);
    private static readonly NeighborhoodOptions Windows = new(NeighborhoodPattern.Windows(3, 5));

    [Test]
    public void A_plan_tells_what_it_is()
    {
        using NeighborhoodPlan<Half> plan = Device.PlanNeighborhood<Half>(Shape, Windows);
        Assert.Multiple(() =>
        {
            Assert.That(plan.KernelName, Is.EqualTo("na_neighborhood_tiled_f16_d32_sm80"));
            Assert.That(plan.WorkspaceBytes, Is.InRange(200, 2000), "intervals of 21 queries, a section, heads");
            Assert.That(plan.Device, Is.SameAs(Device));
            Assert.That(plan.Problem.Shape, Is.EqualTo(Shape));
            Assert.That(plan.ToString(), Does.StartWith(plan.KernelName));
        });
    }

    [Test]
    public void What_cannot_run_is_refused_with_the_reason()
    {
        NeighborhoodShape tooWide = Shape with { HeadDim = 257 };
        Assert.That(Device.CanRun<Half>(tooWide, Windows, out string? reason), Is.False);
        Assert.That(reason, Does.Contain("head dim 257").And.Contains("1 to 256"));
        Assert.That(() => Device.PlanNeighborhood<Half>(tooWide, Windows),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains(reason).And.Message.Contains(Device.Name));
        Assert.That(Device.CanRun<Half>(Shape, Windows, out _), Is.True);
    }

    [Test]
    public void Tensors_that_do_not_fit_are_refused_with_what_is_needed()
    {
        using Tensors x = new(Device, Stream, Shape);
        using NeighborhoodPlan<float> plan = Device.PlanNeighborhood<float>(Shape, Windows);
        Refuses(() => plan.Run(x.Key, x.Key, x.Value, x.Output, Stream), "query", "[2, 9, 11, 2, 8]", "[2, 9, 11, 4, 8]");
        Refuses(() => plan.Run(x.Query, x.Value, x.Value, x.Output, Stream), "key", "[2, 9, 11, 2, 8]");
        Refuses(() => plan.Run(x.Query, x.Key, x.Key, x.Output, Stream), "value", "[2, 9, 11, 2, 16]");
        Refuses(() => plan.Run(x.Query, x.Key, x.Value, x.Query, Stream), "output", "[2, 9, 11, 4, 16]");
        Refuses(() => plan.Run(x.Inputs, x.Output, x.Lse.Slice(1, 0, 3), Stream), "lse", "[2, 9, 11, 4]");
        using DeviceTensor<float> wide = Device.Allocate<float>([2, 9, 12, 2, 8], Stream);
        Refuses(() => plan.Run(x.Query, wide.Slice(2, 0, 11), x.Value, x.Output, Stream), "key", "stride of axis 1 is 192",
            "must be 176", "equal distances");
        using DeviceTensor<float> transposed = Device.Allocate<float>([2, 9, 11, 2, 16], Stream);
        Refuses(() => plan.Run(x.Query, transposed.Slice(4, 0, 8), x.Value, transposed, Stream), "output", "[2, 9, 11, 4, 16]");
    }

    [Test]
    public void What_is_written_must_not_overlap_anything()
    {
        NeighborhoodShape shape = new(1, new GridShape(5, 8), 2, 2, 8);
        using DeviceTensor<float> all = Device.Upload<float>(RandomData.Floats(4 * 640, 6), [4, 5, 8, 2, 8], Stream);
        using NeighborhoodPlan<float> plan = Device.PlanNeighborhood<float>(shape, Windows);
        Refuses(() => plan.Run(all.Slice(0, 0, 1), all.Slice(0, 1, 1), all.Slice(0, 2, 1), all.Slice(0, 1, 1), Stream),
            "output", "key");
        DeviceView<float> inOutput = Device.Wrap<float>((nint)all.Slice(0, 3, 1).Pointer, [1, 5, 8, 2]);
        Refuses(() => plan.Run(new DeviceNeighborhoodInputs<float>(all.Slice(0, 0, 1), all.Slice(0, 1, 1), all.Slice(0, 2, 1)),
            all.Slice(0, 3, 1), inOutput, Stream), "lse", "output");
    }

    [Test]
    public void Extra_keys_and_bias_are_given_when_and_only_when_the_problem_has_them()
    {
        NeighborhoodShape extra = Shape with { ExtraKeys = 3 };
        using Tensors x = new(Device, Stream, extra);
        using NeighborhoodPlan<float> plain = Device.PlanNeighborhood<float>(Shape, Windows);
        using NeighborhoodPlan<float> full = Device.PlanNeighborhood<float>(extra, Windows with { RelativeBias = true });
        using DeviceTensor<float> small = Device.Allocate<float>([4, 44], Stream);
        Refuses(() => plain.Run(x.Inputs, x.Output, Stream), "ExtraKey", "NeighborhoodShape.ExtraKeys");
        Refuses(() => full.Run(x.Query, x.Key, x.Value, x.Output, Stream), "ExtraKey", "missing");
        Refuses(() => full.Run(x.Inputs, x.Output, Stream), "RelativeBias", "missing");
        Refuses(() => full.Run(x.With(small), x.Output, Stream), "RelativeBias", "176", "at least 180");
        using DeviceTensor<float> bias = Device.Upload<float>(RandomData.Floats(180, 3), [4, 45], Stream);
        full.Run(x.With(bias), x.Output, x.Lse, Stream);
        Stream.Synchronize();
    }

    // Query, key and value in one tensor of heads, and batches with a gap between them; unaligned where the dim is odd.
    [Test]
    public void Views_run_as_they_lie([Values(8, 7)] int dim, [Values("tiled", "reference")] string rung)
    {
        NeighborhoodShape shape = new(2, new GridShape(7, 9), 2, 2, dim);
        NeighborhoodOptions options = Windows with { Tuning = new TuningHints { Rung = rung } };
        float[] host = RandomData.Floats(2 * 8 * 9 * 6 * dim, 8);
        using DeviceTensor<float> all = Device.Upload<float>(host, [2, 8, 9, 6, dim], Stream);
        using DeviceTensor<float> output = Device.Allocate<float>([2, 7, 9, 2, dim], Stream);
        using NeighborhoodPlan<float> plan = Device.PlanNeighborhood<float>(shape, options);
        DeviceView<float> map = all.Slice(1, 1, 7);
        plan.Run(map.Slice(3, 0, 2), map.Slice(3, 2, 2), map.Slice(3, 4, 2), output, Stream);
        float[] actual = new float[output.Count];
        output.Download(actual, Stream);

        float[] expected = new float[actual.Length];
        using HostNeighborhoodPlan<float> dense = new DeviceHostNeighborhoodPlan<float>(Device,
            NeighborhoodProblem.Create(ElementType.Float32, shape, options));
        dense.Run(Part(0), Part(2), Part(4), expected);
        Assert.That(actual, Is.EqualTo(expected));

        float[] Part(int head) =>
            [.. from b in Enumerable.Range(0, 2) from t in Enumerable.Range(9, 63) from h in Enumerable.Range(head, 2)
             from d in Enumerable.Range(0, dim) select host[(((((b * 72) + t) * 6) + h) * dim) + d]];
    }

    [Test]
    public void Run_allocates_no_managed_memory()
    {
        const int Rounds = 100;
        using Tensors x = new(Device, Stream, Shape);
        using NeighborhoodPlan<float> plan = Device.PlanNeighborhood<float>(Shape,
            Windows with { HeadPatterns = [.. Enumerable.Range(0, 4).Select(h => NeighborhoodPattern.Windows(3, h % 2 == 0 ? 5 : 3))] });
        long allocated = Allocations.Of(Run);
        Device.Synchronize();
        Assert.That(allocated, Is.Zero);

        void Run()
        {
            for (int i = 0; i < Rounds; i++)
            {
                plan.Run(x.Inputs, x.Output, x.Lse, Stream);
            }
        }
    }

    [Test]
    public void A_plan_may_be_disposed_while_its_work_is_in_the_stream()
    {
        using Tensors x = new(Device, Stream, Shape);
        NeighborhoodPlan<float> plan = Device.PlanNeighborhood<float>(Shape, Windows);
        plan.Run(x.Inputs, x.Output, x.Lse, Stream);
        plan.Dispose();
        plan.Dispose();
        Stream.Synchronize();
        Assert.That(() => plan.Run(x.Query, x.Key, x.Value, x.Output, Stream), Throws.TypeOf<ObjectDisposedException>());
    }

    private static void Refuses(Action call, string argument, params string[] parts)
    {
        ArgumentException refusal = Assert.Catch<ArgumentException>(() => call())!;
        Assert.That(refusal.ParamName, Is.EqualTo(argument), refusal.Message);
        Assert.That(parts.Where(part => !refusal.Message.Contains(part, StringComparison.Ordinal)), Is.Empty, refusal.Message);
    }

    private sealed class Tensors(CudaDevice device, CudaStream stream, NeighborhoodShape s) : IDisposable
    {
        public DeviceTensor<float> Query { get; } = Filled(device, stream, s, s.QueryHeads, s.HeadDim);

        public DeviceTensor<float> Key { get; } = Filled(device, stream, s, s.KeyValueHeads, s.HeadDim);

        public DeviceTensor<float> Value { get; } = Filled(device, stream, s, s.KeyValueHeads, s.ValueHeadDim);

        public DeviceTensor<float> Output { get; } = Filled(device, stream, s, s.QueryHeads, s.ValueHeadDim);

        public DeviceTensor<float> Lse { get; } =
            device.Allocate<float>([s.Batch, s.Grid[0], s.Grid[1], s.QueryHeads], stream);

        public DeviceTensor<float>? ExtraKey { get; } = Extra(device, stream, s, s.HeadDim);

        public DeviceTensor<float>? ExtraValue { get; } = Extra(device, stream, s, s.ValueHeadDim);

        public DeviceNeighborhoodInputs<float> Inputs => With(null);

        public DeviceNeighborhoodInputs<float> With(DeviceTensor<float>? bias) =>
            new(Query, Key, Value) { ExtraKey = ExtraKey, ExtraValue = ExtraValue, RelativeBias = bias };

        public void Dispose()
        {
            foreach (DeviceTensor<float>? tensor in new[] { Query, Key, Value, Output, Lse, ExtraKey, ExtraValue })
            {
                tensor?.Dispose();
            }
        }

        private static DeviceTensor<float> Filled(CudaDevice device, CudaStream stream, NeighborhoodShape s, int heads,
            int dim) => device.Upload<float>(RandomData.Floats(s.Batch * (int)s.Grid.Tokens * heads * dim, 9),
                [s.Batch, s.Grid[0], s.Grid[1], heads, dim], stream);

        private static DeviceTensor<float>? Extra(CudaDevice device, CudaStream stream, NeighborhoodShape s, int dim) =>
            s.ExtraKeys == 0 ? null : device.Upload<float>(
                RandomData.Floats(s.Batch * s.ExtraKeys * s.KeyValueHeads * dim, 10),
                [s.Batch, s.ExtraKeys, s.KeyValueHeads, dim], stream);
    }
}
