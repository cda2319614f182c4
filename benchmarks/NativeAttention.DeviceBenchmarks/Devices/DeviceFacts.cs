using NativeAttention.Bindings;
using NativeAttention.Cuda;

namespace NativeAttention.DeviceBenchmarks.Devices;

/// <summary>What the driver tells of a device that measuring depends on.</summary>
/// <param name="Sms">Multiprocessors.</param>
/// <param name="L2Bytes">Size of the second-level cache.</param>
/// <param name="ClockMHz">Highest clock of the multiprocessors; null where the driver does not tell.</param>
/// <param name="MemoryClockMHz">Highest clock of the memory; null where the driver does not tell.</param>
internal sealed record DeviceFacts(int Sms, long L2Bytes, double? ClockMHz, double? MemoryClockMHz)
{
    /// <summary>Asks the driver.</summary>
    public static DeviceFacts Of(CudaDevice device)
    {
        using CudaDevice.Scope scope = device.Use();
        return new DeviceFacts(
            device.Context.Attribute(DeviceAttribute.MultiprocessorCount),
            device.Context.Attribute(DeviceAttribute.L2CacheSize),
            Megahertz(device, DeviceAttribute.ClockRateKilohertz),
            Megahertz(device, DeviceAttribute.MemoryClockRateKilohertz));
    }

    // Newer drivers may stop to tell; the benchmark can do without.
    private static double? Megahertz(CudaDevice device, DeviceAttribute attribute)
    {
        try
        {
            return device.Context.Attribute(attribute) is > 0 and int kilohertz ? kilohertz / 1000.0 : null;
        }
        catch (CudaException)
        {
            return null;
        }
    }
}
