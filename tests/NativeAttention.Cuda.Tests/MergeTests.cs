using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>Merging on the device: against float64, in place, and what it refuses.</summary>
public sealed class MergeTests : DeviceFixture
{
    private const float None = float.NegativeInfinity;

    public static IEnumerable<object[]> Cases()
    {
        int seed = Random.Shared.Next();
        yield return [new MergeCase(2, 2, 5, 3, 64, false, seed)];
        yield return [new MergeCase(3, 1, 13, 2, 37, true, seed + 1, padding: 5, offset: 3)];
        yield return [new MergeCase(5, 2, 3, 2, 40, true, seed + 2, padding: 8, offset: 16)];
        yield return [new MergeCase(7, 3, 1, 4, 1, false, seed + 3)];
        yield return [new MergeCase(1, 2, 9, 1, 520, false, seed + 4)];
        yield return [new MergeCase(33, 1, 3, 2, 129, true, seed + 5)];
        yield return [new MergeCase(4, 0, 3, 2, 8, false, seed + 6)];
        yield return [new MergeCase(4, 2, 0, 2, 8, true, seed + 7)];
    }

    [TestCaseSource(nameof(Cases))]
    public void It_agrees_with_float64(MergeCase test)
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
            foreach (object[] test in Cases())
            {
                CheckAllTypes(device, (MergeCase)test[0]);
            }
        }

        KernelProfile[] profiles = [.. EmulatedDriver.GetProfiles(ordinal)];
        Assert.That(profiles.Select(p => p.Kernel), Is.EquivalentTo(
            new[] { "na_merge_simt_f32_sm80", "na_merge_simt_f16_sm80", "na_merge_simt_bf16_sm80" }));
        Assert.That(profiles.SelectMany(p => p.Unexecuted().Select(s =>
            $"{p.Kernel}: {s.Line}: {s.Statement}")),
            Is.Empty);
    }

    [Test]
    public void Two_tensors_with_strides_of_their_own_are_merged()
    {
        MergeCase test = new(2, 2, 3, 2, 24, false, Random.Shared.Next(), padding: 8);
        TestContext.Out.WriteLine(test);
        PaddedTensor<Half> parts = test.MakeParts<Half>();
        double[] values = parts.Values;
        PaddedTensor<Half> dense = new([2, 2, 3, 2, 24]) { Values = values };
        PaddedTensor<Half> output = test.MakeOutput<Half>();
        float[] lse = new float[test.Rows];
        using DeviceTensor<Half> gaps = Upload(Device, parts), tight = Upload(Device, dense);
        using DeviceTensor<float> lses = Device.Upload<float>(test.Lses, [2, .. test.LseLengths], Stream);
        using DeviceTensor<Half> o = Upload(Device, output);
        using DeviceTensor<float> l = Device.Allocate<float>(test.LseLengths, Stream);
        Device.MergePair<Half, Half>(View(gaps, parts).Slice(0, 0, 1).Squeeze(0), Part(lses, 0),
            tight.Slice(0, 1, 1).Squeeze(0), Part(lses, 1), View(o, output), l, Stream);
        o.Download(output.Storage, Stream);
        l.Download(lse, Stream);
        test.Check<Half, Half>(values, output, lse);
        Device.MergePair<Half, Half>(View(gaps, parts).Slice(0, 0, 1).Squeeze(0), Part(lses, 0),
            tight.Slice(0, 1, 1).Squeeze(0), Part(lses, 1), View(o, output), Stream);
        o.Download(output.Storage, Stream);
        test.Check<Half, Half>(values, output, null);
    }

    [TestCase(24)]
    [TestCase(129)]
    public void The_result_may_take_the_place_of_part_0(int dim)
    {
        MergeCase test = new(3, 2, 40, 3, dim, false, Random.Shared.Next());
        TestContext.Out.WriteLine(test);
        PaddedTensor<float> parts = test.MakeParts<float>(), output = test.MakeOutput<float>();
        double[] values = parts.Values;
        float[] lse = new float[test.Rows];
        using DeviceTensor<float> stack = Upload(Device, parts);
        using DeviceTensor<float> lses = Device.Upload<float>(test.Lses, [3, .. test.LseLengths], Stream);
        DeviceView<float> first = stack.Slice(0, 0, 1).Squeeze(0), firstLse = Part(lses, 0);
        Device.Merge<float, float>(stack, lses, first, firstLse, Stream);
        first.Download(output.Storage, Stream);
        firstLse.Download(lse, Stream);
        test.Check<float, float>(values, output, lse);
    }

    [TestCase(float.NaN, 0f)]
    [TestCase(None, float.NaN)]
    [TestCase(float.NaN, float.NaN)]
    [TestCase(float.PositiveInfinity, 0f)]
    public void What_is_no_number_stays_in_its_row(float l1, float l2)
    {
        using DeviceTensor<float> outputs = Device.Upload<float>([1, 1, 1, 3, 3, 3], [2, 1, 3, 1, 1], Stream);
        using DeviceTensor<float> lses = Device.Upload<float>([0, l1, 0, 0, l2, None], [2, 1, 1, 3], Stream);
        using DeviceTensor<float> output = Device.Allocate<float>([1, 3, 1, 1], Stream);
        using DeviceTensor<float> lse = Device.Allocate<float>([1, 1, 3], Stream);
        Device.Merge<float, float>(outputs, lses, output, lse, Stream);
        float[] o = new float[3], l = new float[3];
        output.Download(o, Stream);
        lse.Download(l, Stream);
        Assert.That(o, Is.EqualTo(new[] { 2f, float.NaN, 1 }).Within(1e-6f));
        Assert.That(l, Is.EqualTo(new[] { MathF.Log(2), float.NaN, 0 }).Within(1e-6f));
    }

    [Test]
    public void A_run_allocates_no_managed_memory()
    {
        using DeviceTensor<float> outputs = Device.Upload<float>(RandomData.Floats(64, 1), [2, 1, 4, 1, 8],
            Stream);
        using DeviceTensor<float> lses = Device.Upload<float>(RandomData.Floats(8, 2), [2, 1, 1, 4], Stream);
        using DeviceTensor<Half> output = Device.Allocate<Half>([1, 4, 1, 8], Stream);
        long allocated = Allocations.Of(() => Device.Merge<float, Half>(outputs, lses, output, Stream));
        Stream.Synchronize();
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public void What_cannot_be_is_refused_by_name()
    {
        using DeviceTensor<float> outputs = Device.Upload<float>(RandomData.Floats(32, 3), [2, 1, 2, 2, 4],
            Stream);
        using DeviceTensor<float> lses = Device.Upload<float>(RandomData.Floats(16, 4), [2, 1, 2, 4], Stream);
        using DeviceTensor<float> output = Device.Allocate<float>([1, 2, 2, 4], Stream);
        using DeviceTensor<float> lse = Device.Allocate<float>([1, 2, 2], Stream);
        DeviceView<float> rows = Device.Wrap<float>((nint)lses.AsView().Pointer, [2, 1, 2, 2]);
        DeviceView<float> part1 = outputs.Slice(0, 1, 1).Squeeze(0);
        DeviceView<float> inside = Device.Wrap<float>((nint)outputs.AsView().Pointer + 16, [1, 2, 2, 4]);
        DeviceView<float> lseInOutput = Device.Wrap<float>((nint)output.AsView().Pointer, [1, 2, 2]);
        Assert.Multiple(() =>
        {
            Refuses("outputs", "has 4 axes: it must have 5", () => Merge(output, rows, output, lse));
            Refuses("lses", "is [2, 1, 2, 4]: it must be [2, 1, 2, 2]", () =>
                Merge(outputs, lses, output, lse));
            Refuses("lses", "has stride 4 along axis 2: [batch, heads, sequence] must be dense, which is 2",
                () => Merge(outputs, lses.Slice(3, 0, 2), output, lse));
            Refuses("output", "they must be the same", () =>
                Merge(outputs, rows, output.Slice(1, 0, 1), lse));
            Refuses("lse", "is [1, 2, 1]: it must be [1, 2, 2]",
                () => Merge(outputs, rows, output, lse.Slice(2, 0, 1)));
            Refuses("output", "The output overlaps the outputs", () => Merge(outputs, rows, part1, lse));
            Refuses("output", "The output overlaps the outputs", () => Merge(outputs, rows, inside, lse));
            Refuses("lse", "The lse overlaps the output", () => Merge(outputs, rows, output, lseInOutput));
            Refuses("lse", "default view", () => Merge(outputs, rows, output, default));
            Refuses("outputs", "default view", () => Merge(default, rows, output, lse));
        });
        Assert.That(() => Device.Merge<Half, float>(default, rows, output, Stream),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("use float or System.Single"));

        void Merge(DeviceView<float> o, DeviceView<float> l, DeviceView<float> to, DeviceView<float> lseTo) =>
            Device.Merge<float, float>(o, l, to, lseTo, Stream);
    }

    /// <summary>Runs a case on a device, for all element types.</summary>
    internal static void CheckAllTypes(CudaDevice device, MergeCase test)
    {
        Check<float, float>(device, test);
        Check<float, Half>(device, test);
        Check<Half, Half>(device, test);
        Check<float, BFloat16>(device, test);
        Check<BFloat16, BFloat16>(device, test);
    }

    private static void Check<TPart, T>(CudaDevice device, MergeCase test)
        where TPart : unmanaged
        where T : unmanaged
    {
        PaddedTensor<TPart> parts = test.MakeParts<TPart>();
        PaddedTensor<T> output = test.MakeOutput<T>(), alone = test.MakeOutput<T>();
        double[] values = parts.Values;
        float[] lse = [.. Enumerable.Repeat(Elements.Poison<float>(), test.Rows)];
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<TPart> p = Upload(device, parts, stream);
        using DeviceTensor<float> lses =
            device.Upload<float>(test.Lses, [parts.Lengths[0], .. test.LseLengths], stream);
        using DeviceTensor<T> o = Upload(device, output, stream), other = Upload(device, alone, stream);
        using DeviceTensor<float> l = device.Upload<float>(lse, test.LseLengths, stream);
        device.Merge<TPart, T>(View(p, parts), lses, View(o, output), l, stream, test.Layout);
        device.Merge<TPart, T>(View(p, parts), lses, View(other, alone), stream, test.Layout);
        o.Download(output.Storage, stream);
        other.Download(alone.Storage, stream);
        l.Download(lse, stream);
        test.Check<TPart, T>(values, output, lse);
        Assert.That(alone.Storage, Is.EqualTo(output.Storage), "without lse");
    }

    private DeviceTensor<T> Upload<T>(CudaDevice device, PaddedTensor<T> tensor)
        where T : unmanaged => Upload(device, tensor, Stream);

    private static DeviceTensor<T> Upload<T>(CudaDevice device, PaddedTensor<T> tensor, CudaStream stream)
        where T : unmanaged => device.Upload<T>(tensor.Storage, tensor.StoredLengths, stream);

    private static DeviceView<T> View<T>(DeviceTensor<T> storage, PaddedTensor<T> tensor)
        where T : unmanaged => storage.Slice(tensor.Lengths.Length - 1, tensor.Before, tensor.Lengths[^1]);

    private static DeviceView<float> Part(DeviceTensor<float> lses, int part) =>
        lses.Slice(0, part, 1).Squeeze(0);

    private static void Refuses(string argument, string message, Action call) => Assert.That(call,
        Throws.ArgumentException.With.Message.Contains(message).And.Property("ParamName").EqualTo(argument));
}
