using NativeAttention.Bindings;
using NativeAttention.Testing;

namespace NativeAttention.Emulation.Tests;

/// <summary>Calls that belong to a run of a plan allocate nothing on the calling thread.</summary>
internal sealed unsafe class CallCostTests
{
    private static CudaDriver Cuda => EmulatedDriver.Driver;

    private static IEnumerable<string> Calls => Bodies.Keys;

    private static Dictionary<string, Func<Arena, CudaResult>> Bodies { get; } = new()
    {
        ["context"] = a => Cuda.CtxSetCurrent(a.Session.Context),
        ["copy on the device"] = a => Cuda.MemcpyDtoDAsync(a.Device, a.Device + 64, 64, a.Stream),
        ["copy to the device"] = a => Cuda.MemcpyHtoDAsync(a.Device, a.Pinned, 64, a.Stream),
        ["copy to the host"] = a => Cuda.MemcpyDtoHAsync(a.Pinned, a.Device, 64, a.Stream),
        ["blocking copy to the device"] = a => Cuda.MemcpyHtoD(a.Device, a.Pinned, 64),
        ["blocking copy to the host"] = a => Cuda.MemcpyDtoH(a.Pinned, a.Device, 64),
        ["fill with bytes"] = a => Cuda.MemsetD8Async(a.Device, 1, 64, a.Stream),
        ["fill with words"] = a => Cuda.MemsetD32Async(a.Device, 1, 16, a.Stream),
        ["record"] = a => Cuda.EventRecord(a.Event, a.Stream),
        ["event query"] = a => Cuda.EventQuery(a.Event),
        ["wait"] = a => Cuda.StreamWaitEvent(a.Stream, a.Event, 0),
        ["stream query"] = a => Cuda.StreamQuery(a.Stream),
        ["stream synchronisation"] = a => Cuda.StreamSynchronize(a.Stream),
        ["graph"] = a => Cuda.GraphLaunch(a.Graph, a.Stream),
    };

    [TestCaseSource(nameof(Calls))]
    public void A_call_of_a_run_allocates_nothing(string call)
    {
        using DriverSession session = new();
        Arena arena = new(session);
        Func<Arena, CudaResult> body = Bodies[call];
        CudaResult result = CudaResult.Success;
        long bytes = Allocations.Of(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                result |= body(arena);
            }
        });
        Assert.That(result, Is.EqualTo(CudaResult.Success));
        Assert.That(bytes, Is.Zero);
    }

    private sealed class Arena
    {
        internal Arena(DriverSession session)
        {
            Session = session;
            Device = session.Upload(new byte[128]);
            Pinned = session.Pinned(64);
            Stream = session.Stream();
            Event = session.Event();
            Graph = Capture();
        }

        internal DriverSession Session { get; }

        internal ulong Device { get; }

        internal byte* Pinned { get; }

        internal nint Stream { get; }

        internal nint Event { get; }

        internal nint Graph { get; }

        private nint Capture()
        {
            nint graph;
            nint executable;
            Session.Check(Cuda.StreamBeginCapture(Stream, StreamCaptureMode.Global), "begin");
            Session.Fill(Device, 1, 64, Stream);
            Session.Check(Cuda.StreamEndCapture(Stream, &graph), "cuStreamEndCapture");
            Session.Check(Cuda.GraphInstantiateWithFlags(&executable, graph, 0), "instantiate");
            return executable;
        }
    }
}
