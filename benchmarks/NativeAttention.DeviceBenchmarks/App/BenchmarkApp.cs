using System.CommandLine;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.DeviceBenchmarks.App;

/// <summary>
/// The program: its options and its device.
/// </summary>
internal sealed class BenchmarkApp
{
    private readonly ToolConsole _console;
    private readonly ToolEnvironment _environment;

    private readonly Option<string?> _device = new("--device")
    {
        HelpName = "device",
        Description = $"cuda:0, cuda:1, ... or emulator (default: {ToolEnvironment.DeviceVariable}, otherwise cuda:0)",
    };

    private readonly Option<string?> _out = new("--out")
    {
        HelpName = "file",
        Description = "Append the results to this file, one JSON object a line (benchmarks/schema.md).",
    };

    private readonly Option<string> _mode = new("--mode")
    {
        DefaultValueFactory = _ => BenchmarkOptions.Short,
        Description = "short: a minute and a half at most on a GPU; full: every case, about five. An emulated device "
            + "runs the cases of mode tiny in both.",
    };

    private readonly Option<string?> _cases = new("--cases")
    {
        HelpName = "path",
        Description = "Case file, or folder of case files (default: the folder 'cases' beside the program).",
    };

    private readonly Option<string?> _filter = new("--filter")
    {
        HelpName = "text",
        Description = "Only cases whose name contains this text.",
    };

    private readonly Option<double?> _timeLimit = new("--time-limit")
    {
        HelpName = "seconds",
        Description = "Begin no case later than this; the remaining ones are reported as skipped.",
    };

    private readonly Option<string?> _machine = new("--machine")
    {
        HelpName = "name",
        Description = "Name of the machine in the results: small letters, digits, hyphens (default: of its GPU).",
    };

    public BenchmarkApp(ToolConsole console, ToolEnvironment environment)
    {
        _console = console;
        _environment = environment;
        _mode.AcceptOnlyFromAmong(BenchmarkOptions.Short, BenchmarkOptions.Full);
    }

    /// <summary>Runs the program.</summary>
    /// <param name="arguments">The command line, without the name of the program.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        RootCommand root = new($"""
            Measures the kernels on a GPU: every case of the case files, and what the device can do at most.

            {ExitCodes.Help}
            """)
        {
            _device, _out, _mode, _cases, _filter, _timeLimit, _machine,
        };
        return ProgramFrame.Run("benchmark", _console, root, arguments, Execute);
    }

    private int Execute(ParseResult parsed) =>
        new BenchmarkRun(_console.Out, Options(parsed), Device(parsed.GetValue(_device))).Run();

    private BenchmarkOptions Options(ParseResult parsed)
    {
        double? seconds = parsed.GetValue(_timeLimit);
        return seconds is <= 0 or > 1e6 or double.NaN
            ? throw ToolException.BadInput($"--time-limit is {seconds}; allowed is a number above 0 and up to 1000000")
            : new BenchmarkOptions
            {
                Out = parsed.GetValue(_out),
                Mode = parsed.GetRequiredValue(_mode),
                Cases = parsed.GetValue(_cases),
                Filter = parsed.GetValue(_filter),
                TimeLimit = seconds is { } limit ? TimeSpan.FromSeconds(limit) : null,
                Machine = parsed.GetValue(_machine),
            };
    }

    private DeviceName Device(string? option)
    {
        DeviceName name = new DeviceSelector(new SystemDevices(), _environment).Requested(option)
            ?? DeviceName.Cuda(0);
        return name.Kind != DeviceKind.Cpu
            ? name
            : throw ToolException.BadInput(
                "the device is cpu; allowed are cuda:0, cuda:1, ... and emulator (./build.sh bench measures the CPU)");
    }
}
