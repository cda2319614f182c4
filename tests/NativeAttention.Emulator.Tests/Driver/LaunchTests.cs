using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>Launches: parameters, limits, faults, order, and what a launch costs.</summary>
[TestFixture(StreamMode.Eager)]
[TestFixture(StreamMode.Late)]
internal sealed unsafe class LaunchTests(StreamMode mode)
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
    public void Parameters_given_as_pointers_arrive_at_their_offsets()
    {
        nint echo = _session.LoadFunction(TestKernels.Echo, "echo");
        ulong pointer = _session.Allocate(20);
        uint word = 11;
        uint* structure = stackalloc uint[] { 21, 22, 23 };
        uint last = 31;
        void** parameters = stackalloc void*[] { &pointer, &word, structure, &last };
        _session.Check(Launch(echo, parameters), "cuLaunchKernel");
        (word, last, structure[0]) = (0, 0, 0);
        _session.Synchronize(_stream);
        Assert.That(Words(pointer, 5), Is.EqualTo((uint[])[11, 21, 22, 23, 31]));
    }

    [TestCase(32)]
    [TestCase(48)]
    public void Parameters_given_as_a_block_arrive(int size)
    {
        nint echo = _session.LoadFunction(TestKernels.Echo, "echo");
        ulong pointer = _session.Allocate(20);
        byte* block = stackalloc byte[64];
        *(ulong*)block = pointer;
        *(uint*)(block + 8) = 11;
        *(uint*)(block + 16) = 21;
        *(uint*)(block + 20) = 22;
        *(uint*)(block + 24) = 23;
        *(uint*)(block + 28) = 31;
        nuint bytes = (nuint)size;
        void** extra = stackalloc void*[]
        {
            (void*)LaunchParameter.BufferPointer, block, (void*)LaunchParameter.BufferSize, &bytes, null,
        };
        CudaResult result = Cuda.LaunchKernel(echo, 1, 1, 1, 1, 1, 1, 0, _stream, null, extra);
        if (size != 32)
        {
            string finding = _session.Refused(result, CudaResult.InvalidValue);
            Assert.That(finding, Does.Contain("'echo' has 32 bytes of parameters, the block has 48"));
            return;
        }

        _session.Check(result, "cuLaunchKernel");
        _session.Synchronize(_stream);
        Assert.That(Words(pointer, 5), Is.EqualTo((uint[])[11, 21, 22, 23, 31]));
    }

    [Test]
    public void Parameters_that_are_missing_or_given_twice_are_refused()
    {
        nint store = _session.LoadFunction(TestKernels.Store, "store");
        ulong pointer = _session.Allocate(4);
        void** parameters = stackalloc void*[] { &pointer, null };
        void** extra = stackalloc void*[] { null };
        CudaResult none = Launch(store, null);
        Assert.That(_session.Refused(none, CudaResult.InvalidValue), Does.Contain("none are given"));
        CudaResult one = Launch(store, parameters);
        Assert.That(_session.Refused(one, CudaResult.InvalidValue), Does.Contain("parameter 1 of 'store'"));
        CudaResult both = Cuda.LaunchKernel(store, 1, 1, 1, 1, 1, 1, 0, _stream, parameters, extra);
        Assert.That(_session.Refused(both, CudaResult.InvalidValue), Does.Contain("as a block, too"));
        CudaResult empty = Cuda.LaunchKernel(store, 1, 1, 1, 1, 1, 1, 0, _stream, null, extra);
        Assert.That(_session.Refused(empty, CudaResult.InvalidValue), Does.Contain("names no block"));
    }

    [TestCase(0u, 1u, 1u, 1u, 1u, 1u, "grid (0, 1, 1)")]
    [TestCase(1u, 0u, 1u, 1u, 1u, 1u, "grid")]
    [TestCase(1u, 1u, 0u, 1u, 1u, 1u, "grid")]
    [TestCase(0x80000000u, 1u, 1u, 1u, 1u, 1u, "grid")]
    [TestCase(1u, 65536u, 1u, 1u, 1u, 1u, "grid")]
    [TestCase(1u, 1u, 65536u, 1u, 1u, 1u, "grid")]
    [TestCase(1u, 1u, 1u, 0u, 1u, 1u, "block (0, 1, 1)")]
    [TestCase(1u, 1u, 1u, 1025u, 1u, 1u, "block")]
    [TestCase(1u, 1u, 1u, 1u, 1u, 65u, "block")]
    [TestCase(1u, 1u, 1u, 64u, 32u, 1u, "over 1024 threads")]
    [TestCase(1u, 1u, 1u, 65536u, 65536u, 1u, "block")]
    public void Shapes_that_no_device_runs_are_refused(
        uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, string finding)
    {
        nint empty = _session.LoadFunction(TestKernels.Empty, "empty");
        CudaResult result = Cuda.LaunchKernel(
            empty, gridX, gridY, gridZ, blockX, blockY, blockZ, 0, _stream, null, null);
        Assert.That(_session.Refused(result, CudaResult.InvalidValue), Does.Contain(finding));
        Assert.That(Launch(empty, null), Is.EqualTo(CudaResult.Success));
    }

    [Test]
    public void A_block_larger_than_the_kernel_declares_is_refused()
    {
        nint empty = _session.LoadFunction(TestKernels.Empty, "empty64");
        CudaResult largest = Cuda.LaunchKernel(empty, 1, 1, 1, 8, 8, 1, 0, _stream, null, null);
        Assert.That(largest, Is.EqualTo(CudaResult.Success));
        CudaResult result = Cuda.LaunchKernel(empty, 1, 1, 1, 65, 1, 1, 0, _stream, null, null);
        Assert.That(_session.Refused(result, CudaResult.InvalidValue), Does.Contain("64 of 'empty64'"));
    }

    [Test]
    public void Dynamic_shared_memory_needs_the_opt_in_above_48_KiB()
    {
        nint shared = _session.LoadFunction(TestKernels.Shared, "shared");
        ulong pointer = _session.Allocate(4);
        uint offset = 60_000;
        void** parameters = stackalloc void*[] { &pointer, &offset };
        CudaResult refused = Cuda.LaunchKernel(shared, 1, 1, 1, 1, 1, 1, 60_004, _stream, parameters, null);
        Assert.That(_session.Refused(refused, CudaResult.InvalidValue), Does.Contain("49,152 are allowed"));
        _session.Check(
            Cuda.FuncSetAttribute(shared, FunctionAttribute.MaxDynamicSharedSizeBytes, 60_004),
            "cuFuncSetAttribute");
        _session.Check(
            Cuda.LaunchKernel(shared, 1, 1, 1, 1, 1, 1, 60_004, _stream, parameters, null), "cuLaunchKernel");
        _session.Synchronize(_stream);
        Assert.That(Words(pointer, 1)[0], Is.EqualTo(60_000));
    }

    [Test]
    public void A_fault_spoils_the_context_until_it_is_reset()
    {
        nint store = _session.LoadFunction(TestKernels.Store, "store");
        ulong pointer = _session.Allocate(4);
        CudaResult result = LaunchStore(store, pointer + 4, 1);
        if (mode == StreamMode.Late)
        {
            Assert.That(result, Is.EqualTo(CudaResult.Success));
            result = Cuda.StreamSynchronize(_stream);
        }

        string finding = _session.Refused(result, CudaResult.IllegalAddress);
        Assert.That(finding, Does.Contain("'store'").And.Contain("st.global.u32"));
        Assert.That(finding, Does.Contain("past the end"));
        Assert.That(EmulatedDriver.TryGetLastFault(_session.Ordinal, out EmulatorFault? fault));
        Assert.That(fault!.Kind, Is.EqualTo(EmulatorFaultKind.GlobalOutOfBounds));
        Assert.That(fault.Kernel, Is.EqualTo("store"));

        ulong more;
        CudaResult[] later =
        [
            Cuda.StreamSynchronize(_stream),
            Cuda.MemAlloc(&more, 4),
            Cuda.MemFree(pointer),
            Cuda.CtxSynchronize(),
            LaunchStore(store, pointer, 1),
            Cuda.StreamDestroy(_stream),
        ];
        Assert.That(later, Is.All.EqualTo(CudaResult.IllegalAddress));
        Assert.That(_session.Refused(later[0], CudaResult.IllegalAddress), Is.EqualTo(finding));

        nint renewed;
        Cuda.DevicePrimaryCtxReset(_session.Ordinal);
        _session.Check(Cuda.DevicePrimaryCtxRetain(&renewed, _session.Ordinal), "cuDevicePrimaryCtxRetain");
        _session.Check(Cuda.CtxSetCurrent(renewed), "cuCtxSetCurrent");
        Assert.That(_session.Allocate(4), Is.Not.Zero);
        Cuda.DevicePrimaryCtxRelease(_session.Ordinal);
    }

    [Test]
    public void A_kernel_that_reads_freed_memory_is_found_out()
    {
        nint add = _session.LoadFunction(TestKernels.Store, "add");
        ulong pointer = _session.Upload([1, 0, 0, 0]);
        _session.Check(Cuda.MemFree(pointer), "cuMemFree_v2");
        CudaResult result = LaunchStore(add, pointer, 1);
        result = mode == StreamMode.Late ? Cuda.CtxSynchronize() : result;
        Assert.That(_session.Refused(result, CudaResult.IllegalAddress), Does.Contain("UseAfterFree"));
    }

    [Test]
    public void Launches_of_one_stream_run_in_order_with_their_own_parameters()
    {
        nint store = _session.LoadFunction(TestKernels.Store, "store");
        nint add = _session.LoadFunction(TestKernels.Store, "add");
        ulong pointer = _session.Allocate(4);
        _session.Check(LaunchStore(store, pointer, 5), "cuLaunchKernel");
        _session.Check(LaunchStore(add, pointer, 70), "cuLaunchKernel");
        _session.Check(LaunchStore(add, pointer, 900), "cuLaunchKernel");
        _session.Synchronize(_stream);
        Assert.That(Words(pointer, 1)[0], Is.EqualTo(975));
    }

    [Test]
    public void A_captured_launch_keeps_its_parameters_and_runs_at_each_replay()
    {
        nint add = _session.LoadFunction(TestKernels.Store, "add");
        ulong pointer = _session.Upload([0, 0, 0, 0]);
        _session.Check(Cuda.StreamBeginCapture(_stream, StreamCaptureMode.ThreadLocal), "begin");
        _session.Check(LaunchStore(add, pointer, 1), "cuLaunchKernel");
        _session.Check(LaunchStore(add, pointer, 20), "cuLaunchKernel");
        nint graph;
        nint executable;
        _session.Check(Cuda.StreamEndCapture(_stream, &graph), "cuStreamEndCapture");
        _session.Check(Cuda.GraphInstantiateWithFlags(&executable, graph, 0), "cuGraphInstantiateWithFlags");
        _session.Check(LaunchStore(add, pointer, 300), "cuLaunchKernel");
        _session.Check(Cuda.GraphLaunch(executable, _stream), "cuGraphLaunch");
        _session.Check(Cuda.GraphLaunch(executable, _stream), "cuGraphLaunch");
        _session.Synchronize(_stream);
        Assert.That(Words(pointer, 1)[0], Is.EqualTo(342));
    }

    [Test]
    public void A_module_unloaded_before_its_launch_ran_is_found_out()
    {
        _session.Check(_session.Load(TestKernels.Empty, out nint module, out _), "cuModuleLoadDataEx");
        _session.Check(Launch(_session.Function(module, "empty"), null), "cuLaunchKernel");
        _session.Check(Cuda.ModuleUnload(module), "cuModuleUnload");
        CudaResult result = Cuda.StreamSynchronize(_stream);
        if (mode == StreamMode.Late)
        {
            Assert.That(_session.Refused(result, CudaResult.LaunchFailed), Does.Contain("unloaded before"));
        }
        else
        {
            Assert.That(result, Is.EqualTo(CudaResult.Success));
        }
    }

    [Test]
    public void Many_threads_launch_at_once()
    {
        nint add = _session.LoadFunction(TestKernels.Store, "add");
        ulong pointer = _session.Upload(new byte[4 * 8]);
        nint[] streams = [.. Enumerable.Range(0, 4).Select(_ => _session.Stream())];
        int failures = 0;
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            Cuda.CtxSetCurrent(_session.Context);
            for (int n = 0; n < 200; n++)
            {
                CudaResult result = LaunchStore(add, pointer + (ulong)(i * 8), 1, streams[i]);
                result |= n % 50 == 0 ? Cuda.StreamSynchronize(streams[i]) : CudaResult.Success;
                Interlocked.Add(ref failures, result == CudaResult.Success ? 0 : 1);
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        _session.Check(Cuda.CtxSynchronize(), "cuCtxSynchronize");
        Assert.That(failures, Is.Zero);
        Assert.That(Words(pointer, 8), Is.EqualTo((uint[])[200, 0, 200, 0, 200, 0, 200, 0]));
    }

    [Test]
    public void A_repeated_launch_allocates_nothing()
    {
        if (mode == StreamMode.Late)
        {
            Assert.Pass("Work that runs later has to be kept; only launches run at once allocate nothing.");
        }

        nint empty = _session.LoadFunction(TestKernels.Empty, "empty");
        nint store = _session.LoadFunction(TestKernels.Store, "store");
        ulong pointer = _session.Allocate(4);
        long emptyBytes = Measure(() => Launch(empty, null), "empty kernel");
        long storeBytes = Measure(() => LaunchStore(store, pointer, 1), "kernel of one store");
        Assert.That((emptyBytes, storeBytes), Is.EqualTo((0L, 0L)));
    }

    [Test]
    public void A_repeated_launch_on_several_threads_allocates_nothing()
    {
        if (mode == StreamMode.Late)
        {
            Assert.Pass("Work that runs later has to be kept; only launches run at once allocate nothing.");
        }

        using DriverSession session = new(new EmulatorOptions { Threads = 4, MemoryBytes = 1 << 24 });
        nint stream = session.Stream();
        nint empty = session.LoadFunction(TestKernels.Empty, "empty");
        long bytes = Measure(
            () => Cuda.LaunchKernel(empty, 8, 1, 1, 32, 1, 1, 0, stream, null, null), "empty grid of 8");
        Assert.That(bytes, Is.Zero);
    }

    private static long Measure(Func<CudaResult> launch, string what)
    {
        const int Rounds = 20;
        const int Count = 1000;
        double best = double.PositiveInfinity;
        long bytes = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Count; i++)
            {
                launch();
            }

            // The best round tells the cost on a busy machine, and what is left when queues have grown.
            double elapsed = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            bytes = Math.Min(bytes, GC.GetAllocatedBytesForCurrentThread() - before);
            best = Math.Min(best, elapsed / Count);
        }

        TestContext.Out.WriteLine($"launch, {what}: {best:F2} us at best, {bytes} bytes");
        return bytes;
    }

    private CudaResult Launch(nint function, void** parameters)
    {
        return Cuda.LaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, _stream, parameters, null);
    }

    private CudaResult LaunchStore(nint function, ulong pointer, uint value)
    {
        return LaunchStore(function, pointer, value, _stream);
    }

    private static CudaResult LaunchStore(nint function, ulong pointer, uint value, nint stream)
    {
        void** parameters = stackalloc void*[] { &pointer, &value };
        return Cuda.LaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, parameters, null);
    }

    private uint[] Words(ulong pointer, int count)
    {
        return MemoryMarshal.Cast<byte, uint>(_session.Download(pointer, count * sizeof(uint))).ToArray();
    }
}
