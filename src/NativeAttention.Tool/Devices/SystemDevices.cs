using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using NativeAttention.Bindings;
using NativeAttention.Cuda;
using NativeAttention.Emulation;

namespace NativeAttention.Tool.Devices;

/// <summary>The devices of this machine: its GPUs, its processor, and the emulated GPU.</summary>
internal sealed class SystemDevices : IDeviceCatalog
{
    private readonly Lazy<IReadOnlyList<KernelReport>> _cpuKernels = new(CpuKernels.List);

    private readonly Lazy<IReadOnlyList<KernelReport>> _cudaKernels = new(() =>
    [
        .. KernelCatalog.Kernels.Select(k => new KernelReport(
            k.Name, k.Family, AskedRung(k.Rung), k.ElementType, k.MaxHeadDim > 0 ? k.MaxHeadDim : null,
            $"sm_{k.MinComputeCapability.Major}{k.MinComputeCapability.Minor}")
        {
            Modifiers = k.Family == "dense" ? AskedRung(k.Rung) != k.Rung : null,
        }),
    ]);

    // A rung has a second kernel for problems with modifiers, and one for each pass of backward; users ask for the rung,
    // and the plan chooses.
    private static string AskedRung(string rung) => rung.Split('_')[0];

    public string DriverDescription =>
        CudaDriver.TryLoad(out CudaDriver? driver, out _)
            ? $"{driver.Library}, CUDA {driver.Version / 1000}.{driver.Version % 1000 / 10}"
            : "none";

    public IReadOnlyList<DeviceReport> List(ILoggerFactory loggers)
    {
        List<DeviceReport> devices = [Describe(DeviceName.Cuda(0), loggers)];
        while (devices[^1].Available)
        {
            devices.Add(Describe(DeviceName.Cuda(devices.Count), loggers));
        }

        // The first is always listed, with the reason when it is missing; the one after the last says nothing
        // new.
        if (devices.Count > 1)
        {
            devices.RemoveAt(devices.Count - 1);
        }

        return [.. devices, Describe(DeviceName.Cpu, loggers), Describe(DeviceName.Emulator, loggers)];
    }

    public IReadOnlyList<KernelReport> Kernels(DeviceName device) =>
        device.Kind == DeviceKind.Cpu ? _cpuKernels.Value : _cudaKernels.Value;

    public bool TryOpen(DeviceName device, ILoggerFactory loggers,
        [NotNullWhen(true)] out AttentionBackend? backend,
        [NotNullWhen(false)] out string? reason)
    {
        reason = null;
        switch (device.Kind)
        {
            case DeviceKind.Cpu:
                backend = CpuBackend.Default;
                return true;
            case DeviceKind.Emulator:
                return TryOpenEmulator(loggers, out backend, out reason);
            default:
                bool opened = CudaBackend.TryOpen(device.Ordinal, loggers, out CudaBackend? gpu, out reason);
                backend = gpu;
                return opened;
        }
    }

    private static bool TryOpenEmulator(ILoggerFactory loggers,
        [NotNullWhen(true)] out AttentionBackend? backend,
        [NotNullWhen(false)] out string? reason)
    {
        try
        {
            backend = CudaBackend.Open(EmulatedDriver.Driver, 0, loggers);
            reason = null;
            return true;
        }
        catch (Exception e) when (e is CudaException or NotSupportedException)
        {
            backend = null;
            reason = e.Message;
            return false;
        }
    }

    private DeviceReport Describe(DeviceName name, ILoggerFactory loggers)
    {
        if (!TryOpen(name, loggers, out AttentionBackend? backend, out string? reason))
        {
            return new DeviceReport(name, null, reason);
        }

        using (backend)
        {
            return new DeviceReport(name, backend.Description, null);
        }
    }
}
