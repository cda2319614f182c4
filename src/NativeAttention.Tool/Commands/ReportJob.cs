using System.Text;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Output;
using NativeAttention.Tool.Reports;
using NativeAttention.Tool.Reports.Charts;

namespace NativeAttention.Tool.Commands;

/// <summary>One <c>nattn report</c>: read, compare, render, write.</summary>
internal sealed class ReportJob
{
    private readonly ToolSession _session;
    private readonly ReportRequest _request;

    public ReportJob(ToolSession session, ReportRequest request)
    {
        _session = session;
        _request = request;
    }

    /// <summary>Does it.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        IReadOnlyList<string> results = ResultSources.Find(_request.Results);
        string? folder = OutputFolder(results);
        Report report = Report.Of(results, _request.Baseline);
        List<(string Path, string Text)> files = [];
        if (folder is not null)
        {
            IReadOnlyList<ChartFile> charts = ReportCharts.Of(report);
            files.Add((Path.Combine(folder, "report.md"), MarkdownReport.Render(report, charts)));
            files.AddRange(charts.Select(c => (Path.Combine(folder, c.Name), c.Svg)));
        }

        if (_request.Readme is { } readme)
        {
            string path = OutputPath.Resolve("--readme", readme);
            files.Add((path, Readme(path, report)));
        }

        Save(files);
        ReportDocument document = ReportJson.Of(report, [.. files.Select(f => f.Path)]);
        _session.Write(document, ToolJson.Documents.ReportDocument,
            writer => WriteText(report, document, writer));
        return document.ExitCode;
    }

    // Null when nothing but the README or the terminal was asked for.
    private string? OutputFolder(IReadOnlyList<string> results)
    {
        if (_request.Output is { } output)
        {
            return File.Exists(output)
                ? throw ToolException.BadInput($"--output is '{output}', which is a file; a folder is needed")
                : output;
        }

        if (_request.Readme is not null)
        {
            return null;
        }

        if (results.Count == 1)
        {
            return Path.GetDirectoryName(Path.GetFullPath(results[0]));
        }

        return _request.Short || _session.Json
            ? null
            : throw ToolException.BadInput($"{results.Count} results are given: --output must say which "
                + "folder the report goes to");
    }

    private static string Readme(string path, Report report)
    {
        if (!File.Exists(path))
        {
            throw ToolException.BadInput($"--readme is '{path}', which does not exist");
        }

        string section =
            ReadmeSection.Render([.. report.Sections.Select(s => s.Group)], Path.GetDirectoryName(path)!);
        return ReadmeSection.Replace(File.ReadAllText(path), section, path);
    }

    private static void Save(IReadOnlyList<(string Path, string Text)> files)
    {
        using OutputFiles output = new();
        foreach ((string path, string text) in files)
        {
            string full = Path.GetFullPath(path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            output.Stage(full, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
        }

        output.Commit();
    }

    private void WriteText(Report report, ReportDocument document, TextWriter writer)
    {
        if (_request.Short)
        {
            ShortReport.Write(report, writer);
            return;
        }

        foreach (string warning in document.Warnings)
        {
            writer.WriteLine($"Note: {warning}");
        }

        foreach (ReportedDeviceDocument device in document.Devices)
        {
            string compared = device.BaselineCommit is { } commit
                ? $"{device.Worse} worse and {device.Faster} faster than commit {commit}, beyond noise"
                : "no earlier run to compare with";
            writer.WriteLine($"{device.Device} ({device.Machine}): {Quantities.Cases(device.Cases.Count)}, {compared}");
        }

        foreach (string file in document.Files)
        {
            writer.WriteLine($"wrote {file}");
        }
    }
}
