using NativeAttention.Bindings;
using NativeAttention.Emulation;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// A device for every test: an emulated one of its own, or the GPU that <c>NATTN_DEVICE=cuda:N</c> names.
/// After the test it is disposed, and the emulator must have nothing left.
/// </summary>
public abstract class DeviceFixture
{
    private int _ordinal;

    /// <summary>The device of the running test.</summary>
    protected CudaDevice Device { get; private set; } = null!;

    /// <summary>A stream of it.</summary>
    protected CudaStream Stream { get; private set; } = null!;

    /// <summary>How the emulated device behaves.</summary>
    protected virtual EmulatorOptions Options => EmulatorOptions.Default;

    [SetUp]
    public void OpenDevice()
    {
        _ordinal = TestDevice.NewOrdinal(Options);
        Device = TestDevice.Open(_ordinal);
        Stream = Device.CreateStream();
    }

    [TearDown]
    public void NothingIsLeft()
    {
        Stream.Dispose();
        Device.Dispose();
        Assert.That(Device.LiveResources, Is.Zero, "resources of the device");
        if (TestDevice.IsEmulated)
        {
            Assert.That(EmulatedDriver.GetLiveObjects(_ordinal), Is.EqualTo(default(EmulatedObjectCounts)));
            if (LosesContextAttribute.IsOnCurrentTest)
            {
                // Every call on a lost context fails, frees too; what is left goes with the context.
                return;
            }

            Assert.That(EmulatedDriver.GetAbandonedObjects(_ordinal),
                Is.EqualTo(default(EmulatedObjectCounts)));
        }
    }

    /// <summary>Skips a test that only the emulator can run.</summary>
    protected static void NeedsEmulator(string why)
    {
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore($"Only on the emulator: {why}");
        }
    }
}

/// <summary>Which driver the tests run on.</summary>
internal static class TestDevice
{
    private static readonly string? Wanted = Environment.GetEnvironmentVariable("NATTN_DEVICE");

    public static bool IsEmulated => Wanted is null || !Wanted.StartsWith("cuda", StringComparison.Ordinal);

    public static CudaDriver Driver => IsEmulated ? EmulatedDriver.Driver : CudaDriver.Load();

    public static int NewOrdinal(EmulatorOptions options) =>
        IsEmulated ? EmulatedDriver.AddDevice(options) : Wanted!.Contains(':', StringComparison.Ordinal)
            ? int.Parse(Wanted.AsSpan(Wanted.IndexOf(':', StringComparison.Ordinal) + 1),
                System.Globalization.CultureInfo.InvariantCulture)
            : 0;

    public static CudaDevice Open(int ordinal, Microsoft.Extensions.Logging.ILoggerFactory? loggers = null) =>
        CudaDevice.Open(Driver, ordinal, loggers);
}
