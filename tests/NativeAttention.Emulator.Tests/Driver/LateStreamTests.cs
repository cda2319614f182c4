using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>Late mode finds host programs that do not wait, and those that free too early.</summary>
internal sealed unsafe class LateStreamTests
{
    private DriverSession _session = null!;

    private static CudaDriver Cuda => EmulatedDriver.Driver;

    [SetUp]
    public void Open()
    {
        _session = new DriverSession(StreamMode.Late, seed: 3);
    }

    [TearDown]
    public void Close()
    {
        _session.Dispose();
    }

    [Test]
    public void Nothing_runs_before_something_waits()
    {
        ulong pointer = _session.Upload([1, 1, 1, 1]);
        nint stream = _session.Stream();
        byte* seen = _session.Pinned(4);
        new Span<byte>(seen, 4).Clear();
        _session.Fill(pointer, 2, 4, stream);
        _session.Check(Cuda.MemcpyDtoHAsync(seen, pointer, 4, stream), "cuMemcpyDtoHAsync_v2");
        byte[] without = new Span<byte>(seen, 4).ToArray();
        byte[] blocking = _session.Download(pointer, 4);
        _session.Synchronize(stream);
        byte[] with = new Span<byte>(seen, 4).ToArray();
        Assert.That(without, Is.All.Zero);
        Assert.That(blocking, Is.All.EqualTo(1), "a blocking copy does not wait for a non-blocking stream");
        Assert.That(with, Is.All.EqualTo(2));
    }

    [Test]
    public void A_blocking_copy_waits_for_blocking_streams()
    {
        ulong pointer = _session.Upload([1, 1, 1, 1]);
        _session.Fill(pointer, 2, 2, _session.Stream(StreamFlags.Default));
        _session.Fill(pointer, 3, 1, 0);
        Assert.That(_session.Download(pointer, 4), Is.EqualTo((byte[])[3, 2, 1, 1]));
    }

    [Test]
    public void Memory_freed_before_its_last_use_spoils_the_context()
    {
        ulong pointer = _session.Allocate(64);
        nint stream = _session.Stream();
        _session.Fill(pointer, 1, 64, stream);
        _session.Check(Cuda.MemFree(pointer), "cuMemFree_v2");
        CudaResult result = Cuda.StreamSynchronize(stream);
        string finding = _session.Refused(result, CudaResult.IllegalAddress);
        Assert.That(finding, Does.Contain("UseAfterFree").And.Contain("cuMemsetD8Async"));
        Assert.That(EmulatedDriver.TryGetLastFault(_session.Ordinal, out EmulatorFault? fault));
        Assert.That(fault!.Kind, Is.EqualTo(EmulatorFaultKind.UseAfterFree));

        ulong other;
        CudaResult[] later = [Cuda.MemAlloc(&other, 8), Cuda.CtxSynchronize(), Cuda.StreamQuery(stream)];
        Assert.That(later, Is.All.EqualTo(CudaResult.IllegalAddress));
    }

    [Test]
    public void Page_locked_memory_freed_before_its_copy_spoils_the_context()
    {
        ulong pointer = _session.Allocate(64);
        nint stream = _session.Stream();
        byte* source = _session.Pinned(64);
        _session.Check(Cuda.MemcpyHtoDAsync(pointer, source, 64, stream), "cuMemcpyHtoDAsync_v2");
        _session.Check(Cuda.MemFreeHost(source), "cuMemFreeHost");
        CudaResult result = Cuda.StreamSynchronize(stream);
        string finding = _session.Refused(result, CudaResult.IllegalAddress);
        Assert.That(finding, Does.Contain("freed before the copy"));
    }

    [Test]
    public void Use_after_a_stream_ordered_free_spoils_the_context()
    {
        nint stream = _session.Stream();
        ulong pointer;
        _session.Check(Cuda.MemAllocAsync(&pointer, 64, stream), "cuMemAllocAsync");
        _session.Check(Cuda.MemFreeAsync(pointer, stream), "cuMemFreeAsync");
        _session.Fill(pointer, 1, 64, stream);
        Assert.That(Cuda.StreamSynchronize(stream), Is.EqualTo(CudaResult.IllegalAddress));
    }

    [Test]
    public void A_missing_event_is_seen_with_some_seed()
    {
        bool wrong = false;
        bool right = false;
        for (int seed = 0; seed < 20; seed++)
        {
            using DriverSession session = new(StreamMode.Late, seed);
            ulong first = session.Upload([1]);
            ulong second = session.Upload([0]);
            session.Fill(first, 2, 1, session.Stream());
            session.Check(Cuda.MemcpyDtoDAsync(second, first, 1, session.Stream()), "cuMemcpyDtoDAsync_v2");
            session.Check(Cuda.CtxSynchronize(), "cuCtxSynchronize");
            byte copied = session.Download(second, 1)[0];
            wrong |= copied == 1;
            right |= copied == 2;
        }

        Assert.That((wrong, right), Is.EqualTo((true, true)));
    }

    [Test]
    public void The_same_seed_gives_the_same_order()
    {
        byte[] first = Interleaved(seed: 42);
        Assert.That(Interleaved(seed: 42), Is.EqualTo(first));
        Assert.That(Enumerable.Range(0, 10).Select(Interleaved), Has.Some.Not.EqualTo(first));
    }

    [Test]
    public void Work_left_at_the_end_is_dropped_with_the_context()
    {
        DriverSession session = new(StreamMode.Late);
        ulong pointer = session.Allocate(8);
        session.Fill(pointer, 1, 8, session.Stream());
        session.Dispose();
        Assert.That(session.Live.Total, Is.Zero);
        Assert.That(EmulatedDriver.GetAbandonedObjects(session.Ordinal).Streams, Is.EqualTo(1));
    }

    private static byte[] Interleaved(int seed)
    {
        using DriverSession session = new(StreamMode.Late, seed);
        ulong pointer = session.Allocate(16);
        nint[] streams = [session.Stream(), session.Stream(), session.Stream()];
        for (int i = 0; i < 48; i++)
        {
            session.Fill(pointer + (ulong)(i % 16), (byte)i, 1, streams[i % 3]);
        }

        session.Check(Cuda.CtxSynchronize(), "cuCtxSynchronize");
        return session.Download(pointer, 16);
    }
}
