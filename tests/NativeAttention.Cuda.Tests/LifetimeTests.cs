using NativeAttention.Emulation;

namespace NativeAttention.Cuda.Tests;

public sealed class LifetimeTests : DeviceFixture
{
    protected override EmulatorOptions Options => EmulatorOptions.Default with { Streams = StreamMode.Late };

    [Test]
    public void Anything_may_be_disposed_in_any_order([Range(1, 25)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        CudaStream[] streams = [Stream, Device.CreateStream(), Device.CreateStream()];
        List<IDisposable> things = [.. streams];
        for (int i = 0; i < 8; i++)
        {
            things.Add(UsedTensor(streams, random));
        }

        things.Add(Device.CreateEvent());
        things.Add(Device);
        IDisposable[] order = [.. things];
        random.Shuffle(order);
        foreach (IDisposable thing in order)
        {
            Assert.That(thing.Dispose, Throws.Nothing);
        }

        foreach (IDisposable thing in order)
        {
            Assert.That(thing.Dispose, Throws.Nothing, "a second time");
        }
    }

    [Test]
    public void A_device_disposes_what_it_made()
    {
        DeviceTensor<float> tensor = Device.Upload<float>([1, 2], [2], Stream);
        PinnedBuffer<float> pinned = Device.AllocatePinned<float>(2);
        CudaEvent mark = Device.CreateEvent();
        AttentionPlan<float> plan = Device.Plan<float>(new AttentionShape(1, 1, 1, 1, 1, 2));
        Assert.That(Device.LiveResources, Is.EqualTo(5));
        Device.Dispose();
        Assert.That(Device.LiveResources, Is.Zero);
        Assert.Multiple(() =>
        {
            IsDisposed(() => tensor.Download(new float[2], Stream), nameof(CudaDevice));
            IsDisposed(() => _ = pinned.Span, "PinnedBuffer<Single>");
            IsDisposed(() => mark.Record(Stream), nameof(CudaDevice));
            IsDisposed(() => mark.Synchronize(), nameof(CudaEvent));
            IsDisposed(() => Stream.Synchronize(), nameof(CudaStream));
            IsDisposed(() => plan.Run(tensor, tensor, tensor, tensor, Stream), nameof(CudaDevice));
            IsDisposed(() => Device.CreateStream(), nameof(CudaDevice));
            IsDisposed(() => Device.Synchronize(), nameof(CudaDevice));
            IsDisposed(() => Device.Plan<float>(new AttentionShape(1, 1, 1, 1, 1, 2)), nameof(CudaDevice));
        });
    }

    [Test]
    public void What_was_disposed_is_named()
    {
        DeviceTensor<float> tensor = Device.Upload<float>([1, 2], [2], Stream);
        DeviceView<float> view = tensor.Slice(0, 0, 1);
        CudaStream stream = Device.CreateStream();
        CudaEvent mark = Device.CreateEvent();
        PinnedBuffer<float> pinned = Device.AllocatePinned<float>(2);
        using DeviceTensor<float> alive = Device.Upload<float>([1, 2], [2], Stream);
        tensor.Dispose();
        stream.Dispose();
        mark.Dispose();
        pinned.Dispose();
        Assert.Multiple(() =>
        {
            IsDisposed(() => tensor.Upload([1, 2], Stream), "DeviceTensor<Single>");
            IsDisposed(() => view.Download(new float[1], Stream), "DeviceTensor<Single>");
            IsDisposed(() => alive.AsView().CopyTo(tensor, Stream), "DeviceTensor<Single>", "destination");
            IsDisposed(() => alive.Download(new float[2], stream), nameof(CudaStream), "stream");
            IsDisposed(() => Stream.WaitFor(mark), nameof(CudaEvent), "recorded");
            IsDisposed(() => alive.AsView().CopyTo(pinned, Stream), "PinnedBuffer<Single>", "destination");
            IsDisposed(() => stream.SynchronizeAsync().AsTask(), nameof(CudaStream));
        });
    }

    [Test]
    public void Calls_may_race_disposal([Range(1, 8)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        DeviceTensor<float> tensor = Device.Upload<float>(RandomData.Floats(64, seed), [64], Stream);
        CudaStream other = Device.CreateStream();
        IDisposable[] victims = [tensor, other, Device];
        using Barrier start = new(5);
        Exception? unexpected = null;
        Thread[] users = [.. Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            float[] received = new float[64];
            start.SignalAndWait();
            try
            {
                for (int n = 0; n < 10_000; n++)
                {
                    tensor.Download(received, (i + n) % 2 == 0 ? Stream : other);
                    tensor.Upload(received, (i + n) % 3 == 0 ? Stream : other);
                }
            }
            catch (ObjectDisposedException)
            {
                // What must happen sooner or later.
            }
            catch (Exception failure)
            {
                unexpected = failure;
            }
        }))];
        Array.ForEach(users, user => user.Start());
        start.SignalAndWait();
        Thread.Sleep(seed);
        victims[seed % 3].Dispose();
        Array.ForEach(users, user => user.Join());
        Assert.That(unexpected, Is.Null);
    }

    [Test]
    public void A_device_may_be_opened_twice_and_each_is_its_own()
    {
        using CudaDevice again = TestDevice.Open(Device.Ordinal);
        using DeviceTensor<float> tensor = Device.Upload<float>([1, 2], [2], Stream);
        using (CudaStream foreign = again.CreateStream())
        {
            Assert.That(() => tensor.Download(new float[2], foreign), Throws.ArgumentException.With.Message
                .Contains("one CudaDevice object"));
        }

        again.Dispose();
        float[] received = new float[2];
        tensor.Download(received, Stream);
        Assert.That(received, Is.EqualTo(new float[] { 1, 2 }));
    }

    [Test]
    public void Threads_share_a_device()
    {
        Parallel.For(0, 8, i =>
        {
            using CudaStream stream = Device.CreateStream();
            for (int n = 0; n < 20; n++)
            {
                float[] sent = [.. Enumerable.Range(0, 500).Select(x => (float)(x + (i * 1000) + n))];
                using DeviceTensor<float> tensor = Device.Upload<float>(sent, [500], stream);
                float[] received = new float[500];
                tensor.Download(received, stream);
                Assert.That(received, Is.EqualTo(sent));
            }
        });
    }

    private DeviceTensor<float> UsedTensor(CudaStream[] streams, Random random)
    {
        DeviceTensor<float> tensor = Device.Upload<float>(new float[100], [100], streams[random.Next(3)]);
        Device.Synchronize();
        foreach (CudaStream stream in streams.Where(_ => random.Next(2) == 0))
        {
            tensor.Upload(new float[100], stream);
        }

        return tensor;
    }

    private static void IsDisposed(Action call, string what, string? argument = null)
    {
        ObjectDisposedException refusal = Assert.Throws<ObjectDisposedException>(() => call())!;
        Assert.That(refusal.Message, Does.Contain(what).And.Contains("disposed"));
        if (argument is not null)
        {
            Assert.That(refusal.Message, Does.Contain($"'{argument}'"));
        }
    }
}
