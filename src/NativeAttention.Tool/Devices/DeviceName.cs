using System.Globalization;

namespace NativeAttention.Tool.Devices;

/// <summary>The kinds of device.</summary>
internal enum DeviceKind
{
    Cpu,
    Emulator,
    Cuda,
}

/// <summary>The name of a device: <c>cpu</c>, <c>emulator</c> or <c>cuda:N</c>.</summary>
/// <param name="Kind">Which kind.</param>
/// <param name="Ordinal">Number of the GPU; 0 for the others.</param>
internal readonly record struct DeviceName(DeviceKind Kind, int Ordinal = 0)
{
    /// <summary>What may be written, for messages and help.</summary>
    public const string Allowed = "cpu, emulator, cuda:0, cuda:1, ...";

    private const string CudaPrefix = "cuda:";

    /// <summary>The processor.</summary>
    public static DeviceName Cpu => new(DeviceKind.Cpu);

    /// <summary>The emulated GPU.</summary>
    public static DeviceName Emulator => new(DeviceKind.Emulator);

    /// <summary>A GPU.</summary>
    public static DeviceName Cuda(int ordinal) => new(DeviceKind.Cuda, ordinal);

    /// <summary>Understands a name.</summary>
    public static bool TryParse(string text, out DeviceName name)
    {
        name = text == "emulator" ? Emulator : Cpu;
        if (text is "cpu" or "emulator")
        {
            return true;
        }

        if (text.StartsWith(CudaPrefix, StringComparison.Ordinal)
            && int.TryParse(
                text.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int n))
        {
            name = Cuda(n);
            return true;
        }

        return false;
    }

    public override string ToString() => Kind switch
    {
        DeviceKind.Cpu => "cpu",
        DeviceKind.Emulator => "emulator",
        _ => string.Create(CultureInfo.InvariantCulture, $"{CudaPrefix}{Ordinal}"),
    };
}
