using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>What holds for streams and events whenever their work runs.</summary>
[TestFixture(StreamMode.Eager)]
[TestFixture(StreamMode.Late)]
internal sealed unsafe class StreamTests(StreamMode mode)
{
    private DriverSession _session = null!;

    private static CudaDriver Cuda => EmulatedDriver.Driver;

    [SetUp]
    public void Open()
    {
        _session = new DriverSession(mode, seed: 5);
    }

    [TearDown]
    public void Close()
    {
        _session.Dispose();
    }

    [Test]
    public void Work_of_one_stream_runs_in_order()
    {
        ulong pointer = _session.Allocate(64);
        nint stream = _session.Stream();
        for (byte value = 1; value <= 20; value++)
        {
            _session.Fill(pointer, value, 64 - value, stream);
        }

        _session.Synchronize(stream);
        byte[] data = _session.Download(pointer, 64);
        Assert.That(data[..44], Is.All.EqualTo(20));
        Assert.That(data[44..63], Is.EqualTo(Enumerable.Range(1, 19).Reverse().Select(v => (byte)v)));
    }

    [Test]
    public void Page_locked_copies_run_in_stream_order()
    {
        ulong pointer = _session.Allocate(64);
        nint stream = _session.Stream();
        byte* source = _session.Pinned(64);
        byte* target = _session.Pinned(64);
        new Span<byte>(source, 64).Fill(7);
        _session.Check(Cuda.MemcpyHtoDAsync(pointer, source, 64, stream), "cuMemcpyHtoDAsync_v2");
        _session.Fill(pointer + 10, 9, 10, stream);
        _session.Check(Cuda.MemcpyDtoHAsync(target, pointer, 64, stream), "cuMemcpyDtoHAsync_v2");
        _session.Synchronize(stream);
        byte[] expected = new byte[64];
        expected.AsSpan().Fill(7);
        expected.AsSpan(10, 10).Fill(9);
        Assert.That(new Span<byte>(target, 64).ToArray(), Is.EqualTo(expected));
    }

    [Test]
    public void Pageable_copies_are_done_when_the_call_returns()
    {
        ulong pointer = _session.Allocate(8);
        nint stream = _session.Stream();
        _session.Fill(pointer, 1, 8, stream);
        byte[] back = new byte[8];
        fixed (byte* target = back)
        {
            _session.Check(Cuda.MemcpyDtoHAsync(target, pointer, 8, stream), "cuMemcpyDtoHAsync_v2");
        }

        Assert.That(back, Is.All.EqualTo(1));
        byte[] sent = [1, 2, 3, 4, 5, 6, 7, 8];
        fixed (byte* source = sent)
        {
            _session.Check(Cuda.MemcpyHtoDAsync(pointer, source, 8, stream), "cuMemcpyHtoDAsync_v2");
        }

        Array.Clear(sent);
        _session.Synchronize(stream);
        Assert.That(_session.Download(pointer, 8), Is.EqualTo((byte[])[1, 2, 3, 4, 5, 6, 7, 8]));
    }

    [Test]
    public void An_event_orders_two_streams()
    {
        ulong first = _session.Allocate(64);
        ulong second = _session.Allocate(64);
        nint producer = _session.Stream();
        nint consumer = _session.Stream();
        nint ready = _session.Event(EventFlags.DisableTiming);
        _session.Fill(first, 3, 64, producer);
        _session.Check(Cuda.EventRecord(ready, producer), "cuEventRecord");
        _session.Fill(first, 99, 64, producer);
        _session.Check(Cuda.StreamWaitEvent(consumer, ready, 0), "cuStreamWaitEvent");
        _session.Check(Cuda.MemcpyDtoDAsync(second, first, 64, consumer), "cuMemcpyDtoDAsync_v2");
        _session.Synchronize(consumer);
        byte expected = mode == StreamMode.Late ? (byte)3 : (byte)99;
        Assert.That(_session.Download(second, 64), Is.All.EqualTo(expected));
    }

    [Test]
    public void A_query_says_ready_sooner_or_later()
    {
        ulong pointer = _session.Allocate(64);
        nint stream = _session.Stream();
        nint recorded = _session.Event();
        _session.Fill(pointer, 1, 64, stream);
        _session.Check(Cuda.EventRecord(recorded, stream), "cuEventRecord");
        _session.Fill(pointer, 2, 64, stream);
        int eventPolls = Poll(() => Cuda.EventQuery(recorded));
        int streamPolls = Poll(() => Cuda.StreamQuery(stream));
        int expected = mode == StreamMode.Late ? 1 : 0;
        Assert.That(eventPolls, Is.GreaterThanOrEqualTo(expected));
        Assert.That(streamPolls, Is.GreaterThanOrEqualTo(expected));
        Assert.That(_session.Download(pointer, 64), Is.All.EqualTo(2));
    }

    [Test]
    public void Events_measure_time()
    {
        nint stream = _session.Stream();
        nint start = _session.Event();
        nint end = _session.Event();
        ulong pointer = _session.Allocate(1 << 20);
        _session.Check(Cuda.EventRecord(start, stream), "cuEventRecord");
        for (int i = 0; i < 50; i++)
        {
            _session.Fill(pointer, (byte)i, 1 << 20, stream);
        }

        _session.Check(Cuda.EventRecord(end, stream), "cuEventRecord");
        float milliseconds = -1;
        CudaResult early = Cuda.EventElapsedTime(&milliseconds, start, end);
        _session.Check(Cuda.EventSynchronize(end), "cuEventSynchronize");
        _session.Check(Cuda.EventElapsedTime(&milliseconds, start, end), "cuEventElapsedTime");
        Assert.That(early, Is.EqualTo(mode == StreamMode.Late ? CudaResult.NotReady : CudaResult.Success));
        Assert.That(milliseconds, Is.GreaterThan(0).And.LessThan(60_000));
    }

    [Test]
    public void Events_that_cannot_be_timed_are_refused()
    {
        nint never = _session.Event();
        nint untimed = _session.Event(EventFlags.DisableTiming);
        _session.Check(Cuda.EventRecord(untimed, 0), "cuEventRecord");
        float milliseconds;
        CudaResult first = Cuda.EventElapsedTime(&milliseconds, never, never);
        Assert.That(_session.Refused(first, CudaResult.InvalidHandle), Does.Contain("never recorded"));
        CudaResult second = Cuda.EventElapsedTime(&milliseconds, untimed, untimed);
        Assert.That(_session.Refused(second, CudaResult.InvalidHandle), Does.Contain("without timing"));
        Assert.That(Cuda.EventQuery(never), Is.EqualTo(CudaResult.Success));
        Assert.That(Cuda.EventSynchronize(never), Is.EqualTo(CudaResult.Success));
        Assert.That(Cuda.StreamWaitEvent(_session.Stream(), never, 0), Is.EqualTo(CudaResult.Success));
    }

    [Test]
    public void A_stream_ordered_free_comes_after_the_work_before_it()
    {
        nint stream = _session.Stream();
        ulong pointer;
        _session.Check(Cuda.MemAllocAsync(&pointer, 64, stream), "cuMemAllocAsync");
        ulong result = _session.Allocate(64);
        _session.Fill(pointer, 4, 64, stream);
        _session.Check(Cuda.MemcpyDtoDAsync(result, pointer, 64, stream), "cuMemcpyDtoDAsync_v2");
        _session.Check(Cuda.MemFreeAsync(pointer, stream), "cuMemFreeAsync");
        CudaResult again = Cuda.MemFreeAsync(pointer, stream);
        Assert.That(again, Is.EqualTo(CudaResult.InvalidValue));
        _session.Synchronize(stream);
        Assert.That(_session.Download(result, 64), Is.All.EqualTo(4));
        Assert.That(_session.Live.Allocations, Is.EqualTo(1));
        Assert.That(Cuda.MemFree(pointer), Is.EqualTo(CudaResult.InvalidValue));
    }

    [Test]
    public void A_host_function_runs_after_the_work_before_it()
    {
        nint stream = _session.Stream();
        ulong pointer = _session.Allocate(8);
        byte* seen = _session.Pinned(8);
        int called = 0;
        _session.Fill(pointer, 6, 8, stream);
        _session.Check(Cuda.MemcpyDtoHAsync(seen, pointer, 8, stream), "cuMemcpyDtoHAsync_v2");
        HostCall call = new(() => called = seen[7]);
        _session.Check(Cuda.LaunchHostFunc(stream, HostCall.Function, call.Argument), "cuLaunchHostFunc");
        _session.Synchronize(stream);
        Assert.That(called, Is.EqualTo(6));
    }

    [Test]
    public void A_host_function_runs_even_if_nothing_waits_for_it()
    {
        nint stream = _session.Stream();
        using ManualResetEventSlim done = new();
        HostCall call = new(done.Set);
        _session.Fill(_session.Allocate(8), 6, 8, stream);
        _session.Check(Cuda.LaunchHostFunc(stream, HostCall.Function, call.Argument), "cuLaunchHostFunc");
        Assert.That(done.Wait(TimeSpan.FromSeconds(30)));
    }

    [Test]
    public void A_host_function_must_not_call_the_driver()
    {
        nint stream = _session.Stream();
        CudaResult inside = CudaResult.Success;
        HostCall call = new(() => inside = Cuda.StreamQuery(stream));
        _session.Check(Cuda.LaunchHostFunc(stream, HostCall.Function, call.Argument), "cuLaunchHostFunc");
        _session.Synchronize(stream);
        Assert.That(inside, Is.EqualTo(CudaResult.NotPermitted));
        Assert.That(Cuda.StreamQuery(stream), Is.EqualTo(CudaResult.Success));
    }

    [Test]
    public void The_null_stream_waits_for_blocking_streams_and_they_for_it()
    {
        ulong pointer = _session.Allocate(3);
        nint stream = _session.Stream(StreamFlags.Default);
        _session.Fill(pointer, 1, 3, stream);
        _session.Fill(pointer, 2, 2, 0);
        _session.Fill(pointer, 3, 1, stream);
        _session.Synchronize(stream);
        Assert.That(_session.Download(pointer, 3), Is.EqualTo((byte[])[3, 2, 1]));
    }

    [Test]
    public void A_destroyed_stream_finishes_its_work_and_takes_no_more()
    {
        ulong pointer = _session.Allocate(8);
        nint stream = _session.Stream();
        _session.Fill(pointer, 5, 8, stream);
        _session.Check(Cuda.StreamDestroy(stream), "cuStreamDestroy_v2");
        Assert.That(Cuda.StreamDestroy(stream), Is.EqualTo(CudaResult.InvalidHandle));
        Assert.That(Cuda.MemsetD8Async(pointer, 1, 8, stream), Is.EqualTo(CudaResult.InvalidHandle));
        _session.Check(Cuda.CtxSynchronize(), "cuCtxSynchronize");
        Assert.That(_session.Download(pointer, 8), Is.All.EqualTo(5));
        Assert.That(_session.Live.Streams, Is.Zero);
    }

    [Test]
    public void Flags_and_the_streams_that_are_not_emulated_are_refused()
    {
        nint handle;
        CudaResult flags = Cuda.StreamCreate(&handle, (StreamFlags)6);
        Assert.That(_session.Refused(flags, CudaResult.InvalidValue), Does.Contain("flags"));
        CudaResult perThread = Cuda.StreamSynchronize(2);
        Assert.That(_session.Refused(perThread, CudaResult.NotSupported), Does.Contain("per-thread"));
        Assert.That(Cuda.StreamDestroy(0), Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(Cuda.EventCreate(&handle, (EventFlags)4), Is.EqualTo(CudaResult.InvalidValue));
        CudaResult clamped = Cuda.StreamCreateWithPriority(&handle, StreamFlags.NonBlocking, -99);
        Assert.That(clamped, Is.EqualTo(CudaResult.Success));
    }

    [Test]
    public void A_stream_knows_its_context()
    {
        nint context;
        _session.Check(Cuda.StreamGetCtx(_session.Stream(), &context), "cuStreamGetCtx");
        Assert.That(context, Is.EqualTo(_session.Context));
    }

    /// <summary>Random fills and copies on several streams, against a plain array.</summary>
    [Test]
    public void Random_work_ordered_by_events_gives_what_a_plain_array_gives([Range(1, 5)] int seed)
    {
        const int Bytes = 256;
        Random random = new(seed);
        nint[] streams = [_session.Stream(), _session.Stream(), _session.Stream(StreamFlags.Default), 0];
        ulong pointer = _session.Allocate(Bytes);
        byte[] expected = new byte[Bytes];
        _session.Check(Cuda.MemsetD8(pointer, 0, Bytes), "cuMemsetD8_v2");
        for (int step = 0; step < 200; step++)
        {
            nint stream = streams[random.Next(streams.Length)];
            if (random.Next(3) == 0)
            {
                (int from, int to) = (random.Next(128), 128 + random.Next(100));
                _session.Check(
                    Cuda.MemcpyDtoDAsync(pointer + (ulong)to, pointer + (ulong)from, 1, stream), "copy");
                expected[to] = expected[from];
            }
            else
            {
                (int start, byte value) = (random.Next(Bytes - 9), (byte)random.Next(256));
                _session.Fill(pointer + (ulong)start, value, 9, stream);
                expected.AsSpan(start, 9).Fill(value);
            }

            OrderAfter(stream, streams);
        }

        _session.Check(Cuda.CtxSynchronize(), "cuCtxSynchronize");
        Assert.That(_session.Download(pointer, Bytes), Is.EqualTo(expected), $"seed {seed}");
    }

    private void OrderAfter(nint stream, nint[] streams)
    {
        nint done = _session.Event(EventFlags.DisableTiming);
        _session.Check(Cuda.EventRecord(done, stream), "cuEventRecord");
        foreach (nint other in streams)
        {
            _session.Check(Cuda.StreamWaitEvent(other, done, 0), "cuStreamWaitEvent");
        }

        _session.Check(Cuda.EventDestroy(done), "cuEventDestroy_v2");
    }

    private static int Poll(Func<CudaResult> query)
    {
        for (int polls = 0; polls < 1000; polls++)
        {
            CudaResult result = query();
            if (result == CudaResult.Success)
            {
                return polls;
            }

            Assert.That(result, Is.EqualTo(CudaResult.NotReady));
        }

        Assert.Fail("never ready");
        return -1;
    }
}

/// <summary>A host function that calls an action once.</summary>
internal sealed unsafe class HostCall
{
    private readonly GCHandle _self;

    internal HostCall(Action action)
    {
        _self = GCHandle.Alloc(action);
    }

    internal static delegate* unmanaged<void*, void> Function => &Invoke;

    internal void* Argument => (void*)GCHandle.ToIntPtr(_self);

    [UnmanagedCallersOnly]
    private static void Invoke(void* argument)
    {
        GCHandle handle = GCHandle.FromIntPtr((nint)argument);
        ((Action)handle.Target!)();
        handle.Free();
    }
}
