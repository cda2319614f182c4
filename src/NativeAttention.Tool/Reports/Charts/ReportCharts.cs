using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports.Charts;

/// <summary>The charts of a report.</summary>
internal static class ReportCharts
{
    private const string Matmul = "bound by matrix products";
    private const string Read = "bound by reading";

    /// <summary>Draws those that there are figures for.</summary>
    public static IReadOnlyList<ChartFile> Of(Report report) =>
        [.. report.Sections.SelectMany((s, i) => Of(s, Suffix(report, i)))];

    private static IEnumerable<ChartFile> Of(DeviceSection section, string suffix)
    {
        BarGroup[] shares = [.. Groups(section, r => r.Share is not null, RooflineGroup)];
        if (shares.Length > 0)
        {
            string title = $"Share of the roofline, {section.Title}";
            yield return new ChartFile(section, $"roofline{suffix}.svg", title, BarChartSvg.Draw(new BarChart(
                title, "share of what the ceilings of the same run allow, %", [Matmul, Read], shares, 100,
                shares.Any(g => g.Marker is not null) ? "best peer" : null)));
        }

        string[] providers = [.. section.Rows.Where(IsComparable).SelectMany(r => r.Measurements)
            .Where(m => m.Time() is not null).OrderBy(m => !m.IsOurs).Select(m => m.Provider).Distinct()];
        if (providers.Length > 0)
        {
            string title = $"Ours against peers, {section.Title}";
            yield return new ChartFile(section, $"peers{suffix}.svg", title, BarChartSvg.Draw(new BarChart(
                title, "speed, in multiples of the best peer's", providers,
                [.. Groups(section, IsComparable, r => PeerGroup(r, providers))], 1)));
        }
    }

    private static bool IsComparable(CaseRow row) => row.Ratio is not null;

    private static IEnumerable<BarGroup> Groups(DeviceSection section, Func<CaseRow, bool> which,
        Func<CaseRow, BarGroup> make) =>
        section.Families.SelectMany(f => f.Where(which).Select((row, i) =>
            make(row) with { Heading = i == 0 ? f.Key : null }));

    private static BarGroup RooflineGroup(CaseRow row)
    {
        string rate = row.Ours!.LeadingRate();
        string text = Quantities.Share(row.Share) + (rate == Quantities.None ? "" : $", {rate}");
        double? peer = row.BestPeer is { } best ? row.Roofline.Share(best) * 100 : null;
        return new BarGroup(null, row.Label,
            [new Bar(row.Roofline.IsBoundByReading(row.Ours!) ? 1 : 0, row.Share!.Value * 100, text)], peer);
    }

    private static BarGroup PeerGroup(CaseRow row, string[] providers)
    {
        double best = row.BestPeer!.Time()!.Value;
        return new BarGroup(null, row.Label,
            [.. row.Measurements.Where(m => m.Time() is not null)
                .OrderBy(m => Array.IndexOf(providers, m.Provider))
                .Select(m => new Bar(Array.IndexOf(providers, m.Provider), best / m.Time()!.Value, Text(m)))]);
    }

    private static string Text(MeasurementLine m) =>
        m.LeadingRate() is var rate && rate != Quantities.None ? rate : Quantities.Time(m.Time());

    // The machine names the file; a number tells devices of one machine apart.
    private static string Suffix(Report report, int index)
    {
        string machine = report.Sections[index].Group.First.Machine;
        int before = report.Sections.Take(index).Count(s => s.Group.First.Machine == machine);
        return before == 0 ? $"-{machine}" : $"-{machine}-{before + 1}";
    }
}
