using System.CommandLine;
using NativeAttention.Tool.App;

namespace NativeAttention.Tool.Commands;

/// <summary><c>nattn report</c>: tables and charts of stored benchmark results.</summary>
internal static class ReportCommand
{
    private const string Description = """
        Render stored benchmark results: report.md and charts.

        A result is a file of JSON lines (benchmarks/schema.md), or a folder with results.jsonl, or a
        folder of such folders. The report compares with the previous run of the same machine and device
        found in the folders beside the results, and marks what changed beyond the noise of both runs.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Build(Func<ParseResult, Func<ToolSession, int>, int> execute)
    {
        Argument<string[]> results = new("results")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "Files or folders of results.",
        };
        Option<string?> output = new("--output")
        {
            HelpName = "folder",
            Description = "Where to write the report (default: the folder of the results, if it is one).",
        };
        Option<string?> baseline = new("--baseline")
        {
            HelpName = "results",
            Description = "Compare with these results instead of the previous ones of the machine.",
        };
        Option<string?> readme = new("--readme")
        {
            HelpName = "file",
            Description = "Rewrite the performance section of a README from the newest result of each kind "
                + "of device; without --output nothing else is written.",
        };
        Option<bool> brief = new("--short")
        {
            Description = "Print a table of at most 40 lines of 110 columns.",
        };
        Command command = new("report", Description) { results, output, baseline, readme, brief };
        command.SetAction(parsed => execute(parsed, session => new ReportJob(session, new ReportRequest
        {
            Results = parsed.GetValue(results)!,
            Output = parsed.GetValue(output),
            Baseline = parsed.GetValue(baseline),
            Readme = parsed.GetValue(readme),
            Short = parsed.GetValue(brief),
        }).Run()));
        return command;
    }
}
