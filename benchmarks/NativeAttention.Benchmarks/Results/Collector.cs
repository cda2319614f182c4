using BenchmarkDotNet.Reports;
using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Probes;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Results;

/// <summary>Gathers what was measured in several passes and makes lines of results of it.</summary>
internal sealed class Collector
{
    private readonly Dictionary<Probe, Samples> _ceilings = [];
    private readonly Dictionary<BenchCase, Measured> _cases = [];

    /// <summary>Whether something that should have been measured was not.</summary>
    public bool AnyFailed => _ceilings.Values.Any(s => !s.Any) || _cases.Values.Any(m => m.Failures > 0);

    /// <summary>Adds a pass.</summary>
    public void Add(Summary summary)
    {
        if (summary.HasCriticalValidationErrors)
        {
            throw new InvalidOperationException(
                string.Join("; ", summary.ValidationErrors.Where(e => e.IsCritical).Select(e => e.Message)));
        }

        foreach (BenchmarkReport report in summary.Reports)
        {
            double[] seconds = [.. report.GetResultRuns().Select(r => r.Nanoseconds / r.Operations / 1e9)];
            double? allocated = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);
            Add(report.BenchmarkCase.Parameters.Items[0].Value, report.Success ? seconds : [], allocated);
        }
    }

    /// <summary>Adds what one pass measured of a case or probe.</summary>
    /// <param name="what">The <see cref="BenchCase"/> or <see cref="Probe"/>.</param>
    /// <param name="seconds">Time of a run in each iteration; empty when it failed.</param>
    /// <param name="allocated">Managed bytes a run allocates.</param>
    internal void Add(object what, IReadOnlyCollection<double> seconds, double? allocated)
    {
        if (what is Probe probe)
        {
            Get(_ceilings, probe).Add(seconds);
            return;
        }

        Measured measured = Get(_cases, (BenchCase)what);
        measured.Times.Add(seconds);
        measured.Allocated.AddRange(allocated is { } bytes ? [bytes] : []);
        measured.Passes++;
        measured.Failures += seconds.Count == 0 ? 1 : 0;
    }

    /// <summary>The lines of all runs: one of the CPU, one of the emulator, where they have cases.</summary>
    /// <param name="run">The line that opens the run of the CPU.</param>
    public IEnumerable<ResultLine> Lines(RunLine run)
    {
        ILookup<BenchDevice, BenchCase> devices =
            _cases.Keys.OrderBy(CaseList.IndexOf).ToLookup(c => c.Device);
        foreach (IGrouping<BenchDevice, BenchCase> device in devices)
        {
            yield return run with { Device = device.First().DeviceName };
            IEnumerable<Probe> ceilings = device.Key == BenchDevice.Cpu ? _ceilings.Keys : [];
            foreach (Probe probe in ceilings.Where(p => _ceilings[p].Any))
            {
                yield return probe.Line(_ceilings[probe]);
            }

            foreach (BenchCase @case in device)
            {
                yield return Line(@case, _cases[@case]);
            }
        }
    }

    private static MeasurementLine Line(BenchCase @case, Measured measured)
    {
        using BenchBody body = BenchBody.Of(@case);
        string provider = @case.Device == BenchDevice.Emulator ? "nattn-emulator" : "nattn-cpu";
        return @case.Line(provider, body.KernelName) with
        {
            Status = measured.Failures == 0 ? ResultStatus.Ok : ResultStatus.Failed,
            Reason = measured.Failures == 0
                ? null
                : $"{measured.Failures} of {measured.Passes} passes failed; bench.log says why",
            Seconds = measured.Times.Any ? measured.Times.Timing : null,
            Spread = measured.Times.Any ? measured.Times.Spread : null,
            // The count is of the whole process, whose thread pool allocates now and then; a run's own
            // allocations are there in every pass.
            AllocatedBytes = measured.Allocated.Count > 0 ? measured.Allocated.Min() : null,
        };
    }

    private static TValue Get<TKey, TValue>(Dictionary<TKey, TValue> map, TKey key)
        where TKey : notnull
        where TValue : new()
    {
        if (!map.TryGetValue(key, out TValue? value))
        {
            map[key] = value = new TValue();
        }

        return value;
    }

    private sealed class Measured
    {
        public Samples Times { get; } = new();

        public List<double> Allocated { get; } = [];

        public int Passes { get; set; }

        public int Failures { get; set; }
    }
}
