using NativeAttention.Bindings;
using NativeAttention.Emulation;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Streams and events; on the emulator once with work that runs at once, and once with work that runs only
/// when something waits for it, which finds missing waits.
/// </summary>
[TestFixture(StreamMode.Eager)]
[TestFixture(StreamMode.Late)]
public sealed class StreamTests(StreamMode mode) : DeviceFixture
{
    protected override EmulatorOptions Options => EmulatorOptions.Default with { Streams = mode };

    [Test]
    public void Another_stream_waits_for_an_event()
    {
        float[] sent = RandomData.Floats(5000, seed: 41);
        using CudaStream second = Device.CreateStream();
        using CudaEvent uploaded = Device.CreateEvent();
        using DeviceTensor<float> tensor = Device.Upload<float>(sent, [5000], Stream);
        uploaded.Record(Stream);
        second.WaitFor(uploaded);
        float[] received = new float[5000];
        tensor.Download(received, second);
        Assert.That(received, Is.EqualTo(sent));
    }

    [Test]
    public void Events_measure_time()
    {
        using CudaEvent start = Device.CreateEvent();
        using CudaEvent end = Device.CreateEvent();
        using DeviceTensor<float> tensor = Device.Allocate<float>([1000], Stream);
        start.Record(Stream);
        tensor.Upload(new float[1000], Stream);
        end.Record(Stream);
        end.Synchronize();
        Assert.That(end.ElapsedSince(start), Is.InRange(TimeSpan.Zero, TimeSpan.FromMinutes(1)));
    }

    [Test]
    public void Time_between_events_that_were_not_recorded_is_an_error_of_the_driver()
    {
        using CudaEvent start = Device.CreateEvent();
        using CudaEvent end = Device.CreateEvent();
        CudaException failure = Assert.Throws<CudaException>(() => end.ElapsedSince(start))!;
        Assert.That(failure.Call, Is.EqualTo("cuEventElapsedTime"));
        Assert.That(failure.Device, Is.EqualTo(Device.Ordinal));
    }

    [Test]
    public async Task Waiting_asynchronously_ends_when_the_work_is_done()
    {
        float[] sent = RandomData.Floats(1000, seed: 42);
        using PinnedBuffer<float> received = Device.AllocatePinned<float>(1000);
        using DeviceTensor<float> tensor = Device.Upload<float>(sent, [1000], Stream);
        tensor.AsView().CopyTo(received, Stream);
        await Stream.SynchronizeAsync();
        Assert.That(Stream.IsCompleted(), Is.True);
        Assert.That(received.Span.ToArray(), Is.EqualTo(sent));
    }

    [Test]
    public async Task Asynchronous_download_returns_the_tensor_as_it_was_when_asked()
    {
        float[] before = RandomData.Floats(3_000_000, seed: 43);
        float[] received = new float[3_000_000];
        using DeviceTensor<float> tensor = Device.Upload<float>(before, [3_000_000], Stream);
        ValueTask download = tensor.DownloadAsync(received, Stream);
        tensor.Upload(new float[3_000_000], Stream);
        await download;
        Assert.That(received.AsSpan().SequenceEqual(before), Is.True);
    }

    [Test]
    public async Task Many_asynchronous_downloads_share_few_slots()
    {
        float[] sent = RandomData.Floats(1000, seed: 44);
        using DeviceTensor<float> tensor = Device.Upload<float>(sent, [1000], Stream);
        float[][] received = [.. Enumerable.Range(0, 20).Select(_ => new float[1000])];
        await Task.WhenAll(received.Select(each => tensor.DownloadAsync(each, Stream).AsTask()));
        Assert.That(received, Is.All.EqualTo(sent));
        Assert.That(Device.Staging.Slots, Is.LessThanOrEqualTo(4));
    }

    [Test]
    public void A_wait_that_is_cancelled_at_once_never_starts()
    {
        using DeviceTensor<float> tensor = Device.Upload<float>([1, 2], [2], Stream);
        CancellationToken cancelled = new(canceled: true);
        float[] received = [8, 9];
        Assert.That(Stream.SynchronizeAsync(cancelled).AsTask().IsCanceled, Is.True);
        Assert.That(tensor.DownloadAsync(received, Stream, cancelled).AsTask().IsCanceled, Is.True);
        Stream.Synchronize();
        Assert.That(received, Is.EqualTo(new float[] { 8, 9 }));
    }

    [Test]
    public void A_wrapped_stream_is_used_and_not_destroyed()
    {
        float[] sent = RandomData.Floats(100, seed: 45);
        float[] received = new float[100];
        nint foreign = Device.Context.CreateStream();
        using (CudaStream wrap = CudaStream.Wrap(Device, foreign))
        {
            Assert.That(wrap.IsWrapped, Is.True);
            using DeviceTensor<float> tensor = Device.Upload<float>(sent, [100], wrap);
            tensor.Download(received, wrap);
        }

        Assert.That(received, Is.EqualTo(sent));
        Assert.That(Device.Context.IsStreamDone(foreign), Is.True, "the stream still exists");
        Device.Context.DestroyStream(foreign);
    }

    [Test]
    public void The_null_stream_is_not_wrapped() =>
        Assert.That(() => CudaStream.Wrap(Device, 0),
        Throws.ArgumentException.With.Message.Contains("null stream"));

    [Test]
    public void Objects_of_another_device_are_refused()
    {
        NeedsEmulator("it takes two devices");
        using CudaDevice other = TestDevice.Open(TestDevice.NewOrdinal(Options));
        using CudaStream foreign = other.CreateStream();
        using CudaEvent mark = Device.CreateEvent();
        using CudaEvent foreignMark = other.CreateEvent();
        using DeviceTensor<float> tensor = Device.Upload<float>([1], [1], Stream);
        using PinnedBuffer<float> pinned = other.AllocatePinned<float>(1);
        Assert.Multiple(() =>
        {
            RefusesOther(() => Device.Allocate<float>([1], foreign), "stream", other);
            RefusesOther(() => tensor.Upload([1], foreign), "stream", other);
            RefusesOther(() => mark.Record(foreign), "stream", other);
            RefusesOther(() => foreign.WaitFor(mark), "recorded", Device);
            RefusesOther(() => mark.ElapsedSince(foreignMark), "start", other);
            RefusesOther(() => tensor.AsView().CopyFrom(pinned, Stream), "source", other);
        });
    }

    private static void RefusesOther(Action call, string argument, CudaDevice owner)
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => call())!;
        Assert.That(refusal.ParamName, Is.EqualTo(argument));
        Assert.That(refusal.Message, Does.Contain($"belongs to {owner.Name} "));
    }
}
