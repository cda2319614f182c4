using Microsoft.Extensions.Logging;
using NativeAttention.Tool.App;

namespace NativeAttention.Tool.Devices;

/// <summary>
/// Decides which device to use from <c>--device</c>, then <c>NATTN_DEVICE</c>, then what is there.
/// </summary>
internal sealed class DeviceSelector
{
    private readonly ToolEnvironment _environment;

    public DeviceSelector(IDeviceCatalog catalog, ToolEnvironment environment)
    {
        Catalog = catalog;
        _environment = environment;
    }

    /// <summary>Where devices come from.</summary>
    public IDeviceCatalog Catalog { get; }

    /// <summary>The device the user asked for, or null.</summary>
    /// <param name="option">Value of <c>--device</c>; null when not given.</param>
    /// <exception cref="ToolException">The name is not one.</exception>
    public DeviceName? Requested(string? option)
    {
        (string? text, string where) = option is not null
            ? (option, "--device")
            : (_environment.Device, ToolEnvironment.DeviceVariable);
        if (text is null)
        {
            return null;
        }

        return DeviceName.TryParse(text, out DeviceName name)
            ? name
            : throw ToolException.BadInput($"{where} is '{text}'; allowed are {DeviceName.Allowed}");
    }

    /// <summary>Opens the device asked for, or the first available of cuda:0 and cpu.</summary>
    public AttentionBackend Open(string? option, ILoggerFactory loggers)
    {
        if (Requested(option) is { } name)
        {
            return Open(name, loggers);
        }

        return Catalog.TryOpen(DeviceName.Cuda(0), loggers, out AttentionBackend? gpu, out _)
            ? gpu
            : Open(DeviceName.Cpu, loggers);
    }

    /// <summary>Opens one device.</summary>
    /// <exception cref="ToolException">It is not available; the message says why.</exception>
    public AttentionBackend Open(DeviceName name, ILoggerFactory loggers) =>
        Catalog.TryOpen(name, loggers, out AttentionBackend? backend, out string? reason)
            ? backend
            : throw ToolException.NotAvailable($"device {name} is not available: {reason}");
}
