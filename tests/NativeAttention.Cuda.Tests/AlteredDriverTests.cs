using NativeAttention.Bindings;
using NativeAttention.Emulation;

namespace NativeAttention.Cuda.Tests;

/// <summary>Older drivers, older devices and failures that the emulator does not show by itself.</summary>
public sealed class AlteredDriverTests
{
    private static readonly string[] PoolExports =
    [
        "cuMemAllocAsync", "cuMemFreeAsync", "cuMemPoolSetAttribute", "cuMemPoolTrimTo",
        "cuDeviceGetDefaultMemPool",
    ];

    [SetUp]
    public void OnlyOnTheEmulator()
    {
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore("Only on the emulator: the driver is altered.");
        }
    }

    [Test]
    public void Without_memory_pools_memory_is_freed_when_its_uses_are_done()
    {
        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default with { Streams = StreamMode.Late });
        using CudaDevice device = CudaDevice.Open(AlteredDriver.Without(PoolExports), ordinal);
        using CudaStream stream = device.CreateStream();
        using CudaStream other = device.CreateStream();
        using PinnedBuffer<float> received = device.AllocatePinned<float>(500);
        float[] sent = RandomData.Floats(500, seed: 61);
        Assert.That(device.Context.HasMemoryPools, Is.False);
        using (DeviceTensor<float> tensor = device.Upload<float>(sent, [500], stream))
        {
            stream.Synchronize();
            tensor.AsView().CopyTo(received, other);
        }

        Assert.That(other.IsCompleted(), Is.True, "the free has waited for the copy");
        Assert.That(received.Span.ToArray(), Is.EqualTo(sent));
        device.Dispose();
        Assert.That(EmulatedDriver.GetAbandonedObjects(ordinal).Total, Is.Zero);
    }

    [Test]
    public void A_device_that_is_too_old_is_refused_with_what_is_needed()
    {
        CudaDriver turing = AlteredDriver.With("cuDeviceGetAttribute", AlteredDriver.TuringAttributes);
        NotSupportedException refusal = Assert.Throws<NotSupportedException>(() => CudaBackend.Open(turing))!;
        Assert.That(refusal.Message, Does.Contain("7.5").And.Contains("8.0 or newer")
            .And.Contains("emulator"));
        using CudaDevice device = CudaDevice.Open(turing);
        Assert.That(device.CanRun<float>(new AttentionShape(1, 1, 1, 1, 1, 8), null, out string? reason),
            Is.False);
        Assert.That(reason, Does.Contain("7.5"));
    }

    [Test]
    public void A_driver_without_devices_is_told()
    {
        CudaDriver empty = AlteredDriver.With("cuDeviceGetCount", AlteredDriver.NoDevices);
        ArgumentOutOfRangeException refusal =
            Assert.Throws<ArgumentOutOfRangeException>(() => CudaDevice.Open(empty))!;
        Assert.That(refusal.Message, Does.Contain("altered emulator has 0 device(s)"));
    }

    [Test]
    public void Dispose_logs_a_failure_and_does_not_throw()
    {
        using RecordingLoggers loggers = new();
        CudaDriver failing = AlteredDriver.With("cuStreamDestroy_v2", AlteredDriver.FailingStreamDestroy);
        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default);
        CudaDevice device = CudaDevice.Open(failing, ordinal, loggers);
        CudaStream stream = device.CreateStream();
        Assert.That(stream.Dispose, Throws.Nothing);
        Assert.That(device.Dispose, Throws.Nothing);
        Assert.That(loggers.Lines, Has.Some.Match(
            "Warning: .*giving back a CudaStream failed.*cuStreamDestroy_v2"));
        Assert.That(EmulatedDriver.GetLiveObjects(ordinal).Total, Is.Zero);
    }

    [Test]
    public async Task An_asynchronous_wait_ends_when_the_context_has_failed_and_nothing_calls_back()
    {
        CudaDriver failed = AlteredDriver.With(
            ("cuLaunchHostFunc", AlteredDriver.SilentHostFunction),
            ("cuStreamQuery", AlteredDriver.FailedStreamQuery));
        using CudaDevice device = CudaDevice.Open(failed, EmulatedDriver.AddDevice(EmulatorOptions.Default));
        using CudaStream stream = device.CreateStream();
        Task wait = stream.SynchronizeAsync().AsTask();
        Task first = await Task.WhenAny(wait, Task.Delay(TimeSpan.FromSeconds(20)));
        Assert.That(first, Is.SameAs(wait), "ended by itself");
        Assert.That(wait.Exception?.InnerException, Is.TypeOf<CudaException>());
    }

    [Test]
    public async Task Cancelling_stops_the_wait_and_leaves_the_destination_alone()
    {
        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default);
        CudaDriver silent = AlteredDriver.With("cuLaunchHostFunc", AlteredDriver.SilentHostFunction);
        using CudaDevice device = CudaDevice.Open(silent, ordinal);
        using CudaStream stream = device.CreateStream();
        using CancellationTokenSource stop = new();
        using DeviceTensor<float> tensor = device.Upload<float>(RandomData.Floats(1000, 62), [1000], stream);
        float[] received = new float[1000];
        Array.Fill(received, 7f);
        Task download = tensor.DownloadAsync(received, stream, stop.Token).AsTask();
        await stop.CancelAsync();
        Assert.That(async () => await download, Throws.InstanceOf<OperationCanceledException>());
        stream.Synchronize();
        Assert.That(received, Is.All.EqualTo(7f));
        device.Dispose();
        Assert.That(EmulatedDriver.GetAbandonedObjects(ordinal).Total, Is.Zero,
            "the staging slot was given back");
    }
}
