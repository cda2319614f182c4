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

    /// <summary>
    /// What a denormal value may lose before anything is computed with it. Tensor cores take float32 as two tf32
    /// numbers, which leave out 13 of the lowest bits, and the lowest bit of a denormal is 2^-149.
    /// </summary>
    public static readonly double DenormalLoss = Math.ScaleB(1, -136);

    private static readonly Lazy<CudaBackend> Opened = new(() =>
        CudaBackend.Open(TestDevice.Driver, TestDevice.NewOrdinal(EmulatorOptions.Default)));

    /// <summary>The backend; it stays open, as the assembly's last tests may use it.</summary>
    public static AttentionBackend Value => Opened.Value;
}
