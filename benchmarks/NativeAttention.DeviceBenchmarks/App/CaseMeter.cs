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
    private static readonly ICaseFamily[] Families = [new DenseFamily(), new NeighborhoodFamily()];

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

    /// <summary>Measures a case, and in turns with it the plain one that it is compared with.</summary>
    /// <returns>Our line; then that of the plain case, if there is one and ours could run.</returns>
    public IReadOnlyList<MeasurementLine> Measure(BenchmarkCase problem)
    {
        using Entrant ours = new(problem, Provider);
        using Entrant? plain = FamilyOf(problem).PlainOf(problem) is { } of
            ? new Entrant(of, MeasurementLine.Plain)
            : null;
        Prepare(ours);
        if (ours.Prepared is null || plain is null)
        {
            Time([ours]);
            return [ours.Line!];
        }

        Prepare(plain);
        Time([ours, plain]);
        return [ours.Line!, NamedAs(problem, plain.Line!, ours.Prepared)];
    }

    private void Prepare(Entrant entrant) => Try(
        [entrant], () => entrant.Prepared = FamilyOf(entrant.Case).Prepare(session.Bench, entrant.Case));

    private void Time(IEnumerable<Entrant> entrants)
    {
        Entrant[] ready = [.. entrants.Where(e => e.Prepared is not null)];
        Try(ready, () =>
        {
            IReadOnlyList<LaunchTiming> timings = session.Timer.MeasureInTurns(
                [.. ready.Select(e => ((Action<int>)e.Prepared!.Launch, e.Prepared.Sets))]);
            foreach ((Entrant entrant, LaunchTiming timing) in ready.Zip(timings))
            {
                entrant.Line = Checked(entrant, timing);
            }
        });
    }

    // Whatever goes wrong becomes the line of all of them.
    private void Try(IReadOnlyList<Entrant> entrants, Action action)
    {
        try
        {
            action();
        }
        catch (NotSupportedException e)
        {
            End(ResultStatus.Skipped, e.Message);
        }
        catch (CudaException e) when (e.Result == CudaResult.OutOfMemory)
        {
            End(ResultStatus.Skipped, FailureReport.Of(e).Message);
        }
#pragma warning disable CA1031 // one case that fails, however, must not keep the others from being measured
        catch (Exception e)
#pragma warning restore CA1031
        {
            LostContext |= e is CudaException { IsContextLost: true };
            End(ResultStatus.Failed, FailureReport.Of(e).Message);
        }

        void End(ResultStatus status, string reason)
        {
            foreach (Entrant entrant in entrants)
            {
                entrant.Line = Missing(entrant.Case, entrant.Provider, status, reason);
            }
        }
    }

    private static MeasurementLine Checked(Entrant entrant, LaunchTiming timing)
    {
        IPreparedCase prepared = entrant.Prepared!;
        SpotCheck check = prepared.Check();
        MeasurementLine line =
            Missing(entrant.Case, entrant.Provider, ResultStatus.Failed, check.Failure ?? "") with
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

    // The plain case stands in the results as a provider of the case that it is compared with.
    private static MeasurementLine NamedAs(
        BenchmarkCase problem, MeasurementLine plain, IPreparedCase ours) => plain with
        {
            Case = problem.Id,
            Family = problem.Family,
            Options = (System.Text.Json.Nodes.JsonObject)problem.Options.DeepClone(),
            Flops = plain.Flops is null ? null : ours.Flops,
            Bytes = plain.Bytes is null ? null : ours.Bytes,
        };

    // One of those that take turns.
    private sealed class Entrant(BenchmarkCase @case, string provider) : IDisposable
    {
        public BenchmarkCase Case { get; } = @case;

        public string Provider { get; } = provider;

        public IPreparedCase? Prepared { get; set; }

        public MeasurementLine? Line { get; set; }

        public void Dispose() => Prepared?.Dispose();
    }
}
