using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace NativeAttention.Tool.Devices;

/// <summary>Finds and opens devices. The program has one implementation; tests bring their own.</summary>
internal interface IDeviceCatalog
{
    /// <summary>
    /// Library and version of the CUDA driver, or "none"; the reason is that of device cuda:0.
    /// </summary>
    string DriverDescription { get; }

    /// <summary>Every device there could be, available or not, in the order of preference.</summary>
    IReadOnlyList<DeviceReport> List(ILoggerFactory loggers);

    /// <summary>The kernels a device has.</summary>
    IReadOnlyList<KernelReport> Kernels(DeviceName device);

    /// <summary>Opens a device, or says why it cannot be opened.</summary>
    bool TryOpen(DeviceName device, ILoggerFactory loggers, [NotNullWhen(true)] out AttentionBackend? backend,
        [NotNullWhen(false)] out string? reason);
}
