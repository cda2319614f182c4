using Microsoft.Extensions.Logging;

namespace NativeAttention.Tool.Devices;

/// <summary>The devices of this machine.</summary>
internal sealed class SystemDevices : IDeviceCatalog
{
    public string DriverDescription => "none";

    public IReadOnlyList<DeviceReport> List(ILoggerFactory loggers) => [];

    public IReadOnlyList<KernelReport> Kernels(DeviceName device) => [];

    public bool TryOpen(DeviceName device, ILoggerFactory loggers, out AttentionBackend? backend, out string? reason)
    {
        backend = null;
        reason = "this program has no such backend yet";
        return false;
    }
}
