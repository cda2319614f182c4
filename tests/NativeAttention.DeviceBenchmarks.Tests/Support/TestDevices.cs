using NativeAttention.Bindings;
using NativeAttention.Cuda;
using NativeAttention.Emulation;

namespace NativeAttention.DeviceBenchmarks.Tests.Support;

/// <summary>The GPU that <c>NATTN_DEVICE=cuda:N</c> names, else an emulated one.</summary>
internal static class TestDevices
{
    private static readonly string? Wanted = Environment.GetEnvironmentVariable("NATTN_DEVICE");

    public static bool IsEmulated => Wanted is null || !Wanted.StartsWith("cuda", StringComparison.Ordinal);

    /// <summary>How <c>--device</c> names it.</summary>
    public static string Name => IsEmulated ? "emulator" : Wanted!;

    public static CudaDevice Open(string target = "sm_80") => IsEmulated
        ? CudaDevice.Open(EmulatedDriver.Driver,
            EmulatedDriver.AddDevice(EmulatorOptions.Default with { Target = target }))
        : CudaDevice.Open(CudaDriver.Load(), int.Parse(Wanted.AsSpan("cuda:".Length), null));
}
