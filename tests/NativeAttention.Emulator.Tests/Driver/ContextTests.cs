using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>Primary contexts and what is current on a thread.</summary>
internal sealed unsafe class ContextTests
{
    private static CudaDriver Cuda => EmulatedDriver.Driver;

    [TearDown]
    public void LeaveNothingCurrent()
    {
        Cuda.CtxSetCurrent(0);
    }

    [Test]
    public void Without_a_current_context_calls_are_refused()
    {
        Cuda.CtxSetCurrent(0);
        ulong pointer;
        nint handle;
        CudaResult[] results =
        [
            Cuda.MemAlloc(&pointer, 16),
            Cuda.MemFree(16),
            Cuda.CtxSynchronize(),
            Cuda.StreamCreate(&handle, StreamFlags.NonBlocking),
            Cuda.StreamSynchronize(0),
            Cuda.EventCreate(&handle, EventFlags.Default),
            Cuda.MemcpyHtoD(16, &pointer, 8),
            Cuda.MemsetD8Async(16, 0, 8, 0),
            Cuda.LaunchKernel(0, 1, 1, 1, 1, 1, 1, 0, 0, null, null),
            Cuda.ModuleUnload(0),
        ];
        Assert.That(results, Is.All.EqualTo(CudaResult.InvalidContext));
        Assert.That(Cuda.LastFinding!(-1), Does.Contain("no context is current"));
    }

    [Test]
    public void A_context_is_current_on_one_thread_only()
    {
        using DriverSession session = new();
        nint here;
        nint there = -1;
        Cuda.CtxGetCurrent(&here);
        Thread other = new(() =>
        {
            nint current;
            Cuda.CtxGetCurrent(&current);
            there = current;
        });
        other.Start();
        other.Join();
        Assert.That(here, Is.EqualTo(session.Context));
        Assert.That((long)there, Is.Zero);
    }

    [Test]
    public void Push_and_pop_restore_what_was_current()
    {
        using DriverSession first = new();
        using DriverSession second = new();
        nint popped;
        nint current;
        CudaResult pushed = Cuda.CtxPushCurrent(first.Context);
        Cuda.CtxPopCurrent(&popped);
        Cuda.CtxGetCurrent(&current);
        Assert.That(pushed, Is.EqualTo(CudaResult.Success));
        Assert.That(popped, Is.EqualTo(first.Context));
        Assert.That(current, Is.EqualTo(second.Context));
        Cuda.CtxPopCurrent(&popped);
        Assert.That(Cuda.CtxPopCurrent(&popped), Is.EqualTo(CudaResult.InvalidContext));
    }

    [Test]
    public void The_last_release_destroys_the_context_and_a_retain_makes_a_new_one()
    {
        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default);
        nint first;
        nint again;
        nint later;
        Cuda.DevicePrimaryCtxRetain(&first, ordinal);
        Cuda.DevicePrimaryCtxRetain(&again, ordinal);
        Cuda.DevicePrimaryCtxRelease(ordinal);
        bool whileUsed = IsActive(ordinal);
        Cuda.DevicePrimaryCtxRelease(ordinal);
        bool afterwards = IsActive(ordinal);
        CudaResult third = Cuda.DevicePrimaryCtxRelease(ordinal);
        CudaResult stale = Cuda.CtxSetCurrent(first);
        Cuda.DevicePrimaryCtxRetain(&later, ordinal);
        Cuda.DevicePrimaryCtxRelease(ordinal);

        Assert.That(again, Is.EqualTo(first));
        Assert.That(whileUsed);
        Assert.That(afterwards, Is.False);
        Assert.That(third, Is.EqualTo(CudaResult.InvalidContext));
        Assert.That(stale, Is.EqualTo(CudaResult.InvalidContext));
        Assert.That(later, Is.Not.EqualTo(first));
    }

    [Test]
    public void A_reset_destroys_what_the_context_owns()
    {
        using DriverSession session = new();
        ulong pointer = session.Allocate(100);
        nint stream = session.Stream();
        session.Event();
        session.Pinned(10);
        EmulatedObjectCounts before = session.Live;
        Cuda.DevicePrimaryCtxReset(session.Ordinal);
        EmulatedObjectCounts after = session.Live;
        CudaResult late = Cuda.MemFree(pointer);

        Assert.That(before, Is.EqualTo(new EmulatedObjectCounts(1, 1, 1, 1, 0, 0, 0)));
        Assert.That(after.Total, Is.Zero);
        Assert.That(EmulatedDriver.GetAbandonedObjects(session.Ordinal), Is.EqualTo(before));
        Assert.That(session.Refused(late, CudaResult.ContextIsDestroyed), Does.Contain("reset"));

        nint renewed;
        Cuda.DevicePrimaryCtxRetain(&renewed, session.Ordinal);
        Cuda.CtxSetCurrent(renewed);
        CudaResult stale = Cuda.StreamSynchronize(stream);
        Assert.That(session.Refused(stale, CudaResult.InvalidHandle), Does.Contain("was destroyed"));
        Assert.That(session.Allocate(100), Is.Not.Zero);
        Cuda.DevicePrimaryCtxRelease(session.Ordinal);
    }

    [Test]
    public void A_handle_of_another_kind_is_no_context()
    {
        using DriverSession session = new();
        CudaResult result = Cuda.CtxSetCurrent(session.Stream());
        string finding = session.Refused(result, CudaResult.InvalidContext);
        Assert.That(finding, Does.Contain("is a stream, not a context"));
    }

    [Test]
    public void Objects_of_another_device_are_refused()
    {
        using DriverSession first = new();
        nint stream = first.Stream();
        nint recorded = first.Event();
        ulong pointer = first.Allocate(64);
        using DriverSession second = new();
        CudaResult[] results = [Cuda.StreamSynchronize(stream), Cuda.EventQuery(recorded)];
        Assert.That(results, Is.All.EqualTo(CudaResult.InvalidHandle));
        Assert.That(Cuda.LastFinding!(0), Does.Contain($"of device {first.Ordinal}"));
        Assert.That(second.Refused(Cuda.MemFree(pointer), CudaResult.InvalidValue), Does.Contain("0x"));
    }

    [Test]
    public void The_current_device_and_its_priorities_are_told()
    {
        using DriverSession session = new();
        int device;
        int least;
        int greatest;
        Cuda.CtxGetDevice(&device);
        Cuda.CtxGetStreamPriorityRange(&least, &greatest);
        Assert.That(device, Is.EqualTo(session.Ordinal));
        Assert.That(greatest, Is.LessThan(least));
    }

    private static bool IsActive(int ordinal)
    {
        uint flags;
        int active;
        Cuda.DevicePrimaryCtxGetState(ordinal, &flags, &active);
        return active != 0;
    }
}
