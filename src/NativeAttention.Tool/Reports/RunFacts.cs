using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>What is known of the runs of a group, by name; each fact once.</summary>
internal static class RunFacts
{
    /// <summary>Name and value; values that differ between the runs are joined.</summary>
    public static IEnumerable<(string Name, string Value)> Of(RunGroup group) => group.Runs
        .SelectMany(r => Of(r.Run))
        .Where(f => f.Value is not (null or Quantities.None))
        .GroupBy(f => f.Name, (name, facts) => (name, string.Join("; ", facts.Select(f => f.Value).Distinct())));

    private static IEnumerable<(string Name, string? Value)> Of(RunLine run)
    {
        DeviceDetails? d = run.DeviceDetails;
        return
        [
            ("date", Quantities.Moment(run.Date)),
            ("commit", run.Commit),
            ("mode", run.Mode),
            ("machine", run.Machine),
            ("device", run.Device),
            ("driver", d?.Driver),
            ("compute capability", d?.ComputeCapability),
            ("multiprocessors", Quantities.Count(d?.Sms)),
            ("clock, MHz", Quantities.Count(d?.ClockMHz)),
            ("memory clock, MHz", Quantities.Count(d?.MemoryClockMHz)),
            ("processor", d?.Cpu),
            ("logical processors", Quantities.Count(d?.Cores)),
            ("system", d?.Os),
            ("runtime", d?.Runtime),
            ("PTX compiler", d?.PtxCompiler),
            ("note", run.Note),
        ];
    }
}
