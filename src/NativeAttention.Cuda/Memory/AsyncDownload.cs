using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>A copy from the device to ordinary memory that blocks no thread.</summary>
internal static class AsyncDownload
{
    /// <summary>Puts the copy into the stream; the caller holds device, memory and stream open.</summary>
    /// <remarks>
    /// All of it goes into the stream at once, so that what is put into the stream later cannot change what
    /// arrives. Only the continuation writes the destination: once cancelled, nothing does.
    /// </remarks>
    public static ValueTask Start<T>(CudaDevice device, ulong source, Memory<T> destination,
        CudaStream stream, CancellationToken cancellationToken)
        where T : unmanaged
    {
        long bytes = (long)destination.Length * Unsafe.SizeOf<T>();
        StagingSlot slot = HostTransfer.FetchNow(device, source, bytes, stream);
        try
        {
            Task done = StreamCompletion.Attach(stream);
            return new ValueTask(FinishAsync(device, done, slot, destination, cancellationToken));
        }
        catch
        {
            device.Staging.Return(slot);
            throw;
        }
    }

    private static async Task FinishAsync<T>(CudaDevice device, Task done, StagingSlot slot,
        Memory<T> destination, CancellationToken cancellationToken)
        where T : unmanaged
    {
        try
        {
            await done.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            GiveBack(device, slot);
            throw;
        }

        // The slot goes with the device, so the device is held while it is read.
        using CudaDevice.Scope scope = device.Use();
        HostMemory.AsSpan<T>(slot.Pointer, destination.Length).CopyTo(destination.Span);
        device.Staging.Return(slot);
    }

    private static void GiveBack(CudaDevice device, StagingSlot slot)
    {
        if (device.TryEnterQuietly())
        {
            try
            {
                device.Staging.Return(slot);
            }
            catch (Bindings.CudaException failure)
            {
                device.Journal.TearDownFailed(nameof(StagingSlot), failure);
            }
            finally
            {
                device.Exit();
            }
        }
    }
}
