using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Results;

/// <summary>The folder that a run leaves.</summary>
internal static class RunFile
{
    /// <summary>Appends lines to the results of a folder, renders its report and prints a short one.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static int Store(TextWriter output, string folder, IEnumerable<ResultLine> lines)
    {
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "results.jsonl");
        using (ResultWriter writer = new(file))
        {
            foreach (ResultLine line in lines)
            {
                writer.Append(line);
            }
        }

        output.WriteLine($"results in {file}");
        ToolConsole console = new(output, output, ErrorIsTerminal: false);
        NattnApp app = new(console, ToolEnvironment.Current, new SystemDevices());
        return app.Run(["report", folder, "--short"]);
    }
}
