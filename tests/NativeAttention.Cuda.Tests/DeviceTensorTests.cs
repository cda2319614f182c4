namespace NativeAttention.Cuda.Tests;

public sealed class DeviceTensorTests : DeviceFixture
{
    [TestCase(1)]
    [TestCase(7)]
    [TestCase(StagingPool.SlotBytes / sizeof(float))]
    [TestCase((StagingPool.SlotBytes / sizeof(float)) + 1)]
    [TestCase((6 * StagingPool.SlotBytes / sizeof(float)) + 13)]
    public void Round_trip_returns_what_went_in(int count)
    {
        float[] sent = RandomData.Floats(count, seed: count);
        float[] received = new float[count];
        Array.Fill(received, float.NaN);
        using DeviceTensor<float> tensor = Device.Upload<float>(sent, [count], Stream);
        tensor.Download(received, Stream);
        Assert.That(received, Is.EqualTo(sent));
    }

    [Test]
    public void Every_element_type_round_trips()
    {
        RoundTrip<byte>([1, 2, 255]);
        RoundTrip<Half>([(Half)1, (Half)(-2.5), Half.MaxValue]);
        RoundTrip<BFloat16>([(BFloat16)1f, (BFloat16)(-2.5f), (BFloat16)3e38f]);
        RoundTrip<long>([1, -2, long.MaxValue]);
        RoundTrip<(int, float)>([(1, 2f), (3, 4f)]);
    }

    [Test]
    public void The_source_may_change_once_upload_has_returned()
    {
        float[] sent = RandomData.Floats(1000, seed: 5);
        float[] expected = [.. sent];
        using DeviceTensor<float> tensor = Device.Upload<float>(sent, [1000], Stream);
        Array.Fill(sent, float.NaN);
        float[] received = new float[1000];
        tensor.Download(received, Stream);
        Assert.That(received, Is.EqualTo(expected));
    }

    [Test]
    public void Dims_and_strides_are_dense()
    {
        using DeviceTensor<Half> tensor = Device.Allocate<Half>([2, 3, 4, 5], Stream);
        Assert.Multiple(() =>
        {
            Assert.That(tensor.Dims.ToArray(), Is.EqualTo(new[] { 2, 3, 4, 5 }));
            Assert.That(tensor.Strides.ToArray(), Is.EqualTo(new long[] { 60, 20, 5, 1 }));
            Assert.That(tensor.Count, Is.EqualTo(120));
            Assert.That(tensor.Device, Is.SameAs(Device));
            Assert.That(tensor.ToString(), Does.Contain("[2, 3, 4, 5]"));
        });
    }

    [Test]
    public void No_elements_need_no_memory([Values(0, 1)] int axis)
    {
        int[] dims = [2, 3];
        dims[axis] = 0;
        using DeviceTensor<float> tensor = Device.Upload<float>([], dims, Stream);
        Assert.That(tensor.Count, Is.Zero);
        Assert.That(tensor.AsView().IsDense, Is.True);
        tensor.Upload([], Stream);
        tensor.Download([], Stream);
    }

    [Test]
    public async Task No_elements_download_asynchronously_too()
    {
        using DeviceTensor<float> tensor = Device.Allocate<float>([0, 3], Stream);
        await tensor.DownloadAsync(Memory<float>.Empty, Stream);
    }

    [Test]
    public void A_slice_is_the_part_it_names()
    {
        float[] all = RandomData.Floats(2 * 3 * 5, seed: 11);
        using DeviceTensor<float> tensor = Device.Upload<float>(all, [2, 3, 5], Stream);
        DeviceView<float> second = tensor.Slice(axis: 0, start: 1, length: 1);
        DeviceView<float> rows = second.Slice(axis: 1, start: 1, length: 2);
        float[] received = new float[10];
        rows.Download(received, Stream);
        Assert.Multiple(() =>
        {
            Assert.That(received, Is.EqualTo(all[20..30]));
            Assert.That(rows.Dims.ToArray(), Is.EqualTo(new[] { 1, 2, 5 }));
            Assert.That(rows.IsDense, Is.True);
            Assert.That(rows.Squeeze(0).Dims.ToArray(), Is.EqualTo(new[] { 2, 5 }));
            Assert.That(tensor.Slice(1, 0, 2).IsDense, Is.False);
            Assert.That(tensor.Slice(1, 0, 2).Strides.ToArray(), Is.EqualTo(new long[] { 15, 5, 1 }));
        });
    }

    [Test]
    public void Upload_into_a_slice_leaves_the_rest()
    {
        float[] all = RandomData.Floats(12, seed: 12);
        float[] part = RandomData.Floats(4, seed: 13);
        using DeviceTensor<float> tensor = Device.Upload<float>(all, [3, 4], Stream);
        tensor.Slice(0, 1, 1).Upload(part, Stream);
        float[] received = new float[12];
        tensor.Download(received, Stream);
        Assert.That(received, Is.EqualTo((float[])[.. all[..4], .. part, .. all[8..]]));
    }

    [Test]
    public void Views_copy_to_views()
    {
        float[] all = RandomData.Floats(12, seed: 14);
        using DeviceTensor<float> from = Device.Upload<float>(all, [3, 4], Stream);
        using DeviceTensor<float> to = Device.Upload<float>(new float[8], [8], Stream);
        from.Slice(0, 1, 2).CopyTo(to, Stream);
        float[] received = new float[8];
        to.Download(received, Stream);
        Assert.That(received, Is.EqualTo(all[4..]));
        Assert.That(() => from.Slice(0, 0, 2).CopyTo(from.Slice(0, 1, 2), Stream),
            Throws.ArgumentException.With.Message.Contains("overlaps"));
    }

    [Test]
    public void Bad_slices_name_the_argument_and_what_is_allowed()
    {
        using DeviceTensor<float> tensor = Device.Allocate<float>([3, 4], Stream);
        Assert.Multiple(() =>
        {
            Refuses(() => tensor.Slice(2, 0, 1), "axis", "2", "0 to 1");
            Refuses(() => tensor.Slice(1, 5, 0), "start", "5", "0 to 4");
            Refuses(() => tensor.Slice(1, -1, 1), "start", "-1", "0 to 4");
            Refuses(() => tensor.Slice(1, 3, 2), "length", "2", "0 to 1");
            Refuses(() => tensor.AsView().Squeeze(1), "axis", "1", "length 1");
        });
    }

    [Test]
    public void Bad_dims_name_the_argument_and_what_is_allowed()
    {
        Assert.Multiple(() =>
        {
            Refuses(() => Device.Allocate<float>([2, -3], Stream), "dims", "-3", "0 or more");
            Refuses(() => Device.Allocate<float>([], Stream), "dims", "0 axes", "1 to 6");
            Refuses(() => Device.Allocate<float>([1, 1, 1, 1, 1, 1, 1], Stream), "dims", "7 axes", "1 to 6");
            Refuses(() => Device.Allocate<float>([int.MaxValue, int.MaxValue, 2], Stream), "dims", "2^63");
            Refuses(() => Device.Allocate<float>([int.MaxValue, 0, int.MaxValue, int.MaxValue, 4], Stream),
                "dims", "2^63");
        });
    }

    [Test]
    public void Strides_beyond_32_bits_are_computed_in_64()
    {
        StridedDims dims = StridedDims.Dense([3, 70000, 70000], elementBytes: 2);
        Assert.That(dims.AllStrides.ToArray(), Is.EqualTo(new[] { 4_900_000_000L, 70000, 1 }));
        Assert.That(dims.Extent, Is.EqualTo(14_700_000_000L));
        dims.Slice(0, 2, 1, out long offset);
        Assert.That(offset, Is.EqualTo(9_800_000_000L));
    }

    [Test]
    public void Wrong_lengths_are_refused_before_anything_is_copied()
    {
        using DeviceTensor<float> tensor = Device.Upload<float>([1, 2, 3], [3], Stream);
        float[] received = [9, 9];
        Assert.Multiple(() =>
        {
            Refuses(() => tensor.Upload(new float[4], Stream), "source", "4 elements", "3");
            Refuses(() => tensor.Download(received, Stream), "destination", "2 elements", "3");
            Refuses(() => Device.Upload<float>(new float[5], [2, 3], Stream), "source", "5 elements", "6");
            Refuses(() => tensor.DownloadAsync(new float[1], Stream).AsTask(), "destination", "1 elements",
                "3");
        });
        Assert.That(received, Is.EqualTo(new float[] { 9, 9 }));
    }

    [Test]
    public void A_view_with_gaps_is_not_copied()
    {
        using DeviceTensor<float> tensor = Device.Allocate<float>([3, 4], Stream);
        Refuses(() => tensor.Slice(1, 0, 2).Download(new float[6], Stream), "this", "[3, 2]", "gaps");
    }

    [Test]
    public void The_default_view_is_refused()
    {
        DeviceView<float> nothing = default;
        Assert.That(() => nothing.Download([], Stream),
            Throws.ArgumentException.With.Message.Contains("default view"));
        Assert.That(() => nothing.Slice(0, 0, 0),
            Throws.ArgumentException.With.Message.Contains("default view"));
    }

    [Test]
    public void Foreign_memory_is_wrapped_without_being_owned()
    {
        float[] sent = RandomData.Floats(6, seed: 21);
        ulong address = Device.Context.Allocate(24, Stream.Handle);
        DeviceView<float> view = Device.Wrap<float>((nint)address, [2, 3]);
        view.Upload(sent, Stream);
        float[] received = new float[6];
        view.Slice(0, 0, 2).Download(received, Stream);
        Assert.That(received, Is.EqualTo(sent));
        Device.Context.Free(address, Stream.Handle);
    }

    [Test]
    public void What_is_no_device_memory_is_not_wrapped()
    {
        Assert.Multiple(() =>
        {
            Refuses(() => Device.Wrap<float>(0, [2]), "address", "0x0", "memory of");
            Refuses(() => Device.Wrap<float>(0x1230, [2]), "address", "0x1230", "memory of");
            Refuses(() => Device.Wrap<float>(0x1232, [2]), "address", "0x1232", "multiple of 4");
        });
    }

    [Test]
    public void Memory_of_another_device_is_not_wrapped()
    {
        NeedsEmulator("it takes two devices");
        using CudaDevice other = TestDevice.Open(TestDevice.NewOrdinal(Options));
        using CudaStream stream = other.CreateStream();
        ulong address = other.Context.Allocate(24, stream.Handle);
        other.Synchronize();
        Refuses(() => Device.Wrap<float>((nint)address, [2]), "address", $"must be memory of {Device.Name} ");
        using CudaDevice.Scope scope = other.Use();
        other.Context.Free(address, stream.Handle);
    }

    [Test]
    public void Pinned_memory_goes_both_ways()
    {
        using PinnedBuffer<float> from = Device.AllocatePinned<float>(1000);
        using PinnedBuffer<float> to = Device.AllocatePinned<float>(1000);
        RandomData.Floats(1000, seed: 31).CopyTo(from.Span);
        to.Span.Fill(float.NaN);
        using DeviceTensor<float> tensor = Device.Allocate<float>([10, 100], Stream);
        tensor.AsView().CopyFrom(from, Stream);
        tensor.AsView().CopyTo(to, Stream);
        Stream.Synchronize();
        Assert.That(to.Span.ToArray(), Is.EqualTo(from.Span.ToArray()));
        Refuses(() => tensor.Slice(0, 0, 1).CopyTo(to, Stream), "destination", "1000 elements", "100");
    }

    [Test]
    public void Pinned_memory_of_no_elements_is_fine()
    {
        using PinnedBuffer<float> empty = Device.AllocatePinned<float>(0);
        Assert.That(empty.Span.Length, Is.Zero);
        Refuses(() => Device.AllocatePinned<float>(-1), "length", "-1", "0 or more");
    }

    [Test]
    public void Staging_does_not_grow_with_use()
    {
        using DeviceTensor<float> tensor = Device.Upload<float>(RandomData.Floats(3_000_000, 1), [3_000_000],
            Stream);
        float[] received = new float[3_000_000];
        for (int i = 0; i < 10; i++)
        {
            tensor.Download(received, Stream);
            tensor.Upload(received, Stream);
        }

        Assert.That(Device.Staging.Slots, Is.LessThanOrEqualTo(4));
    }

    private void RoundTrip<T>(T[] sent)
        where T : unmanaged
    {
        using DeviceTensor<T> tensor = Device.Upload<T>(sent, [sent.Length], Stream);
        T[] received = new T[sent.Length];
        tensor.Download(received, Stream);
        Assert.That(received, Is.EqualTo(sent));
    }

    private static void Refuses(Action call, string argument, params string[] parts)
    {
        ArgumentException? refusal = Assert.Catch<ArgumentException>(() => call());
        Assert.That(refusal!.ParamName, Is.EqualTo(argument));
        foreach (string part in parts)
        {
            Assert.That(refusal.Message, Does.Contain(part));
        }
    }
}
