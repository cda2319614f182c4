using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Tests.Support;

/// <summary>A machine with the devices a test wants.</summary>
internal sealed class FakeDevices : IDeviceCatalog
{
    private readonly Dictionary<string, ReferenceBackend> _available = [];
    private readonly Dictionary<string, string> _missing = [];

    public string DriverDescription => "fake driver 1.0";

    /// <summary>A machine with the reference as its processor and nothing else.</summary>
    public static FakeDevices WithCpu(ReferenceBackend? cpu = null) =>
        new FakeDevices().Without("cuda:0", "there is no driver").With(cpu ?? new ReferenceBackend("cpu"));

    public static string KernelName(ElementType type) => $"reference_{type}";

    public FakeDevices With(ReferenceBackend backend)
    {
        _missing.Remove(backend.Name);
        _available.Add(backend.Name, backend);
        return this;
    }

    public FakeDevices Without(string name, string reason)
    {
        _missing.Add(name, reason);
        return this;
    }

    public IReadOnlyList<DeviceReport> List(ILoggerFactory loggers) =>
        [.. _missing.Select(m => new DeviceReport(Name(m.Key), null, m.Value)),
         .. _available.Select(a => new DeviceReport(Name(a.Key), a.Value.Description, null))];

    public IReadOnlyList<KernelReport> Kernels(DeviceName device) =>
        _available.ContainsKey(device.ToString())
            ? [.. Enum.GetValues<ElementType>().Select(t =>
                new KernelReport(KernelName(t), "dense", "reference", t, 32, "sm_80"))]
            : [];

    public bool TryOpen(DeviceName device, ILoggerFactory loggers,
        [NotNullWhen(true)] out AttentionBackend? backend,
        [NotNullWhen(false)] out string? reason)
    {
        bool found = _available.TryGetValue(device.ToString(), out ReferenceBackend? known);
        backend = known;
        reason = _missing.GetValueOrDefault(device.ToString(), "there is no such device");
        return found;
    }

    private static DeviceName Name(string text) =>
        DeviceName.TryParse(text, out DeviceName name) ? name : throw new ArgumentException(text);
}
