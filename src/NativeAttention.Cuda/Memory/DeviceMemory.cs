namespace NativeAttention.Cuda;

/// <summary>One allocation on a device: freed in stream order after its last use.</summary>
internal sealed class DeviceMemory : IDeviceResource
{
    /// <summary>
    /// Allocates in a stream; the caller holds device and stream open. No bytes, no allocation.
    /// </summary>
    public DeviceMemory(CudaDevice device, long bytes, CudaStream stream, string kind)
    {
        Bytes = bytes;
        Pointer = bytes == 0 ? 0 : device.Context.Allocate(bytes, stream.Handle);
        Uses.Add(stream);
        Resource = new DeviceResource(device, this, TearDownOrder.Memory, kind);
    }

    /// <summary>Device address; 0 when there are no bytes.</summary>
    public ulong Pointer { get; }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Its life.</summary>
    public DeviceResource Resource { get; }

    /// <summary>The streams it was used in.</summary>
    public StreamUses Uses { get; } = new();

    void IDeviceResource.TearDown()
    {
        if (Pointer == 0)
        {
            return;
        }

        CudaDevice device = Resource.Device;
        if (device.Context.HasMemoryPools)
        {
            Uses.Follow(device, stream => device.Context.Free(Pointer, stream));
        }
        else
        {
            Uses.Wait(device.Context);
            device.Context.Free(Pointer, device.HouseStream);
        }
    }
}
