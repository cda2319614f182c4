using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

// Memory and copies.
internal sealed unsafe partial class DeviceContext
{
    /// <summary>Bytes of freed memory that the driver's pool keeps for the next allocation.</summary>
    private const ulong PoolReserve = 256UL << 20;

    /// <summary>Allocates in stream order where the device can, at once where it cannot.</summary>
    public ulong Allocate(long bytes, nint stream)
    {
        ulong pointer;
        if (HasMemoryPools)
        {
            Check(_driver.MemAllocAsync(&pointer, (nuint)bytes, stream), "cuMemAllocAsync");
        }
        else
        {
            Check(_driver.MemAlloc(&pointer, (nuint)bytes), "cuMemAlloc_v2");
        }

        return pointer;
    }

    /// <summary>
    /// Frees after the work now in the stream; without pools the caller has waited for that work.
    /// </summary>
    public void Free(ulong pointer, nint stream)
    {
        if (HasMemoryPools)
        {
            Check(_driver.MemFreeAsync(pointer, stream), "cuMemFreeAsync");
        }
        else
        {
            Check(_driver.MemFree(pointer), "cuMemFree_v2");
        }
    }

    /// <summary>
    /// Lets the device's pool keep some freed memory: by default it returns everything to the system whenever
    /// a stream is waited for, which makes the next allocation slow.
    /// </summary>
    public void KeepPoolReserve()
    {
        if (TryGetPool(out nint pool) && _driver.MemPoolSetAttribute != null)
        {
            ulong reserve = PoolReserve;
            Check(_driver.MemPoolSetAttribute(pool, MemoryPoolAttribute.ReleaseThreshold, &reserve),
                "cuMemPoolSetAttribute");
        }
    }

    /// <summary>Returns what the pool keeps to the system.</summary>
    public void TrimPool()
    {
        if (TryGetPool(out nint pool) && _driver.MemPoolTrimTo != null)
        {
            Check(_driver.MemPoolTrimTo(pool, 0), "cuMemPoolTrimTo");
        }
    }

    /// <summary>Allocates page-locked host memory.</summary>
    public nint AllocatePinned(long bytes)
    {
        void* pointer;
        Check(_driver.MemHostAlloc(&pointer, (nuint)bytes, HostMemoryFlags.Portable), "cuMemHostAlloc");
        return (nint)pointer;
    }

    /// <summary>Frees page-locked host memory.</summary>
    public void FreePinned(nint pointer) => Check(_driver.MemFreeHost((void*)pointer), "cuMemFreeHost");

    /// <summary>Copies page-locked host memory to the device, in stream order.</summary>
    public void CopyToDevice(ulong destination, nint source, long bytes, nint stream) =>
        Check(_driver.MemcpyHtoDAsync(destination, (void*)source, (nuint)bytes, stream),
            "cuMemcpyHtoDAsync_v2");

    /// <summary>Copies device memory to page-locked host memory, in stream order.</summary>
    public void CopyToHost(nint destination, ulong source, long bytes, nint stream) =>
        Check(_driver.MemcpyDtoHAsync((void*)destination, source, (nuint)bytes, stream),
            "cuMemcpyDtoHAsync_v2");

    /// <summary>Copies device memory to device memory, in stream order.</summary>
    public void CopyOnDevice(ulong destination, ulong source, long bytes, nint stream) =>
        Check(_driver.MemcpyDtoDAsync(destination, source, (nuint)bytes, stream), "cuMemcpyDtoDAsync_v2");

    /// <summary>Sets device memory to a byte, in stream order.</summary>
    public void Fill(ulong destination, byte value, long bytes, nint stream) =>
        Check(_driver.MemsetD8Async(destination, value, (nuint)bytes, stream), "cuMemsetD8Async");

    /// <summary>
    /// The device that an address belongs to; null when the driver does not know the address.
    /// </summary>
    public int? DeviceOf(ulong address)
    {
        int ordinal;
        CudaResult result = _driver.PointerGetAttribute(&ordinal, PointerAttribute.DeviceOrdinal, address);
        if (result == CudaResult.InvalidValue)
        {
            return null;
        }

        Check(result, "cuPointerGetAttribute");
        return ordinal;
    }

    private bool TryGetPool(out nint pool)
    {
        nint found = 0;
        if (HasMemoryPools && _driver.DeviceGetDefaultMemPool != null)
        {
            Check(_driver.DeviceGetDefaultMemPool(&found, _device), "cuDeviceGetDefaultMemPool");
        }

        pool = found;
        return found != 0;
    }
}
