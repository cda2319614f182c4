using NativeAttention.DeviceBenchmarks.Probes;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.App;

/// <summary>Prints results for people, a line as soon as it is known.</summary>
internal sealed class ResultTable(TextWriter output)
{
    private readonly Dictionary<string, double> _ceilings = [];

    /// <summary>The device.</summary>
    public void Write(RunLine run)
    {
        output.WriteLine($"{run.Device}, compute capability {run.DeviceDetails?.ComputeCapability}, "
            + $"{run.DeviceDetails?.Driver}, commit {run.Commit}, mode {run.Mode}");
        output.WriteLine(run.Note);
    }

    /// <summary>A ceiling, measured or not.</summary>
    public void Write(Ceiling ceiling)
    {
        _ceilings[ceiling.Name] = ceiling.PerSecond;
        CeilingLine? line = ceiling.Reason is null ? ceiling.ToLine() : null;
        output.WriteLine($"ceiling {ceiling.Name,-12} " + (line is null
            ? $"not measured: {ceiling.Reason}"
            : $"{line.Value,10:F3} {line.Unit}  +- {100 * ceiling.Spread:F1} %"));
    }

    /// <summary>A case.</summary>
    public void Write(MeasurementLine line)
    {
        string name = line.Provider == MeasurementLine.Plain ? $"  {line.Provider} of the same shape" : line.Case;
        if (line.Seconds is not { } seconds)
        {
            output.WriteLine($"{name,-60} {line.Status.ToString().ToUpperInvariant()}: {line.Reason}");
            return;
        }

        double flops = line.Flops.GetValueOrDefault() / seconds.Median;
        double bytes = line.Bytes.GetValueOrDefault() / seconds.Median;
        output.WriteLine($"{name,-60} {1e3 * seconds.Median,9:F4} ms {flops / 1e12,8:F2} TFLOP/s"
            + $"{Share(flops, $"matmul-{line.Dtype}")} {bytes / 1e9,8:F1} GB/s{Share(bytes, CeilingMeter.ReadName)}"
            + $"  +- {100 * line.Spread:F1} %  host {1e6 * line.HostLaunchSeconds:F1} us"
            + $"  error {line.MaxError:g2}  {line.Kernel}");
    }

    private string Share(double rate, string ceiling) =>
        _ceilings.GetValueOrDefault(ceiling) is > 0 and double most
            ? $" {100 * rate / most,5:F1} %"
            : "";
}
