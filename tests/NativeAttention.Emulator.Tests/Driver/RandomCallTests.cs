using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// Random calls with valid, stale and senseless handles, pointers and sizes: each returns a code of the
/// driver, never the one for an error of the emulator itself, and the counts stay right.
/// </summary>
[TestFixture(StreamMode.Eager)]
[TestFixture(StreamMode.Late)]
internal sealed unsafe class RandomCallTests(StreamMode mode)
{
    private const int HostBytes = 256;

    private List<nint> _handles = [];
    private List<ulong> _pointers = [];
    private Random _random = new(0);

    private static CudaDriver Cuda => EmulatedDriver.Driver;

    [Test]
    public void Random_calls_return_codes_of_the_driver([Range(1, 6)] int seed)
    {
        _random = new Random(seed);
        _handles = [0, 1, 2, 3, -1, nint.MaxValue];
        _pointers = [0, 16, ulong.MaxValue];
        DriverSession session = new(mode, seed);
        byte* host = session.Pinned(HostBytes);
        Dictionary<CudaResult, int> seen = [];
        for (int step = 0; step < 3000; step++)
        {
            int kind = _random.Next(28);
            CudaResult result = Call(kind, host);
            bool isSound = Enum.IsDefined(result) && result != CudaResult.Unknown;
            Assert.That(isSound, $"seed {seed}, call {kind}: {result}");
            seen[result] = seen.GetValueOrDefault(result) + 1;
            if (result == CudaResult.IllegalAddress)
            {
                break;
            }
        }

        EmulatedObjectCounts live = session.Live;
        session.Dispose();
        string codes = string.Join(", ", seen.Select(s => $"{s.Key} {s.Value}"));
        TestContext.Out.WriteLine($"seed {seed}: {codes}");
        Assert.That(seen, Does.ContainKey(CudaResult.Success).And.ContainKey(CudaResult.InvalidHandle));
        EmulatedObjectCounts left = EmulatedDriver.GetAbandonedObjects(session.Ordinal);

        // Frees that were still to run have run at the end.
        Assert.That(left.Allocations, Is.LessThanOrEqualTo(live.Allocations));
        Assert.That(left with { Allocations = 0 }, Is.EqualTo(live with { Allocations = 0 }));
        Assert.That(session.Live.Total, Is.Zero);
    }

    private CudaResult Call(int kind, byte* host)
    {
        return kind < 14 ? CallMemory(kind, host) : CallObjects(kind);
    }

    private CudaResult CallMemory(int kind, byte* host)
    {
        ulong pointer = 0;
        nuint bytes = (nuint)_random.Next(HostBytes);
        return kind switch
        {
            0 => Keep(Cuda.MemAlloc(&pointer, bytes), &pointer),
            1 => Keep(Cuda.MemAllocAsync(&pointer, bytes, Handle()), &pointer),
            2 => Cuda.MemFree(Pointer()),
            3 => Cuda.MemFreeAsync(Pointer(), Handle()),
            4 => Cuda.MemcpyHtoD(Pointer(), host, bytes),
            5 => Cuda.MemcpyDtoH(host, Pointer(), bytes),
            6 => Cuda.MemcpyDtoD(Pointer(), Pointer(), bytes),
            7 => Cuda.MemcpyHtoDAsync(Pointer(), host, bytes, Handle()),
            8 => Cuda.MemcpyDtoHAsync(host, Pointer(), bytes, Handle()),
            9 => Cuda.MemcpyDtoDAsync(Pointer(), Pointer(), bytes, Handle()),
            10 => Cuda.MemsetD8Async(Pointer(), 1, bytes, Handle()),
            11 => Cuda.MemsetD32Async(Pointer(), 1, bytes / 4, Handle()),
            12 => Cuda.MemGetAddressRange(&pointer, &bytes, Pointer()),
            _ => Cuda.MemFreeHost((void*)Pointer()),
        };
    }

    private CudaResult CallObjects(int kind)
    {
        nint handle = 0;
        return kind switch
        {
            14 => Keep(Cuda.StreamCreate(&handle, (StreamFlags)_random.Next(3)), &handle),
            15 => Keep(Cuda.EventCreate(&handle, (EventFlags)_random.Next(5)), &handle),
            16 => Cuda.StreamDestroy(Handle()),
            17 => Cuda.EventDestroy(Handle()),
            18 => Cuda.EventRecord(Handle(), Handle()),
            19 => Cuda.StreamWaitEvent(Handle(), Handle(), 0),
            20 => Cuda.StreamSynchronize(Handle()),
            21 => Cuda.StreamQuery(Handle()),
            22 => Cuda.EventSynchronize(Handle()),
            23 => Cuda.StreamBeginCapture(Handle(), (StreamCaptureMode)_random.Next(4)),
            24 => Keep(Cuda.StreamEndCapture(Handle(), &handle), &handle),
            25 => Keep(Cuda.GraphInstantiateWithFlags(&handle, Handle(), 0), &handle),
            26 => Cuda.GraphLaunch(Handle(), Handle()),
            _ => Cuda.CtxSynchronize(),
        };
    }

    private nint Handle()
    {
        return _handles[_random.Next(_handles.Count)];
    }

    private ulong Pointer()
    {
        ulong offset = _random.Next(3) == 0 ? (ulong)_random.Next(64) : 0;
        return _pointers[_random.Next(_pointers.Count)] + offset;
    }

    private CudaResult Keep(CudaResult result, nint* handle)
    {
        if (result == CudaResult.Success)
        {
            _handles.Add(*handle);
        }

        return result;
    }

    private CudaResult Keep(CudaResult result, ulong* pointer)
    {
        if (result == CudaResult.Success)
        {
            _pointers.Add(*pointer);
        }

        return result;
    }
}
