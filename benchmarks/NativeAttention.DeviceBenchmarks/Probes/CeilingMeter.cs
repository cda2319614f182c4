using NativeAttention.Bindings;
using NativeAttention.DeviceBenchmarks.Devices;
using NativeAttention.DeviceBenchmarks.Families;
using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.Tool.Verification;

namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>
/// Measures what the device can do at most, by probes that are checked before they are timed.
/// </summary>
internal sealed class CeilingMeter(BenchmarkBench bench, DeviceFacts facts, LaunchTimer timer)
{
    /// <summary>Name of the ceiling of reading.</summary>
    public const string ReadName = "read";

    private const int CheckedIterations = 3;
    private const double LaunchSeconds = 4e-3; // long against a launch, short against clocks that move
    private const long ReadBytes = 1L << 30; // many times any cache
    private readonly Random _random = new(20261121);

    /// <summary>The ceilings; <c>matmul-*</c> is the better of <c>mma-*</c> and <c>wgmma-*</c>.</summary>
    public IEnumerable<Ceiling> Measure()
    {
        foreach (string dtype in (string[])["bf16", "f16"])
        {
            Ceiling mma = Measure($"mma-{dtype}", new MatmulWork(dtype, Normal()));
            Ceiling wgmma = Wgmma(dtype);
            yield return mma;
            yield return wgmma;
            yield return (wgmma.PerSecond > mma.PerSecond ? wgmma : mma) with { Name = $"matmul-{dtype}" };
        }

        yield return Measure("matmul-f32", new MatmulWork("f32", Normal()));
        yield return Measure("fma-f32", new FmaWork(-0.9999f, 0.3f));
        yield return Measure(ReadName, new ReadWork(Blocks(Probe.Read), ReadIterations(), _random));
    }

    /// <summary>What launching the empty kernel costs, one after another.</summary>
    public LaunchTiming MeasureLaunch()
    {
        using ProbeRun run = new(bench.Stream, new EmptyWork(), facts.Sms);
        return timer.Measure(_ => run.Launch(1), 1);
    }

    /// <summary>Keeps the device busy with matrix products for a while, and returns at once.</summary>
    public IDisposable Busy(double seconds)
    {
        ProbeRun run = new(bench.Stream, new MatmulWork("bf16", Normal()), Blocks(Probe.Matmul("bf16")));
        long iterations = Calibrated(run);
        for (double queued = 0; queued < seconds; queued += LaunchSeconds)
        {
            run.Launch(iterations);
        }

        return run;
    }

    private Ceiling Wgmma(string dtype)
    {
        string name = $"wgmma-{dtype}";
        return bench.Device.ComputeCapability == new Version(9, 0)
            ? Measure(name, new WgmmaWork(dtype, Normal()))
            : new Ceiling(name, 0, 0, $"compute capability {bench.Device.ComputeCapability} has no wgmma");
    }

    private Ceiling Measure(string name, IProbeWork work)
    {
        try
        {
            using ProbeRun run = new(bench.Stream, work, Blocks(work.Probe));
            if (run.Check(work.Iterations ?? CheckedIterations) is { } wrong)
            {
                return new Ceiling(name, 0, 0, $"{work.Probe.Name} computes wrongly: {wrong}");
            }

            long iterations = work.Iterations ?? Calibrated(run);
            LaunchTiming timing = timer.Measure(_ => run.Launch(iterations), 1);
            return new Ceiling(name, run.Work(iterations) / timing.Seconds.Median, timing.Spread);
        }
        catch (Exception e) when (
            e is NotSupportedException or IOException or CudaException { IsContextLost: false })
        {
            return new Ceiling(name, 0, 0, e.Message);
        }
    }

    private long Calibrated(ProbeRun run)
    {
        const long Few = 200;
        if (bench.Device.IsEmulated)
        {
            return 1;
        }

        timer.Once(() => run.Launch(Few));
        return (long)Math.Max(1, Few * LaunchSeconds / timer.Once(() => run.Launch(Few)));
    }

    private int Blocks(Probe probe) => facts.Sms * probe.BlocksPerSm;

    private int ReadIterations() => bench.Device.IsEmulated
        ? 2
        : (int)(Math.Min(ReadBytes, bench.Device.TotalMemory / 8) / (Blocks(Probe.Read) * Probe.Read.WorkPerBlock));

    private Func<double> Normal() => () => LogicalTensor.Random(ElementType.Float32, 1, _random)[0];
}
