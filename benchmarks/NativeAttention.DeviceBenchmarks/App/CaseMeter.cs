using NativeAttention.Bindings;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.DeviceBenchmarks.Families;
using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.App;

/// <summary>Measures one case. What goes wrong is part of the result.</summary>
internal sealed class CaseMeter(MeasuringSession session)
{
    private static readonly ICaseFamily[] Families = [new DenseFamily()];

    /// <summary>The family of a case.</summary>
    /// <exception cref="ToolException">There is none of that name.</exception>
    public static ICaseFamily FamilyOf(BenchmarkCase problem) =>
        Families.FirstOrDefault(f => f.Name == problem.Family) ?? throw ToolException.BadInput(
            $"family '{problem.Family}' is unknown; there are: {string.Join(", ", Families.Select(f => f.Name))}");

    /// <summary>A line that says why a case was not measured.</summary>
    public static MeasurementLine Missing(
        BenchmarkCase problem, string provider, ResultStatus status, string reason) => new()
        {
            Case = problem.Id,
            Family = problem.Family,
            Provider = provider,
            Dtype = problem.Dtype,
            Shape = problem.Shape,
            Options = (System.Text.Json.Nodes.JsonObject)problem.Options.DeepClone(),
            Status = status,
            Reason = reason,
            Metric = ResultMetric.Tflops,
        };

    /// <summary>Whose results these are.</summary>
    public string Provider => session.Device.IsEmulated ? "nattn-emulator" : "nattn";

    /// <summary>Whether the last case took the device's context with it.</summary>
    public bool LostContext { get; private set; }

    /// <summary>Measures.</summary>
    public MeasurementLine Measure(BenchmarkCase problem)
    {
        try
        {
            using IPreparedCase prepared = FamilyOf(problem).Prepare(session.Bench, problem);
            return Measure(problem, prepared);
        }
        catch (NotSupportedException e)
        {
            return Missing(problem, Provider, ResultStatus.Skipped, e.Message);
        }
        catch (CudaException e) when (e.Result == CudaResult.OutOfMemory)
        {
            return Missing(problem, Provider, ResultStatus.Skipped, FailureReport.Of(e).Message);
        }
#pragma warning disable CA1031 // one case that fails, however, must not keep the others from being measured
        catch (Exception e)
#pragma warning restore CA1031
        {
            LostContext = e is CudaException { IsContextLost: true };
            return Missing(problem, Provider, ResultStatus.Failed, FailureReport.Of(e).Message);
        }
    }

    private MeasurementLine Measure(BenchmarkCase problem, IPreparedCase prepared)
    {
        LaunchTiming timing = session.Timer.Measure(prepared.Launch, prepared.Sets);
        SpotCheck check = prepared.Check();
        MeasurementLine line = Missing(problem, Provider, ResultStatus.Failed, check.Failure ?? "") with
        {
            Kernel = prepared.Kernel,
            Metric = prepared.Metric,
            MaxError = double.IsFinite(check.MaxError) ? check.MaxError : null,
        };
        return check.Failure is not null ? line : line with
        {
            Status = ResultStatus.Ok,
            Reason = null,
            Seconds = timing.Seconds,
            Spread = timing.Spread,
            Flops = prepared.Flops,
            Bytes = prepared.Bytes,
            ModuleLoadSeconds = prepared.ModuleLoad.TotalSeconds,
            HostLaunchSeconds = timing.HostSeconds,
            AllocatedBytes = timing.AllocatedBytes,
        };
    }
}
