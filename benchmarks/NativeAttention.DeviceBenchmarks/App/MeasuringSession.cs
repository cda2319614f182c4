using NativeAttention.Bindings;
using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Devices;
using NativeAttention.DeviceBenchmarks.Families;
using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.Tool.Devices;

namespace NativeAttention.DeviceBenchmarks.App;

/// <summary>The opened device with what measures on it.</summary>
internal sealed class MeasuringSession : IDisposable
{
    private MeasuringSession(CudaDevice device, TimingPlan plan)
    {
        Device = device;
        Facts = DeviceFacts.Of(device);
        Bench = new BenchmarkBench(device, Facts.L2Bytes);
        Timer = new LaunchTimer(Bench.Stream, plan);
    }

    /// <summary>The device.</summary>
    public CudaDevice Device { get; }

    /// <summary>What the driver tells of it.</summary>
    public DeviceFacts Facts { get; }

    /// <summary>What families work with.</summary>
    public BenchmarkBench Bench { get; }

    /// <summary>Measures.</summary>
    public LaunchTimer Timer { get; }

    /// <summary>Opens a device.</summary>
    public static MeasuringSession Open(DeviceName name, string mode)
    {
        CudaDevice device = DeviceOpening.Open(name);
        try
        {
            return new MeasuringSession(device, device.IsEmulated ? TimingPlan.Emulated
                : mode == BenchmarkOptions.Short ? TimingPlan.Short : TimingPlan.Full);
        }
        catch (CudaException)
        {
            device.Dispose();
            throw;
        }
    }

    public void Dispose() => Device.Dispose(); // and with it all that it made
}
