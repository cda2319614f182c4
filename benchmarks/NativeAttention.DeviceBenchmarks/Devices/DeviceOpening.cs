using System.Diagnostics.CodeAnalysis;
using NativeAttention.Bindings;
using NativeAttention.Cuda;
using NativeAttention.Emulation;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.DeviceBenchmarks.Devices;

/// <summary>Opens the device to measure.</summary>
internal static class DeviceOpening
{
    /// <summary>Opens it.</summary>
    /// <exception cref="ToolException">There is no such device; the message says why.</exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "The caller disposes it.")]
    public static CudaDevice Open(DeviceName name)
    {
        try
        {
            return name.Kind == DeviceKind.Emulator
                ? CudaDevice.Open(EmulatedDriver.Driver)
                : CudaDevice.Open(name.Ordinal);
        }
        catch (Exception e) when (e is NotSupportedException or ArgumentOutOfRangeException or CudaException)
        {
            throw ToolException.NotAvailable($"no CUDA device: {e.Message}", e);
        }
    }
}
