using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Devices;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.DeviceBenchmarks.App;

/// <summary>One run on one device: ceilings, then case after case.</summary>
internal sealed class BenchmarkRun(TextWriter output, BenchmarkOptions options, DeviceName name)
{
    /// <summary>Runs.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int Run()
    {
        using CudaDevice device = DeviceOpening.Open(name);
        output.WriteLine($"{device}, mode {options.Mode}");
        return ExitCodes.Ok;
    }
}
