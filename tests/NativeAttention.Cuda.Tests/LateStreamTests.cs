using NativeAttention.Emulation;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// With work that runs only when something waits for it, memory that is freed too early is seen.
/// </summary>
public sealed class LateStreamTests : DeviceFixture
{
    protected override EmulatorOptions Options => EmulatorOptions.Default with { Streams = StreamMode.Late };

    [Test]
    public void Memory_is_freed_behind_its_last_use_in_every_stream()
    {
        float[] sent = RandomData.Floats(2000, seed: 52);
        using PinnedBuffer<float> first = Device.AllocatePinned<float>(2000);
        using PinnedBuffer<float> second = Device.AllocatePinned<float>(2000);
        using CudaStream other = Device.CreateStream();
        using CudaEvent uploaded = Device.CreateEvent();
        DeviceTensor<float> tensor = Device.Upload<float>(sent, [2000], Stream);
        uploaded.Record(Stream);
        other.WaitFor(uploaded);
        tensor.AsView().CopyTo(first, Stream);
        tensor.AsView().CopyTo(second, other);
        tensor.Dispose();
        using DeviceTensor<float> next = Device.Upload<float>(new float[2000], [2000], Stream);
        Device.Synchronize();
        Assert.That(first.Span.ToArray(), Is.EqualTo(sent));
        Assert.That(second.Span.ToArray(), Is.EqualTo(sent));
    }

    [Test]
    public void A_pinned_buffer_outlives_the_copies_it_takes_part_in()
    {
        float[] sent = RandomData.Floats(2000, seed: 53);
        using DeviceTensor<float> tensor = Device.Allocate<float>([2000], Stream);
        using (PinnedBuffer<float> from = Device.AllocatePinned<float>(2000))
        {
            sent.CopyTo(from.Span);
            tensor.AsView().CopyFrom(from, Stream);
        }

        float[] received = new float[2000];
        tensor.Download(received, Stream);
        Assert.That(received, Is.EqualTo(sent));
    }
}
