using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>Rotary embedding on the device: against float64, in place, and what it refuses.</summary>
public sealed class RotaryTests : DeviceFixture
{
    public static IEnumerable<RotaryCase> Cases() => RotaryCase.All(Random.Shared.Next(1 << 30));

    [TestCaseSource(nameof(Cases))]
    public void It_agrees_with_float64(RotaryCase test)
    {
        TestContext.Out.WriteLine(test);
        CheckAllTypes(Device, test);
    }

    [Test]
    public void The_cases_execute_every_statement()
    {
        NeedsEmulator("only it tells what was executed");
        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default with { Profile = true });
        using (CudaDevice device = TestDevice.Open(ordinal))
        {
            foreach (RotaryCase test in Cases())
            {
                CheckAllTypes(device, test);
            }

            OutOfCaches<float>(device);
            OutOfCaches<Half>(device);
            OutOfCaches<BFloat16>(device);
            foreach (int half in new[] { 32, 9 })
            {
                CheckPair<float>(device, half);
                CheckPair<Half>(device, half);
                CheckPair<BFloat16>(device, half);
            }
        }

        KernelProfile[] profiles = [.. EmulatedDriver.GetProfiles(ordinal)];
        Assert.That(profiles.Select(p => p.Kernel), Is.EquivalentTo(
            new[] { "na_rotary_simt_f32_sm80", "na_rotary_simt_f16_sm80", "na_rotary_simt_bf16_sm80" }));
        Assert.That(profiles.SelectMany(p =>
            p.Unexecuted().Select(s => $"{p.Kernel}: {s.Line}: {s.Statement}")), Is.Empty);
    }

    [Test]
    public void A_position_out_of_the_caches_gives_nan_in_what_is_rotated() => OutOfCaches<float>(Device);

    [TestCase(32)]
    [TestCase(9)]
    public void Queries_and_keys_go_in_one_launch(int half)
    {
        CheckPair<float>(Device, half);
        CheckPair<Half>(Device, half);
        CheckPair<BFloat16>(Device, half);
    }

    [Test]
    public void A_run_allocates_no_managed_memory()
    {
        using DeviceTensor<float> x = Device.Upload<float>(RandomData.Floats(64, 1), [1, 4, 2, 8], Stream);
        using DeviceTensor<float> cos = Device.Upload<float>(RandomData.Floats(32, 2), [8, 4], Stream);
        using DeviceTensor<int> ids = Device.Upload<int>([3], [1], Stream);
        long allocated = Allocations.Of(Run);
        Stream.Synchronize();
        Assert.That(allocated, Is.Zero);

        void Run() =>
            Device.ApplyRotary<float>(x, cos, cos, DeviceRotaryPositions.PerSequence(ids), x, Stream);
    }

    [Test]
    public void What_cannot_be_is_refused_by_name()
    {
        using DeviceTensor<float> x = Device.Upload<float>(RandomData.Floats(128, 3), [2, 1, 4, 2, 8],
            Stream);
        using DeviceTensor<float> cos = Device.Upload<float>(RandomData.Floats(32, 4), [8, 4], Stream);
        using DeviceTensor<int> ids = Device.Upload<int>([1, 2, 3, 4], [1, 4], Stream);
        DeviceView<float> a = x.Slice(0, 0, 1).Squeeze(0), b = x.Slice(0, 1, 1).Squeeze(0);
        DeviceView<float> inside = Device.Wrap<float>((nint)a.Pointer + 16, [1, 4, 2, 8]);
        DeviceView<int> idsInB = Device.Wrap<int>((nint)b.Pointer, [1, 4]);
        Assert.Multiple(() =>
        {
            Refuses("input", "has 5 axes: it must have 4", () => Apply(x, cos, default, a));
            Refuses("output", "The output overlaps the input", () => Apply(a, cos, default, inside));
            Refuses("output", "The output overlaps the positions",
                () => Apply(a, cos, DeviceRotaryPositions.Of(idsInB), b));
            Refuses("positions", "has 2 axes: it must have 1, [batch]",
                () => Apply(a, cos, DeviceRotaryPositions.PerSequence(ids), b));
            Refuses("positions", "has 1 axes: it must have 2, [batch, sequence]",
                () => Apply(a, cos, DeviceRotaryPositions.Of(ids.AsView().Squeeze(0)), b));
            Refuses("positions", "The position of token 3 of sequence 0 is 8: it must lie between 0 and 7",
                () => Apply(a, cos, DeviceRotaryPositions.From(5), b));
            Refuses("positions", "default view",
                () => Apply(a, cos, DeviceRotaryPositions.PerSequence(default), b));
            Refuses("cos", "must be dense", () => Apply(a, cos.Slice(1, 0, 3), default, b));
            Refuses("key", "batch, sequence and head dim must be those of 'query', 1, 4 and 8", () =>
                Device.ApplyRotary<float>(a, b.Slice(1, 0, 3), cos, cos, default, a, b.Slice(1, 0, 3),
                Stream));
            Refuses("keyOutput", "The keyOutput overlaps the query", () =>
                Device.ApplyRotary<float>(a, b, cos, cos, default, b, a, Stream));
            Refuses("keyOutput", "The keyOutput overlaps the queryOutput", () =>
                Device.ApplyRotary<float>(Apart(), Apart(), cos, cos, default, b, b, Stream));
        });
        Apply(a, cos, DeviceRotaryPositions.From(4), b);
        Stream.Synchronize();

        void Apply(DeviceView<float> from, DeviceView<float> cache, DeviceRotaryPositions positions,
            DeviceView<float> to) => Device.ApplyRotary<float>(from, cache, cache, positions, to, Stream);

        DeviceView<float> Apart() => a;
    }

    private static void OutOfCaches<T>(CudaDevice device)
        where T : unmanaged
    {
        foreach (int dim in new[] { 24, 17 })
        {
            PaddedTensor<T> x = new([1, 3, 1, dim]);
            x.Values = [.. Enumerable.Range(0, 3 * dim).Select(i => (double)(i % 50))];
            using CudaStream stream = device.CreateStream();
            using DeviceTensor<T> tensor = device.Upload<T>(x.Storage, [1, 3, 1, dim], stream);
            using DeviceTensor<float> one = device.Upload<float>(
                [.. Enumerable.Repeat(1f, 16)], [2, 8], stream),
                zero = device.Upload<float>(new float[16], [2, 8], stream);
            using DeviceTensor<int> ids = device.Upload<int>([-1, 1, 2], [1, 3], stream);
            device.ApplyRotary<T>(tensor, one, zero, DeviceRotaryPositions.Of(ids), tensor, stream);
            double[] before = x.Values;
            tensor.Download(x.Storage, stream);
            Assert.That(x.Values, Is.EqualTo(before.Select((v, i) =>
                i % dim < 16 && i / dim != 1 ? double.NaN : v)));
        }
    }

    /// <summary>Runs a case on a device, for all element types.</summary>
    internal static void CheckAllTypes(CudaDevice device, RotaryCase test)
    {
        Check<float>(device, test);
        Check<Half>(device, test);
        Check<BFloat16>(device, test);
    }

    private static void Check<T>(CudaDevice device, RotaryCase test)
        where T : unmanaged
    {
        PaddedTensor<T> input = test.MakeInput<T>(), output = test.MakeOutput<T>();
        double[] values = input.Values;
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<T> from = device.Upload<T>(input.Storage, input.StoredLengths, stream);
        using DeviceTensor<T> to = device.Upload<T>(output.Storage, output.StoredLengths, stream);
        using DeviceTensor<float> cos = device.Upload<float>(test.Cos, test.CacheLengths, stream);
        using DeviceTensor<float> sin = device.Upload<float>(test.Sin, test.CacheLengths, stream);
        using DeviceTensor<int> offsets = device.Upload<int>(test.Offsets, [test.Batch], stream);
        using DeviceTensor<int> ids = device.Upload<int>(test.Positions, [test.Batch, test.Length], stream);
        using DeviceTensor<long> wide = device.Upload<long>(
            Array.ConvertAll(test.Positions, p => (long)p), [test.Batch, test.Length], stream);
        DeviceRotaryPositions positions = test.Kind switch
        {
            PositionKind.From => DeviceRotaryPositions.From(test.Offsets[0]),
            PositionKind.PerSequence => DeviceRotaryPositions.PerSequence(offsets),
            PositionKind.Ids => DeviceRotaryPositions.Of(ids),
            PositionKind.WideIds => DeviceRotaryPositions.Of(wide),
            _ => default,
        };
        DeviceView<T> a = from.Slice(3, input.Before, input.Lengths[3]);
        DeviceView<T> b = to.Slice(3, input.Before, input.Lengths[3]);
        device.ApplyRotary(a, cos, sin, positions, b, stream, test.Options);
        device.ApplyRotary(a, cos, sin, positions, a, stream, test.Options);
        from.Download(input.Storage, stream);
        to.Download(output.Storage, stream);
        test.Check(values, output);
        Assert.That(input.Storage, Is.EqualTo(output.Storage), "in place");
    }

    private static void CheckPair<T>(CudaDevice device, int half)
        where T : unmanaged
    {
        int seed = Random.Shared.Next(1 << 30);
        RotaryCase queries = new(2, 5, 6, 72, half, PositionKind.Ids, false, false, seed);
        RotaryCase keys = new(2, 5, 2, 72, half, PositionKind.Ids, false, false, seed);
        TestContext.Out.WriteLine(queries);
        PaddedTensor<T> q = queries.MakeInput<T>(), k = keys.MakeInput<T>();
        PaddedTensor<T> qo = queries.MakeOutput<T>(), ko = keys.MakeOutput<T>();
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<T> dq = Upload(q), dk = Upload(k), dqo = Upload(qo), dko = Upload(ko);
        using DeviceTensor<float> cos = device.Upload<float>(queries.Cos, queries.CacheLengths, stream);
        using DeviceTensor<float> sin = device.Upload<float>(queries.Sin, queries.CacheLengths, stream);
        using DeviceTensor<int> ids = device.Upload<int>(queries.Positions, [2, 5], stream);
        DeviceRotaryPositions positions = DeviceRotaryPositions.Of(ids);
        device.ApplyRotary<T>(dq, dk, cos, sin, positions, dqo, dko, stream);
        device.ApplyRotary<T>(dq, dk, cos, sin, positions, dq, dk, stream);
        double[] qValues = q.Values, kValues = k.Values;
        dqo.Download(qo.Storage, stream);
        dko.Download(ko.Storage, stream);
        queries.Check(qValues, qo);
        keys.Check(kValues, ko);
        dq.Download(q.Storage, stream);
        dk.Download(k.Storage, stream);
        Assert.That(q.Storage, Is.EqualTo(qo.Storage), "in place");
        Assert.That(k.Storage, Is.EqualTo(ko.Storage), "in place");

        DeviceTensor<T> Upload(PaddedTensor<T> tensor) =>
            device.Upload<T>(tensor.Storage, tensor.StoredLengths, stream);
    }

    private static void Refuses(string argument, string message, Action call) => Assert.That(call,
        Throws.InstanceOf<ArgumentException>().With.Message.Contains(message)
            .And.Property("ParamName").EqualTo(argument));
}
