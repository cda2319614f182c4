using System.Diagnostics;
using System.Globalization;
using NativeAttention.Benchmarks.App;
using NativeAttention.Benchmarks.Results;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Output;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Engine;

/// <summary>
/// Measures the emulator itself: warp instructions and products per second, with checks and without, by one
/// thread and two, with vectors of 512 and of 256 bits. Processes of both widths take turns.
/// </summary>
internal sealed class EngineRun(TextWriter output, BenchOptions options, Pace pace)
{
    /// <summary>The option that makes a process a child.</summary>
    public const string ChildOption = "--engine-child";

    /// <summary>Times of every case in a process.</summary>
    public const int Rounds = 10;

    // What the runtime is told, to have the vectors of each width.
    private static readonly string[] Avx512Settings = ["1", "0"];

    private readonly SortedDictionary<(string Vectors, int Case), Samples> _samples = [];

    /// <summary>Measures and stores.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int Run()
    {
        for (int pass = 1; pass <= pace.Passes; pass++)
        {
            output.WriteLine($"pass {pass} of {pace.Passes}");
            foreach (string avx512 in Avx512Settings)
            {
                Collect(avx512);
            }
        }

        Print();
        RunLine run = Machine.Describe(options) with { Device = "emulator" };
        string folder = Machine.Folder(options, run);
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "results.jsonl");
        using ResultWriter writer = new(file);
        writer.Append(run);
        foreach (((string vectors, int index), Samples samples) in _samples)
        {
            writer.Append(EngineCase.All[index].Line(vectors, samples.Timing, samples.Spread));
        }

        output.WriteLine($"results in {file}");
        return ExitCodes.Ok;
    }

    private void Collect(string avx512)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!,
            [Environment.GetCommandLineArgs()[0], ChildOption])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_EnableAVX512"] = avx512;
        using Process child = Process.Start(start)!;
        string[] lines = child.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        child.WaitForExit();
        if (child.ExitCode != 0 || lines is not [string first, ..]
            || first.Split(' ') is not ["vectors", string vectors])
        {
            throw new ToolException(ExitCodes.Failure, $"a measuring process ended with code {child.ExitCode}");
        }

        foreach (IGrouping<int, double> times in lines.Skip(1).Select(Parse).GroupBy(t => t.Case, t => t.Seconds))
        {
            if (!_samples.TryGetValue((vectors, times.Key), out Samples? samples))
            {
                samples = new Samples();
                _samples.Add((vectors, times.Key), samples);
            }

            samples.Add(times);
        }
    }

    private static (int Case, double Seconds) Parse(string line)
    {
        string[] parts = line.Split(' ');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture),
            double.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    private void Print()
    {
        output.WriteLine("rates are those of the fastest run: what else the machine does only slows it");
        TextTable table = new("vectors", ">length", "checks", ">threads", ">median ms", ">best ms",
            ">M warp instructions/s", ">tensor GFLOP/s", "spread of medians");
        long[] instructions = [.. EngineCase.All.Select(EngineBody.CountInstructions)];
        foreach (((string vectors, int index), Samples samples) in _samples)
        {
            EngineCase c = EngineCase.All[index];
            Timing t = samples.Timing;
            double flops = CaseWork.DenseFlops(c.Shape, AttentionMask.None);
            double best = t.Min!.Value;
            table.Add(vectors, $"{c.Length}", c.ChecksName, $"{c.Threads}", $"{1e3 * t.Median:F2}",
                $"{1e3 * best:F2}", $"{instructions[index] / best / 1e6:F1}", $"{flops / best / 1e9:F1}",
                samples.Spread is { } spread ? $"{100 * spread:F0} %" : "-");
        }

        table.WriteTo(output);
    }
}
