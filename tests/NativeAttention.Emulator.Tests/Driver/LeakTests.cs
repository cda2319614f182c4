using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>Everything created is counted, and everything destroyed is gone.</summary>
internal sealed unsafe class LeakTests
{
    private static CudaDriver Cuda => EmulatedDriver.Driver;

    [TestCase(StreamMode.Eager)]
    [TestCase(StreamMode.Late)]
    public void Every_kind_of_object_is_counted_up_and_down(StreamMode mode)
    {
        DriverSession session = new(mode);
        Assert.That(session.Live.Total, Is.Zero);
        nint stream = session.Stream();
        nint recorded = session.Event();
        ulong pointer = session.Allocate(100);
        ulong pooled;
        session.Check(Cuda.MemAllocAsync(&pooled, 100, stream), "cuMemAllocAsync");
        byte* pinned = session.Pinned(100);
        session.Check(session.Load(TestKernels.Empty, out nint module, out string log), log);
        session.Check(Cuda.StreamBeginCapture(stream, StreamCaptureMode.Global), "begin");
        session.Fill(pointer, 1, 100, stream);
        nint graph;
        nint executable;
        session.Check(Cuda.StreamEndCapture(stream, &graph), "cuStreamEndCapture");
        session.Check(Cuda.GraphInstantiateWithFlags(&executable, graph, 0), "cuGraphInstantiateWithFlags");
        session.Check(Cuda.GraphLaunch(executable, stream), "cuGraphLaunch");
        session.Check(Cuda.EventRecord(recorded, stream), "cuEventRecord");
        Assert.That(session.Live, Is.EqualTo(new EmulatedObjectCounts(2, 1, 1, 1, 1, 1, 1)));
        Assert.That(session.Live.Total, Is.EqualTo(8));

        session.Check(Cuda.MemFreeAsync(pooled, stream), "cuMemFreeAsync");
        session.Synchronize(stream);
        CudaResult[] results =
        [
            Cuda.MemFree(pointer),
            Cuda.MemFreeHost(pinned),
            Cuda.GraphExecDestroy(executable),
            Cuda.GraphDestroy(graph),
            Cuda.EventDestroy(recorded),
            Cuda.ModuleUnload(module),
            Cuda.StreamDestroy(stream),
        ];
        Assert.That(results, Is.All.EqualTo(CudaResult.Success));
        Assert.That(session.Live.Total, Is.Zero);
        Assert.That(session.Memory.LiveBytes, Is.Zero);
        session.Dispose();
        Assert.That(EmulatedDriver.GetAbandonedObjects(session.Ordinal).Total, Is.Zero);
    }

    [TestCase(StreamMode.Eager)]
    [TestCase(StreamMode.Late)]
    public void What_is_destroyed_in_a_spoilt_context_is_gone_though_the_call_tells_the_fault(StreamMode mode)
    {
        DriverSession session = new(mode);
        nint stream = session.Stream();
        nint recorded = session.Event();
        ulong pointer = session.Allocate(100);
        ulong[] pooled = [session.Allocate(10), session.Allocate(10)];
        byte* pinned = session.Pinned(100);
        session.Check(session.Load(TestKernels.Store, out nint module, out string log), log);
        session.Check(Cuda.MemFreeAsync(pooled[0], stream), "cuMemFreeAsync");
        ulong nowhere = 0;
        void** parameters = stackalloc void*[] { &nowhere, &nowhere };
        Cuda.LaunchKernel(
            session.Function(module, "store"), 1, 1, 1, 1, 1, 1, 0, stream, parameters, null);
        CudaResult fault = Cuda.StreamSynchronize(stream);
        CudaResult[] results =
        [
            fault,
            Cuda.MemFree(pointer),
            Cuda.MemFreeAsync(pooled[1], stream),
            Cuda.MemFreeHost(pinned),
            Cuda.EventDestroy(recorded),
            Cuda.ModuleUnload(module),
            Cuda.StreamDestroy(stream),
        ];
        Assert.That(results, Is.All.EqualTo(CudaResult.IllegalAddress));
        Assert.That(session.Live.Total, Is.Zero);
        session.Dispose();
        Assert.That(EmulatedDriver.GetAbandonedObjects(session.Ordinal).Total, Is.Zero);
    }

    [Test]
    public void A_stream_ordered_free_that_never_ran_is_not_a_leak()
    {
        DriverSession session = new(StreamMode.Late);
        nint stream = session.Stream();
        session.Check(Cuda.MemFreeAsync(session.Allocate(10), stream), "cuMemFreeAsync");
        session.Check(Cuda.StreamDestroy(stream), "cuStreamDestroy_v2");
        Assert.That(session.Live.Allocations, Is.EqualTo(1));
        session.Dispose();
        Assert.That(EmulatedDriver.GetAbandonedObjects(session.Ordinal).Total, Is.Zero);
    }

    [Test]
    public void Calls_that_fail_leave_nothing_behind()
    {
        using DriverSession session = new();
        ulong pointer;
        nint handle;
        CudaResult[] results =
        [
            Cuda.MemAlloc(&pointer, nuint.MaxValue),
            Cuda.MemAlloc(null, 8),
            Cuda.StreamCreate(&handle, (StreamFlags)99),
            Cuda.EventCreate(&handle, (EventFlags)99),
            Cuda.MemAllocHost(null, 8),
            session.Load("no ptx", out _, out _),
            session.Load(TestKernels.Unknown, out _, out _),
        ];
        Assert.That(results, Has.None.EqualTo(CudaResult.Success));
        Assert.That(session.Live.Total, Is.Zero);
        Assert.That(session.Memory.LiveBytes, Is.Zero);
    }
}
