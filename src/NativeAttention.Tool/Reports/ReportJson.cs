using NativeAttention.Tool.App;
using NativeAttention.Tool.Output;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>The report as the document that <c>--json</c> prints.</summary>
internal static class ReportJson
{
    /// <summary>The document.</summary>
    /// <param name="report">The report.</param>
    /// <param name="files">The files that were written.</param>
    public static ReportDocument Of(Report report, IReadOnlyList<string> files) => new(
        "report", ExitCodes.Ok, files, report.Warnings, [.. report.Sections.Select(Describe)]);

    private static ReportedDeviceDocument Describe(DeviceSection section) => new(
        section.Group.First.Device, section.Group.First.Machine, section.Group.First.Commit,
        section.Group.Date, section.Baseline?.First.Commit, section.Baseline?.Date,
        section.Regressions.Count(), section.Improvements.Count(), section.Gone,
        [.. section.Group.Steps.Select(s =>
            new ReportedStepDocument(s.Name, Quantities.Status(s.Status), s.Reason))],
        [.. section.Goals.Select(g => new ReportedGoalDocument(
            g.Goal.Name, g.Goal.Case, g.Reached, g.Goal.Floor, g.Goal.Aim, g.StateText))],
        [.. section.Rows.Select(Describe)]);

    private static ReportedCaseDocument Describe(CaseRow row)
    {
        MeasurementLine? ours = row.Ours;
        MeasurementLine? measured = row.Missing is null ? ours : null;
        return new ReportedCaseDocument(
            row.Case, row.Measurements[0].Family, ours is null ? "absent" : Quantities.Status(ours.Status),
            ours?.Reason, ours?.Kernel, measured?.Time(), measured?.Noise(), measured?.FlopRate(),
            measured?.ByteRate(), measured is null ? null : row.Roofline.ComputeShare(measured),
            measured is null ? null : row.Roofline.ReadShare(measured), row.Share, row.BestPeer?.Provider,
            row.BestPeer?.Time(), row.Ratio, ours?.MaxError, row.Change?.Relative, row.Change?.Noise,
            row.Change?.IsBeyondNoise ?? false);
    }
}
