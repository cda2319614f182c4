using System.CommandLine;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Commands;

/// <summary>The option that chooses the device.</summary>
internal static class DeviceOption
{
    /// <summary>Makes the option.</summary>
    /// <param name="otherwise">What is used when neither it nor the environment variable says
    /// anything.</param>
    public static Option<string?> Create(string otherwise) => new("--device")
    {
        HelpName = "device",
        Description =
            $"{DeviceName.Allowed} (default: {ToolEnvironment.DeviceVariable}, otherwise {otherwise})",
    };
}
