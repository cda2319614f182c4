using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// Copies between ordinary host memory and a device, through the staging pool. The callers hold device,
/// memory and stream open.
/// </summary>
internal static class HostTransfer
{
    /// <summary>
    /// Copies to the device in stream order. The source may change as soon as this returns.
    /// </summary>
    public static void Upload<T>(CudaDevice device, ulong destination, ReadOnlySpan<T> source,
        CudaStream stream)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        int most = StagingPool.SlotBytes / size;
        while (!source.IsEmpty)
        {
            ReadOnlySpan<T> part = source[..Math.Min(most, source.Length)];
            StagingSlot slot = device.Staging.Rent();
            try
            {
                part.CopyTo(HostMemory.AsSpan<T>(slot.Pointer, part.Length));
                device.Context.CopyToDevice(destination, slot.Pointer, (long)part.Length * size,
                    stream.Handle);
                device.Context.RecordEvent(slot.Recorded, stream.Handle);
            }
            finally
            {
                device.Staging.Return(slot);
            }

            source = source[part.Length..];
            destination += (ulong)part.Length * (ulong)size;
        }
    }

    /// <summary>Copies from the device behind the work now in the stream, and waits for it.</summary>
    public static void Download<T>(CudaDevice device, ulong source, Span<T> destination, CudaStream stream)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        int most = StagingPool.SlotBytes / size;
        StagingSlot? waiting = null;
        Span<T> waitingFor = default;
        try
        {
            while (!destination.IsEmpty)
            {
                // The next part travels while the one before is copied on.
                Span<T> part = destination[..Math.Min(most, destination.Length)];
                StagingSlot slot = Fetch(device, source, (long)part.Length * size, stream);
                StagingSlot? before = waiting;
                Span<T> beforeFor = waitingFor;
                waiting = slot;
                waitingFor = part;
                Finish(device, before, beforeFor);
                destination = destination[part.Length..];
                source += (ulong)part.Length * (ulong)size;
            }
        }
        finally
        {
            Finish(device, waiting, waitingFor);
        }
    }

    /// <summary>
    /// Puts one copy from the device into the stream and returns the slot that receives it.
    /// </summary>
    public static StagingSlot FetchNow(CudaDevice device, ulong source, long bytes, CudaStream stream) =>
        Fetch(device, device.Staging.RentNow(bytes), source, bytes, stream);

    private static StagingSlot Fetch(CudaDevice device, ulong source, long bytes, CudaStream stream) =>
        Fetch(device, device.Staging.Rent(), source, bytes, stream);

    private static StagingSlot Fetch(CudaDevice device, StagingSlot slot, ulong source, long bytes,
        CudaStream stream)
    {
        try
        {
            device.Context.CopyToHost(slot.Pointer, source, bytes, stream.Handle);
            device.Context.RecordEvent(slot.Recorded, stream.Handle);
            return slot;
        }
        catch
        {
            device.Staging.Return(slot);
            throw;
        }
    }

    private static void Finish<T>(CudaDevice device, StagingSlot? slot, Span<T> destination)
        where T : unmanaged
    {
        if (slot is null)
        {
            return;
        }

        try
        {
            device.Context.SynchronizeEvent(slot.Recorded);
            HostMemory.AsSpan<T>(slot.Pointer, destination.Length).CopyTo(destination);
        }
        finally
        {
            device.Staging.Return(slot);
        }
    }
}
