using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>Device memory, page-locked memory, copies and fills.</summary>
internal sealed unsafe class MemoryTests
{
    private DriverSession _session = null!;

    private static CudaDriver Cuda => EmulatedDriver.Driver;

    [SetUp]
    public void Open()
    {
        _session = new DriverSession();
    }

    [TearDown]
    public void Close()
    {
        _session.Dispose();
    }

    [TestCase(1)]
    [TestCase(255)]
    [TestCase(4097)]
    public void Bytes_come_back_as_they_went(int bytes)
    {
        byte[] data = RandomBytes(bytes, seed: 11);
        ulong pointer = _session.Upload(data);
        Assert.That(_session.Download(pointer, bytes), Is.EqualTo(data));
        Assert.That(pointer % 256, Is.Zero);
        Assert.That(_session.Memory.IsInitialized(pointer, bytes));
    }

    [Test]
    public void Memory_that_nothing_wrote_may_be_read_by_the_host_and_is_poison()
    {
        ulong pointer = _session.Allocate(64);
        Assert.That(_session.Memory.IsInitialized(pointer, 64), Is.False);
        Assert.That(_session.Download(pointer, 64), Is.All.EqualTo(0xFF));
    }

    [Test]
    public void A_copy_on_the_device_copies_bytes_and_what_is_initialised()
    {
        byte[] data = RandomBytes(100, seed: 12);
        ulong source = _session.Upload(data);
        ulong target = _session.Allocate(200);
        Assert.That(Cuda.MemcpyDtoD(target + 3, source + 1, 99), Is.EqualTo(CudaResult.Success));
        Assert.That(_session.Download(target + 3, 99), Is.EqualTo(data[1..]));
        Assert.That(_session.Memory.IsInitialized(target + 3, 99));
        Assert.That(_session.Memory.IsInitialized(target + 2, 1), Is.False);
        Assert.That(_session.Memory.IsInitialized(target + 102, 1), Is.False);
    }

    [Test]
    public void Fills_write_exactly_their_range()
    {
        ulong pointer = _session.Allocate(64);
        Assert.That(Cuda.MemsetD8(pointer + 5, 0x5A, 7), Is.EqualTo(CudaResult.Success));
        Assert.That(Cuda.MemsetD32Async(pointer + 16, 0x01020304, 2, 0), Is.EqualTo(CudaResult.Success));
        byte[] expected = new byte[64];
        expected.AsSpan().Fill(0xFF);
        expected.AsSpan(5, 7).Fill(0x5A);
        MemoryMarshal.Cast<byte, uint>(expected.AsSpan())[4..6].Fill(0x01020304);
        Assert.That(_session.Download(pointer, 64), Is.EqualTo(expected));
        Assert.That(_session.Memory.IsInitialized(pointer + 16, 8));
        Assert.That(_session.Memory.IsInitialized(pointer, 16), Is.False);
    }

    [TestCase(0, 101)]
    [TestCase(1, 100)]
    [TestCase(100, 1)]
    [TestCase(-1, 2)]
    public void Copies_beyond_an_allocation_are_refused_and_write_nothing(int offset, int bytes)
    {
        byte[] data = RandomBytes(100, seed: 13);
        ulong pointer = _session.Upload(data);
        ulong other = _session.Allocate(200);
        ulong start = pointer + (ulong)(long)offset;
        byte* host = stackalloc byte[256];
        new Span<byte>(host, 256).Fill(0x33);
        CudaResult[] results =
        [
            Cuda.MemcpyHtoD(start, host, (nuint)bytes),
            Cuda.MemcpyDtoH(host, start, (nuint)bytes),
            Cuda.MemcpyDtoD(start, other, (nuint)bytes),
            Cuda.MemcpyDtoD(other, start, (nuint)bytes),
            Cuda.MemsetD8(start, 0, (nuint)bytes),
            Cuda.MemcpyHtoDAsync(start, host, (nuint)bytes, 0),
            Cuda.MemcpyDtoHAsync(host, start, (nuint)bytes, 0),
            Cuda.MemcpyDtoDAsync(start, other, (nuint)bytes, 0),
            Cuda.MemsetD8Async(start, 0, (nuint)bytes, 0),
        ];
        byte[] hostAfter = new Span<byte>(host, 256).ToArray();
        Assert.That(results, Is.All.EqualTo(CudaResult.InvalidValue));
        Assert.That(Cuda.LastFinding!(0), Does.Contain("not inside one allocation"));
        Assert.That(_session.Download(pointer, 100), Is.EqualTo(data));
        Assert.That(hostAfter, Is.All.EqualTo(0x33));
    }

    [Test]
    public void A_copy_of_nothing_is_fine()
    {
        ulong pointer = _session.Allocate(8);
        Assert.That(Cuda.MemcpyHtoD(pointer, null, 0), Is.EqualTo(CudaResult.Success));
        Assert.That(Cuda.MemcpyDtoH(null, pointer, 0), Is.EqualTo(CudaResult.Success));
    }

    [Test]
    public void Null_host_memory_and_overlapping_copies_are_refused()
    {
        ulong pointer = _session.Allocate(64);
        CudaResult upload = Cuda.MemcpyHtoD(pointer, null, 8);
        Assert.That(_session.Refused(upload, CudaResult.InvalidValue), Does.Contain("host pointer is null"));
        CudaResult overlap = Cuda.MemcpyDtoD(pointer, pointer + 8, 16);
        Assert.That(_session.Refused(overlap, CudaResult.InvalidValue), Does.Contain("overlap"));
        CudaResult misaligned = Cuda.MemsetD32Async(pointer + 2, 0, 1, 0);
        Assert.That(_session.Refused(misaligned, CudaResult.InvalidValue), Does.Contain("aligned"));
    }

    [Test]
    public void An_allocation_is_freed_once()
    {
        ulong pointer = _session.Allocate(64);
        Assert.That(Cuda.MemFree(pointer), Is.EqualTo(CudaResult.Success));
        CudaResult again = Cuda.MemFree(pointer);
        Assert.That(_session.Refused(again, CudaResult.InvalidValue), Does.Contain("freed 64-byte"));
        CudaResult late = Cuda.MemsetD8(pointer, 0, 1);
        Assert.That(_session.Refused(late, CudaResult.InvalidValue), Does.Contain("freed"));
    }

    [Test]
    public void Only_the_start_of_an_allocation_is_freed()
    {
        ulong pointer = _session.Allocate(64);
        Assert.That(Cuda.MemFree(pointer + 4), Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(Cuda.MemFree(0), Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(_session.Live.Allocations, Is.EqualTo(1));
    }

    [Test]
    public void Too_much_memory_is_out_of_memory_and_does_not_spoil_the_context()
    {
        ulong pointer;
        CudaResult more = Cuda.MemAlloc(&pointer, 65 << 20);
        Assert.That(_session.Refused(more, CudaResult.OutOfMemory), Does.Contain("68,157,440 bytes"));
        CudaResult most = Cuda.MemAlloc(&pointer, nuint.MaxValue);
        Assert.That(most, Is.EqualTo(CudaResult.OutOfMemory));
        CudaResult none = Cuda.MemAlloc(&pointer, 0);
        Assert.That(none, Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(_session.Allocate(1 << 20), Is.Not.Zero);
    }

    [Test]
    public void Free_memory_goes_down_and_up_again()
    {
        (nuint free, nuint total) before = MemoryInfo();
        ulong pointer = _session.Allocate(1 << 20);
        (nuint free, nuint total) during = MemoryInfo();
        Cuda.MemFree(pointer);
        Assert.That(before.free - during.free, Is.EqualTo((nuint)(1 << 20)));
        Assert.That(MemoryInfo(), Is.EqualTo(before));
        Assert.That(before.total, Is.GreaterThanOrEqualTo(before.free));
    }

    [Test]
    public void A_pointer_knows_its_allocation()
    {
        ulong pointer = _session.Allocate(1000);
        ulong start;
        nuint bytes;
        CudaResult inside = Cuda.MemGetAddressRange(&start, &bytes, pointer + 999);
        Assert.That(inside, Is.EqualTo(CudaResult.Success));
        Assert.That((start, bytes), Is.EqualTo((pointer, (nuint)1000)));
        CudaResult outside = Cuda.MemGetAddressRange(&start, &bytes, pointer + 1000);
        Assert.That(outside, Is.EqualTo(CudaResult.NotFound));
    }

    [Test]
    public void Attributes_tell_device_memory_from_page_locked_memory()
    {
        ulong device = _session.Allocate(64);
        ulong host = (ulong)_session.Pinned(64);
        ulong pageable = (ulong)NativeMemory.Alloc(64);
        int onDevice = Attribute<int>(PointerAttribute.MemoryType, device + 5);
        int onHost = Attribute<int>(PointerAttribute.MemoryType, host + 5);
        Assert.That((onDevice, onHost), Is.EqualTo(((int)MemoryType.Device, (int)MemoryType.Host)));
        Assert.That(Attribute<int>(PointerAttribute.DeviceOrdinal, device), Is.EqualTo(_session.Ordinal));
        Assert.That(Attribute<nint>(PointerAttribute.Context, device), Is.EqualTo(_session.Context));
        Assert.That(Attribute<ulong>(PointerAttribute.RangeStartAddress, device + 5), Is.EqualTo(device));
        Assert.That(Attribute<nuint>(PointerAttribute.RangeSize, host + 5), Is.EqualTo((nuint)64));
        int value;
        CudaResult unknown = Cuda.PointerGetAttribute(&value, PointerAttribute.MemoryType, pageable);
        NativeMemory.Free((void*)pageable);
        Assert.That(_session.Refused(unknown, CudaResult.InvalidValue), Does.Contain("page-locked"));
    }

    [Test]
    public void Page_locked_memory_is_freed_once_by_its_start()
    {
        byte* pointer = _session.Pinned(100);
        byte[] content = new Span<byte>(pointer, 100).ToArray();
        Assert.That(content, Is.All.EqualTo(0xFF));
        Assert.That(Cuda.MemFreeHost(pointer + 1), Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(Cuda.MemFreeHost(pointer), Is.EqualTo(CudaResult.Success));
        Assert.That(Cuda.MemFreeHost(pointer), Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(_session.Live.PinnedBuffers, Is.Zero);
    }

    [Test]
    public void Memory_of_the_caller_is_registered_once()
    {
        byte* memory = (byte*)NativeMemory.Alloc(100);
        CudaResult first = Cuda.MemHostRegister(memory, 100, 0);
        CudaResult second = Cuda.MemHostRegister(memory + 50, 100, 0);
        CudaResult wrongFree = Cuda.MemFreeHost(memory);
        int registered = _session.Live.PinnedBuffers;
        CudaResult undone = Cuda.MemHostUnregister(memory);
        CudaResult again = Cuda.MemHostUnregister(memory);
        NativeMemory.Free(memory);
        Assert.That(first, Is.EqualTo(CudaResult.Success));
        Assert.That(second, Is.EqualTo(CudaResult.HostMemoryAlreadyRegistered));
        Assert.That(wrongFree, Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(registered, Is.EqualTo(1));
        Assert.That(undone, Is.EqualTo(CudaResult.Success));
        Assert.That(again, Is.EqualTo(CudaResult.HostMemoryNotRegistered));
    }

    [Test]
    public void The_pool_of_a_device_can_be_tuned()
    {
        nint pool;
        ulong keep = 1 << 20;
        CudaResult got = Cuda.DeviceGetDefaultMemPool(&pool, _session.Ordinal);
        CudaResult set = Cuda.MemPoolSetAttribute(pool, MemoryPoolAttribute.ReleaseThreshold, &keep);
        Assert.That((got, set), Is.EqualTo((CudaResult.Success, CudaResult.Success)));
        Assert.That(Cuda.MemPoolTrimTo(pool, 0), Is.EqualTo(CudaResult.Success));
        CudaResult unknown = Cuda.MemPoolSetAttribute(pool, (MemoryPoolAttribute)77, &keep);
        Assert.That(_session.Refused(unknown, CudaResult.InvalidValue), Does.Contain("77"));
        Assert.That(Cuda.MemPoolTrimTo(_session.Stream(), 0), Is.EqualTo(CudaResult.InvalidHandle));
    }

    private static byte[] RandomBytes(int count, int seed)
    {
        byte[] data = new byte[count];
        new Random(seed).NextBytes(data);
        return data;
    }

    private (nuint Free, nuint Total) MemoryInfo()
    {
        nuint free;
        nuint total;
        _session.Check(Cuda.MemGetInfo(&free, &total), "cuMemGetInfo_v2");
        return (free, total);
    }

    private T Attribute<T>(PointerAttribute attribute, ulong pointer)
        where T : unmanaged
    {
        T value = default;
        _session.Check(Cuda.PointerGetAttribute(&value, attribute, pointer), "cuPointerGetAttribute");
        return value;
    }
}
