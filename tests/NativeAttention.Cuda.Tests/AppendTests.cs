using System.Runtime.InteropServices;
using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>Taking tokens in on the device: to the bit, and what is refused.</summary>
public sealed class AppendTests : DeviceFixture
{
    public static IEnumerable<AppendCase> Cases() => AppendCase.All(Random.Shared.Next(1 << 30));

    [TestCaseSource(nameof(Cases))]
    public void Tokens_are_where_they_belong_and_nothing_else_changes(AppendCase test)
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
            foreach (AppendCase test in Cases())
            {
                CheckAllTypes(device, test);
            }
        }

        KernelProfile[] profiles = [.. EmulatedDriver.GetProfiles(ordinal)];
        Assert.That(profiles.Select(p => p.Kernel), Is.EquivalentTo(
            new[] { "na_append_simt_f32_sm80", "na_append_simt_f16_sm80", "na_append_simt_bf16_sm80" }));
        Assert.That(profiles.SelectMany(p =>
            p.Unexecuted().Select(s => $"{p.Kernel}: {s.Line}: {s.Statement}")), Is.Empty);
    }

    [TestCase(16)]
    [TestCase(5)]
    public void Tokens_outside_the_cache_are_not_written(int dim)
    {
        AppendCase test = new(4, 3, 6, 2, dim, false, Random.Shared.Next(1 << 30));
        TestContext.Out.WriteLine(test);
        Check<Half>(Device, test, [-2, 5, int.MaxValue, -7]);
    }

    [Test]
    public void The_positions_are_those_of_the_moment_of_the_run()
    {
        AppendCase test = new(2, 2, 9, 1, 8, false, Random.Shared.Next(1 << 30));
        PaddedTensor<float> tokens = test.MakeAdded<float>(), cache = test.MakeCache<float>();
        using DeviceTensor<float> from = Upload(Device, tokens, Stream), to = Upload(Device, cache, Stream);
        using DeviceTensor<int> positions = Device.Upload<int>([0, 1], [2], Stream);
        Device.Append<float>(from, to, positions, Stream);
        positions.Upload([7, 4], Stream);
        Device.Append<float>(from, to, positions, Stream);
        PaddedTensor<float> once = test.MakeCache<float>();
        test.Expected(cache, tokens, [0, 1]).CopyTo(once.Storage, 0);
        float[] expected = test.Expected(once, tokens, [7, 4]);
        to.Download(cache.Storage, Stream);
        Assert.That(Bits(cache.Storage), Is.EqualTo(Bits(expected)));
    }

    [Test]
    public void Keys_and_values_go_in_one_launch()
    {
        int seed = Random.Shared.Next(1 << 30);
        AppendCase keys = new(3, 2, 9, 2, 24, true, seed), values = new(3, 2, 12, 1, 7, true, seed + 1);
        TestContext.Out.WriteLine(keys);
        PaddedTensor<Half> k = keys.MakeAdded<Half>(), kc = keys.MakeCache<Half>();
        PaddedTensor<Half> v = values.MakeAdded<Half>(), vc = values.MakeCache<Half>();
        using DeviceTensor<Half> dk = Upload(Device, k, Stream), dkc = Upload(Device, kc, Stream);
        using DeviceTensor<Half> dv = Upload(Device, v, Stream), dvc = Upload(Device, vc, Stream);
        using DeviceTensor<int> positions = Device.Upload<int>(keys.Positions, [3], Stream);
        Device.Append<Half>(dk, dv, dkc, dvc, positions, Stream, AttentionLayout.Bhsd);
        Half[] expectedKeys = keys.Expected(kc, k, keys.Positions);
        Half[] expectedValues = values.Expected(vc, v, keys.Positions);
        dkc.Download(kc.Storage, Stream);
        dvc.Download(vc.Storage, Stream);
        Assert.That(Bits(kc.Storage), Is.EqualTo(Bits(expectedKeys)));
        Assert.That(Bits(vc.Storage), Is.EqualTo(Bits(expectedValues)));
    }

    [TestCase(3, 2, 16)]
    [TestCase(4, 1, 5)]
    [TestCase(0, 2, 8)]
    [TestCase(2, 0, 8)]
    public void Past_and_new_tokens_are_joined(int past, int added, int dim)
    {
        int seed = Random.Shared.Next(1 << 30);
        AppendCase old = new(2, past, past + added, 3, dim, false, seed);
        AppendCase fresh = new(2, added, past + added, 3, dim, false, seed + 1);
        TestContext.Out.WriteLine(old);
        PaddedTensor<BFloat16> a = old.MakeAdded<BFloat16>(), b = fresh.MakeAdded<BFloat16>();
        PaddedTensor<BFloat16> present = new([2, past + added, 3, dim]),
            half = new([2, past + added, 3, dim]);
        using DeviceTensor<BFloat16> da = Upload(Device, a, Stream), db = Upload(Device, b, Stream);
        using DeviceTensor<BFloat16> to = Upload(Device, present, Stream);
        Device.Concatenate<BFloat16>(da, db, to, Stream);
        old.Expected(present, a, [0, 0]).CopyTo(half.Storage, 0);
        BFloat16[] expected = fresh.Expected(half, b, [past, past]);
        to.Download(present.Storage, Stream);
        Assert.That(Bits(present.Storage), Is.EqualTo(Bits(expected)));
    }

    [Test]
    public void A_run_allocates_no_managed_memory()
    {
        using DeviceTensor<float> x = Device.Upload<float>(RandomData.Floats(16, 1), [1, 1, 2, 8], Stream);
        using DeviceTensor<float> keys = Device.Allocate<float>([1, 4, 2, 8], Stream);
        using DeviceTensor<float> values = Device.Allocate<float>([1, 4, 2, 8], Stream);
        using DeviceTensor<int> positions = Device.Upload<int>([3], [1], Stream);
        long allocated = Allocations.Of(Run);
        Stream.Synchronize();
        Assert.That(allocated, Is.Zero);

        void Run() => Device.Append<float>(x, x, keys, values, positions, Stream);
    }

    [Test]
    public void What_cannot_be_is_refused_by_name()
    {
        using DeviceTensor<float> x = Device.Upload<float>(RandomData.Floats(64, 3), [4, 1, 2, 1, 8], Stream);
        using DeviceTensor<float> cache = Device.Allocate<float>([1, 5, 1, 8], Stream);
        using DeviceTensor<int> positions = Device.Upload<int>([0], [1], Stream);
        DeviceView<float> a = x.Slice(0, 0, 1).Squeeze(0), b = x.Slice(0, 1, 1).Squeeze(0);
        DeviceView<int> inB = Device.Wrap<int>((nint)b.Pointer, [1]);
        Assert.Multiple(() =>
        {
            Refuses("added", "has 5 axes: it must have 4", () => Append(x, cache, positions));
            Refuses("cache", "is [1, 5, 1, 4], but the added is [1, 2, 1, 8]",
                () => Append(a, cache.Slice(3, 0, 4), positions));
            Refuses("cache", "has room for 1 tokens, but the added has 2",
                () => Append(a, cache.Slice(1, 0, 1), positions));
            Refuses("positions", "is [0]: it must be [1], [batch]",
                () => Append(a, cache, positions.Slice(0, 0, 0)));
            Refuses("cache", "The cache overlaps the added", () => Append(a, a, positions));
            Refuses("cache", "The cache overlaps the positions", () => Append(a, b, inB));
            Refuses("positions", "default view", () => Append(a, cache, default));
            Refuses("valueCache", "The valueCache overlaps the keyCache",
                () => Device.Append<float>(a, b, cache, cache, positions, Stream));
            Refuses("keyCache", "The keyCache overlaps the value",
                () => Device.Append<float>(a, b, b, cache, positions, Stream));
            Refuses("present", "has 5 tokens: it must have those of the past, 2, and those of the added, 2",
                () => Device.Concatenate<float>(a, b, cache, Stream));
            Refuses("present", "The present overlaps the added",
                () => Device.Concatenate<float>(a.Slice(1, 0, 1), b.Slice(1, 0, 1), b, Stream));
        });

        void Append(DeviceView<float> added, DeviceView<float> to, DeviceView<int> at) =>
            Device.Append<float>(added, to, at, Stream);
    }

    /// <summary>Runs a case on a device, for all element types.</summary>
    internal static void CheckAllTypes(CudaDevice device, AppendCase test)
    {
        Check<float>(device, test, test.Positions);
        Check<Half>(device, test, test.Positions);
        Check<BFloat16>(device, test, test.Positions);
    }

    private static void Check<T>(CudaDevice device, AppendCase test, int[] positions)
        where T : unmanaged
    {
        PaddedTensor<T> tokens = test.MakeAdded<T>(), cache = test.MakeCache<T>();
        T[] expected = test.Expected(cache, tokens, positions);
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<T> from = Upload(device, tokens, stream), to = Upload(device, cache, stream);
        using DeviceTensor<int> at = device.Upload<int>(positions, [test.Batch], stream);
        device.Append(from, to.Slice(3, cache.Before, cache.Lengths[3]), at, stream, test.Layout);
        to.Download(cache.Storage, stream);
        Assert.That(Bits(cache.Storage), Is.EqualTo(Bits(expected)));
    }

    private static DeviceTensor<T> Upload<T>(CudaDevice device, PaddedTensor<T> tensor, CudaStream stream)
        where T : unmanaged => device.Upload<T>(tensor.Storage, tensor.StoredLengths, stream);

    private static byte[] Bits<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();

    private static void Refuses(string argument, string message, Action call) => Assert.That(call,
        Throws.InstanceOf<ArgumentException>().With.Message.Contains(message)
            .And.Property("ParamName").EqualTo(argument));
}
