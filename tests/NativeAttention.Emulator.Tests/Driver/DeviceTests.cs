using System.Text;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>Devices: how many, what they are, and what they say about themselves.</summary>
internal sealed unsafe class DeviceTests
{
    private static CudaDriver Cuda => EmulatedDriver.Driver;

    [Test]
    public void Device_0_is_there_with_default_options()
    {
        Assert.That(EmulatedDriver.GetOptions(0), Is.SameAs(EmulatorOptions.Default));
        Assert.That(Attribute(DeviceAttribute.ComputeCapabilityMajor, 0), Is.EqualTo(8));
        Assert.That(Attribute(DeviceAttribute.ComputeCapabilityMinor, 0), Is.Zero);
    }

    [Test]
    public void An_added_device_is_counted_and_has_its_own_options()
    {
        int ordinal = EmulatedDriver.AddDevice(new EmulatorOptions { SmCount = 7, Target = "sm_89" });
        int count;
        int device;
        CudaResult counted = Cuda.DeviceGetCount(&count);
        CudaResult got = Cuda.DeviceGet(&device, ordinal);
        Assert.That(counted, Is.EqualTo(CudaResult.Success));
        Assert.That(got, Is.EqualTo(CudaResult.Success));
        Assert.That(count, Is.GreaterThan(ordinal));
        Assert.That(device, Is.EqualTo(ordinal));
        Assert.That(Attribute(DeviceAttribute.MultiprocessorCount, ordinal), Is.EqualTo(7));
        Assert.That(NameOf(ordinal), Does.Contain("emulator").And.Contain("sm_89").And.Contain("7 SMs"));
    }

    [TestCase("sm_80", 8, 0, 166_912, 167_936)]
    [TestCase("sm_86", 8, 6, 101_376, 102_400)]
    [TestCase("sm_89", 8, 9, 101_376, 102_400)]
    [TestCase("sm_90", 9, 0, 232_448, 233_472)]
    [TestCase("sm_90a", 9, 0, 232_448, 233_472)]
    public void A_target_has_the_limits_of_its_architecture(
        string target, int major, int minor, int sharedPerBlock, int sharedPerSm)
    {
        int ordinal = EmulatedDriver.AddDevice(new EmulatorOptions { Target = target });
        Assert.Multiple(() =>
        {
            Assert.That(Attribute(DeviceAttribute.ComputeCapabilityMajor, ordinal), Is.EqualTo(major));
            Assert.That(Attribute(DeviceAttribute.ComputeCapabilityMinor, ordinal), Is.EqualTo(minor));
            Assert.That(Attribute(DeviceAttribute.MaxSharedMemoryPerBlock, ordinal), Is.EqualTo(49_152));
            int optin = Attribute(DeviceAttribute.MaxSharedMemoryPerBlockOptin, ordinal);
            int perSm = Attribute(DeviceAttribute.MaxSharedMemoryPerMultiprocessor, ordinal);
            Assert.That(optin, Is.EqualTo(sharedPerBlock));
            Assert.That(perSm, Is.EqualTo(sharedPerSm));
            Assert.That(Attribute(DeviceAttribute.WarpSize, ordinal), Is.EqualTo(32));
            Assert.That(Attribute(DeviceAttribute.MaxThreadsPerBlock, ordinal), Is.EqualTo(1024));
        });
    }

    [Test]
    public void Every_attribute_in_use_has_a_value()
    {
        Assert.Multiple(() =>
        {
            foreach (DeviceAttribute attribute in Enum.GetValues<DeviceAttribute>())
            {
                int value;
                CudaResult result = Cuda.DeviceGetAttribute(&value, attribute, 0);
                Assert.That(result, Is.EqualTo(CudaResult.Success), attribute.ToString());
            }
        });
    }

    [Test]
    public void An_attribute_that_is_not_emulated_is_refused_by_number()
    {
        int value;
        CudaResult result = Cuda.DeviceGetAttribute(&value, (DeviceAttribute)9999, 0);
        Assert.That(result, Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(Cuda.LastFinding!(0), Does.Contain("9999"));
    }

    [TestCase(-1)]
    [TestCase(100_000)]
    public void An_ordinal_without_a_device_is_refused(int ordinal)
    {
        int device;
        CudaResult result = Cuda.DeviceGet(&device, ordinal);
        Assert.That(result, Is.EqualTo(CudaResult.InvalidDevice));
        Assert.That(Cuda.LastFinding!(-1), Does.Contain($"no device {ordinal}"));
        Assert.That(() => EmulatedDriver.GetOptions(ordinal), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => EmulatedDriver.GetLiveObjects(ordinal), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    public static IEnumerable<TestCaseData> ImpossibleOptions()
    {
        yield return new(new EmulatorOptions { Target = null! }, "sm_80");
        yield return new(new EmulatorOptions { Threads = -1 }, "options.Threads");
        yield return new(new EmulatorOptions { WarpQuantum = 0 }, "options.WarpQuantum");
        yield return new(new EmulatorOptions { BlockQuantum = 0 }, "options.BlockQuantum");
        yield return new(new EmulatorOptions { LivelockLimit = 0 }, "options.LivelockLimit");
        yield return new(new EmulatorOptions { InstructionLimit = -1 }, "options.InstructionLimit");
        yield return new(new EmulatorOptions { QuarantineBytes = -1 }, "options.QuarantineBytes");
    }

    [TestCaseSource(nameof(ImpossibleOptions))]
    public void An_impossible_option_is_refused_by_name(EmulatorOptions options, string named) =>
        Assert.That(() => EmulatedDriver.AddDevice(options),
            Throws.InstanceOf<ArgumentException>().With.Message.Contains(named));

    [Test]
    public void Options_that_cannot_be_emulated_are_refused_by_name()
    {
        Assert.Multiple(() =>
        {
            Assert.That(
                () => EmulatedDriver.AddDevice(new EmulatorOptions { Target = "sm_70" }),
                Throws.ArgumentException.With.Message.Contains("'sm_70'").And.Message.Contains("sm_80, "));
            Assert.That(
                () => EmulatedDriver.AddDevice(new EmulatorOptions { SmCount = 0 }),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("SmCount"));
            Assert.That(
                () => EmulatedDriver.AddDevice(new EmulatorOptions { CtasPerSm = -1 }),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("CtasPerSm"));
            Assert.That(
                () => EmulatedDriver.AddDevice(new EmulatorOptions { MemoryBytes = 5 }),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("MemoryBytes"));
            Assert.That(() => EmulatedDriver.AddDevice(null!), Throws.ArgumentNullException);
        });
    }

    [Test]
    public void A_name_is_cut_to_the_room_there_is()
    {
        byte* name = stackalloc byte[7];
        CudaResult result = Cuda.DeviceGetName(name, 7, 0);
        string text = Encoding.UTF8.GetString(name, 7);
        Assert.That(result, Is.EqualTo(CudaResult.Success));
        Assert.That(text, Is.EqualTo("Native\0"));
    }

    [Test]
    public void Two_devices_have_different_identifiers()
    {
        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default);
        byte[] first = Uuid(0);
        byte[] second = Uuid(ordinal);
        Assert.That(first, Is.Not.EqualTo(second));
        Assert.That(Uuid(0), Is.EqualTo(first));
    }

    [Test]
    public void Memory_is_what_the_options_say()
    {
        int ordinal = EmulatedDriver.AddDevice(new EmulatorOptions { MemoryBytes = 3L << 20 });
        nuint bytes;
        CudaResult result = Cuda.DeviceTotalMem(&bytes, ordinal);
        Assert.That(result, Is.EqualTo(CudaResult.Success));
        Assert.That((long)bytes, Is.EqualTo(3L << 20));
    }

    [Test]
    public void Initialisation_takes_no_flags()
    {
        Assert.That(Cuda.Init(1), Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(Cuda.Init(0), Is.EqualTo(CudaResult.Success));
    }

    private static int Attribute(DeviceAttribute attribute, int ordinal)
    {
        int value;
        Cuda.Check(Cuda.DeviceGetAttribute(&value, attribute, ordinal), "cuDeviceGetAttribute", ordinal);
        return value;
    }

    private static string NameOf(int ordinal)
    {
        byte* name = stackalloc byte[128];
        Cuda.Check(Cuda.DeviceGetName(name, 128, ordinal), "cuDeviceGetName", ordinal);
        return System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)name)!;
    }

    private static byte[] Uuid(int ordinal)
    {
        byte[] uuid = new byte[16];
        fixed (byte* target = uuid)
        {
            Cuda.Check(Cuda.DeviceGetUuid(target, ordinal), "cuDeviceGetUuid_v2", ordinal);
        }

        return uuid;
    }
}
