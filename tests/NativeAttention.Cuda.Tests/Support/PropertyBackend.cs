using NativeAttention.Cuda;
using NativeAttention.Cuda.Tests;
using NativeAttention.Emulation;

namespace NativeAttention.Tests.Properties;

/// <summary>Where this assembly checks the properties, which are those of the CPU's tests: on the GPU, emulated or
/// not.</summary>
internal static class PropertyBackend
{
    /// <summary>How many problems for each property: the emulator takes milliseconds for each.</summary>
    public const int Problems = 12;

    private static readonly Lazy<CudaBackend> Opened = new(() =>
        CudaBackend.Open(TestDevice.Driver, TestDevice.NewOrdinal(EmulatorOptions.Default)));

    /// <summary>The backend; it stays open, as the assembly's last tests may use it.</summary>
    public static AttentionBackend Value => Opened.Value;
}
