using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Tests.Support;

/// <summary>The devices of this machine with one kernel each, for what does not depend on the others.</summary>
internal sealed class FewKernels : IDeviceCatalog
{
    private readonly SystemDevices _all = new();

    public string DriverDescription => _all.DriverDescription;

    public IReadOnlyList<DeviceReport> List(ILoggerFactory loggers) => _all.List(loggers);

    public IReadOnlyList<KernelReport> Kernels(DeviceName device) => [_all.Kernels(device).First(k => k.IsPlanned)];

    public bool TryOpen(DeviceName device, ILoggerFactory loggers, [NotNullWhen(true)] out AttentionBackend? backend,
        [NotNullWhen(false)] out string? reason) => _all.TryOpen(device, loggers, out backend, out reason);
}
