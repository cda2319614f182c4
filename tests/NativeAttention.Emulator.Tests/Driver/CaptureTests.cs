using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>Streams captured into graphs, and graphs launched again.</summary>
[TestFixture(StreamMode.Eager)]
[TestFixture(StreamMode.Late)]
internal sealed unsafe class CaptureTests(StreamMode mode)
{
    private DriverSession _session = null!;
    private nint _stream;

    private static CudaDriver Cuda => EmulatedDriver.Driver;

    [SetUp]
    public void Open()
    {
        _session = new DriverSession(mode);
        _stream = _session.Stream();
    }

    [TearDown]
    public void Close()
    {
        _session.Dispose();
    }

    [Test]
    public void Captured_work_runs_at_each_launch_and_not_before()
    {
        ulong source = _session.Upload([1, 2, 3, 4]);
        ulong target = _session.Upload([0, 0, 0, 0]);
        Begin();
        StreamCaptureStatus during = Status(_stream);
        _session.Check(Cuda.MemcpyDtoDAsync(target, source, 4, _stream), "cuMemcpyDtoDAsync_v2");
        _session.Fill(target, 9, 1, _stream);
        nint executable = Instantiate(End());
        byte[] captured = _session.Download(target, 4);
        Launch(executable);
        byte[] first = _session.Download(target, 4);
        _session.Check(Cuda.MemsetD8(source, 7, 4), "cuMemsetD8_v2");
        Launch(executable);
        byte[] second = _session.Download(target, 4);

        Assert.That(during, Is.EqualTo(StreamCaptureStatus.Active));
        Assert.That(Status(_stream), Is.EqualTo(StreamCaptureStatus.None));
        Assert.That(captured, Is.All.Zero);
        Assert.That(first, Is.EqualTo((byte[])[9, 2, 3, 4]));
        Assert.That(second, Is.EqualTo((byte[])[9, 7, 7, 7]));
    }

    [Test]
    public void An_executable_graph_outlives_its_graph()
    {
        ulong pointer = _session.Upload([0]);
        Begin();
        _session.Fill(pointer, 5, 1, _stream);
        nint graph = End();
        nint executable = Instantiate(graph);
        _session.Check(Cuda.GraphDestroy(graph), "cuGraphDestroy");
        Launch(executable);
        Assert.That(_session.Download(pointer, 1)[0], Is.EqualTo(5));
        _session.Check(Cuda.GraphExecDestroy(executable), "cuGraphExecDestroy");
        Assert.That(Cuda.GraphLaunch(executable, _stream), Is.EqualTo(CudaResult.InvalidHandle));
        Assert.That(Cuda.GraphDestroy(graph), Is.EqualTo(CudaResult.InvalidHandle));
        Assert.That((_session.Live.Graphs, _session.Live.ExecutableGraphs), Is.EqualTo((0, 0)));
    }

    [Test]
    public void A_second_stream_joins_by_an_event_and_must_be_joined()
    {
        ulong pointer = _session.Upload([0, 0]);
        nint side = _session.Stream();
        nint fork = _session.Event(EventFlags.DisableTiming);
        nint join = _session.Event(EventFlags.DisableTiming);
        Begin();
        _session.Check(Cuda.EventRecord(fork, _stream), "cuEventRecord");
        _session.Check(Cuda.StreamWaitEvent(side, fork, 0), "cuStreamWaitEvent");
        _session.Fill(pointer, 1, 1, side);
        _session.Check(Cuda.EventRecord(join, side), "cuEventRecord");
        _session.Fill(pointer + 1, 2, 1, _stream);
        _session.Check(Cuda.StreamWaitEvent(_stream, join, 0), "cuStreamWaitEvent");
        nint executable = Instantiate(End());
        byte[] before = _session.Download(pointer, 2);
        Launch(executable);
        Assert.That(before, Is.All.Zero);
        Assert.That(_session.Download(pointer, 2), Is.EqualTo((byte[])[1, 2]));
        Assert.That(Status(side), Is.EqualTo(StreamCaptureStatus.None));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_stream_that_is_not_joined_is_refused(bool joinedTooEarly)
    {
        ulong pointer = _session.Allocate(2);
        nint side = _session.Stream();
        nint fork = _session.Event();
        Begin();
        _session.Check(Cuda.EventRecord(fork, _stream), "cuEventRecord");
        _session.Check(Cuda.StreamWaitEvent(side, fork, 0), "cuStreamWaitEvent");
        if (joinedTooEarly)
        {
            _session.Check(Cuda.EventRecord(fork, side), "cuEventRecord");
            _session.Check(Cuda.StreamWaitEvent(_stream, fork, 0), "cuStreamWaitEvent");
            _session.Fill(pointer, 1, 1, side);
        }

        nint graph = 1;
        CudaResult result = Cuda.StreamEndCapture(_stream, &graph);
        long ended = graph;
        Assert.That(_session.Refused(result, CudaResult.StreamCaptureUnjoined), Does.Contain("joined"));
        Assert.That(ended, Is.Zero);
        Assert.That(Status(side), Is.EqualTo(StreamCaptureStatus.None));
    }

    [Test]
    public void Waiting_for_a_captured_stream_invalidates_the_capture()
    {
        Begin();
        Assert.That(Cuda.StreamSynchronize(_stream), Is.EqualTo(CudaResult.StreamCaptureUnsupported));
        Assert.That(Status(_stream), Is.EqualTo(StreamCaptureStatus.Invalidated));
        CudaResult refused = Cuda.LaunchHostFunc(_stream, HostCall.Function, null);
        Assert.That(refused, Is.EqualTo(CudaResult.StreamCaptureInvalidated));
        nint graph;
        Assert.That(Cuda.StreamEndCapture(_stream, &graph), Is.EqualTo(CudaResult.StreamCaptureInvalidated));
        Assert.That(Status(_stream), Is.EqualTo(StreamCaptureStatus.None));
    }

    [Test]
    public void Calls_that_may_synchronise_are_refused_while_a_stream_is_captured()
    {
        ulong pointer = _session.Allocate(8);
        AssertInvalidates(Allocate, CudaResult.StreamCaptureUnsupported);
        AssertInvalidates(() => Cuda.MemFree(pointer), CudaResult.StreamCaptureUnsupported);
        AssertInvalidates(() => Cuda.CtxSynchronize(), CudaResult.StreamCaptureUnsupported);
        AssertInvalidates(() => Cuda.MemsetD8(pointer, 0, 1), CudaResult.StreamCaptureUnsupported);
        AssertInvalidates(() => Cuda.StreamQuery(_stream), CudaResult.StreamCaptureUnsupported);
        AssertInvalidates(() => Cuda.MemFreeAsync(pointer, _stream), CudaResult.StreamCaptureUnsupported);
    }

    [Test]
    public void The_null_stream_is_neither_captured_nor_used_beside_a_captured_blocking_stream()
    {
        Assert.That(
            Cuda.StreamBeginCapture(0, StreamCaptureMode.Global),
            Is.EqualTo(CudaResult.StreamCaptureUnsupported));
        ulong pointer = _session.Allocate(8);
        _stream = _session.Stream(StreamFlags.Default);
        AssertInvalidates(() => Cuda.MemsetD8Async(pointer, 0, 1, 0), CudaResult.StreamCaptureImplicit);
    }

    [Test]
    public void A_relaxed_capture_allows_allocation()
    {
        _session.Check(Cuda.StreamBeginCapture(_stream, StreamCaptureMode.Relaxed), "begin");
        ulong pointer = _session.Allocate(8);
        _session.Fill(pointer, 3, 8, _stream);
        Launch(Instantiate(End()));
        Assert.That(_session.Download(pointer, 8), Is.All.EqualTo(3));
    }

    [Test]
    public void A_capture_of_one_thread_does_not_concern_another()
    {
        _session.Check(Cuda.StreamBeginCapture(_stream, StreamCaptureMode.ThreadLocal), "begin");
        CudaResult allocation = CudaResult.Unknown;
        CudaResult end = CudaResult.Unknown;
        Thread other = new(() =>
        {
            Cuda.CtxSetCurrent(_session.Context);
            ulong pointer;
            nint graph;
            allocation = Cuda.MemAlloc(&pointer, 8);
            end = Cuda.StreamEndCapture(_stream, &graph);
        });
        other.Start();
        other.Join();
        Assert.That(allocation, Is.EqualTo(CudaResult.Success));
        Assert.That(end, Is.EqualTo(CudaResult.StreamCaptureWrongThread));
        End();
    }

    [Test]
    public void A_capture_ends_on_the_stream_it_began_on()
    {
        nint side = _session.Stream();
        nint fork = _session.Event();
        nint graph;
        Assert.That(Cuda.StreamEndCapture(_stream, &graph), Is.EqualTo(CudaResult.IllegalState));
        Begin();
        Assert.That(
            Cuda.StreamBeginCapture(_stream, StreamCaptureMode.Global), Is.EqualTo(CudaResult.IllegalState));
        _session.Check(Cuda.EventRecord(fork, _stream), "cuEventRecord");
        _session.Check(Cuda.StreamWaitEvent(side, fork, 0), "cuStreamWaitEvent");
        Assert.That(Cuda.StreamEndCapture(side, &graph), Is.EqualTo(CudaResult.StreamCaptureUnmatched));
    }

    [Test]
    public void Events_do_not_cross_the_border_of_a_capture()
    {
        nint outside = _session.Event();
        nint inside = _session.Event();
        _session.Check(Cuda.EventRecord(outside, _session.Stream()), "cuEventRecord");
        AssertInvalidates(() => Cuda.StreamWaitEvent(_stream, outside, 0), CudaResult.StreamCaptureIsolation);

        Begin();
        _session.Check(Cuda.EventRecord(inside, _stream), "cuEventRecord");
        Assert.That(Cuda.EventQuery(inside), Is.EqualTo(CudaResult.CapturedEvent));
        nint graph;
        Cuda.StreamEndCapture(_stream, &graph);
        Assert.That(
            Cuda.StreamWaitEvent(_session.Stream(), inside, 0), Is.EqualTo(CudaResult.CapturedEvent));
        _session.Check(Cuda.EventRecord(inside, _stream), "cuEventRecord");
        Assert.That(Cuda.EventSynchronize(inside), Is.EqualTo(CudaResult.Success));
    }

    [Test]
    public void Two_captures_are_not_merged()
    {
        nint other = _session.Stream();
        nint recorded = _session.Event();
        Begin();
        _session.Check(Cuda.StreamBeginCapture(other, StreamCaptureMode.Global), "cuStreamBeginCapture_v2");
        _session.Check(Cuda.EventRecord(recorded, other), "cuEventRecord");
        Assert.That(
            Cuda.StreamWaitEvent(_stream, recorded, 0), Is.EqualTo(CudaResult.StreamCaptureMerge));
        Assert.That(Status(_stream), Is.EqualTo(StreamCaptureStatus.Invalidated));
        Assert.That(Status(other), Is.EqualTo(StreamCaptureStatus.Invalidated));
    }

    [Test]
    public void A_graph_can_be_captured_into_another()
    {
        ulong pointer = _session.Upload([0, 0]);
        Begin();
        _session.Fill(pointer, 1, 1, _stream);
        nint inner = Instantiate(End());
        Begin();
        _session.Check(Cuda.GraphLaunch(inner, _stream), "cuGraphLaunch");
        _session.Fill(pointer + 1, 2, 1, _stream);
        nint outer = Instantiate(End());
        Launch(outer);
        Assert.That(_session.Download(pointer, 2), Is.EqualTo((byte[])[1, 2]));
    }

    private static CudaResult Allocate()
    {
        ulong pointer;
        return Cuda.MemAlloc(&pointer, 8);
    }

    private void Begin()
    {
        _session.Check(Cuda.StreamBeginCapture(_stream, StreamCaptureMode.Global), "cuStreamBeginCapture_v2");
    }

    private nint End()
    {
        nint graph;
        _session.Check(Cuda.StreamEndCapture(_stream, &graph), "cuStreamEndCapture");
        return graph;
    }

    private nint Instantiate(nint graph)
    {
        nint executable;
        _session.Check(Cuda.GraphInstantiateWithFlags(&executable, graph, 0), "cuGraphInstantiateWithFlags");
        return executable;
    }

    private void Launch(nint executable)
    {
        _session.Check(Cuda.GraphLaunch(executable, _stream), "cuGraphLaunch");
        _session.Synchronize(_stream);
    }

    private StreamCaptureStatus Status(nint stream)
    {
        StreamCaptureStatus status;
        _session.Check(Cuda.StreamIsCapturing(stream, &status), "cuStreamIsCapturing");
        return status;
    }

    private void AssertInvalidates(Func<CudaResult> call, CudaResult expected)
    {
        Begin();
        CudaResult result = call();
        nint graph;
        CudaResult end = Cuda.StreamEndCapture(_stream, &graph);
        Assert.That((result, end), Is.EqualTo((expected, CudaResult.StreamCaptureInvalidated)));
    }
}
