using System.CommandLine;
using System.Text.Json;
using NativeAttention.Tool.Commands;
using NativeAttention.Tool.Commands.Run;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Output;

namespace NativeAttention.Tool.App;

/// <summary>
/// The program: parses the command line, runs one command, turns failures into one line and an exit code.
/// </summary>
internal sealed class NattnApp
{
    private readonly ToolConsole _console;
    private readonly ToolEnvironment _environment;
    private readonly IDeviceCatalog _devices;
    private readonly GlobalOptions _options = new();

    public NattnApp(ToolConsole console, ToolEnvironment environment, IDeviceCatalog devices)
    {
        _console = console;
        _environment = environment;
        _devices = devices;
    }

    /// <summary>Runs the program.</summary>
    /// <param name="arguments">The command line, without the name of the program.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        ParseResult parsed = ProgramFrame.Parse(BuildRoot(), arguments.Count > 0 ? arguments : ["--help"]);
        if (ProgramFrame.ErrorsOf(parsed) is { } message)
        {
            return Fail(parsed, ToolException.BadInput(message));
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = _console.Out,
                Error = _console.Error,
                EnableDefaultExceptionHandler = false,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Commands answer for themselves; this is the help or the version that could not be written.
            return Fail(parsed, e);
        }
    }

    private RootCommand BuildRoot()
    {
        RootCommand root = new($"""
            nattn: attention on the CPU, on CUDA GPUs and on an emulated GPU.

            Start with: nattn demo

            {ExitCodes.Help}

            {ToolEnvironment.DeviceVariable} is the default of --device: {DeviceName.Allowed}
            """);
        _options.AddTo(root);
        root.Subcommands.Add(DemoCommand.Build(Execute));
        root.Subcommands.Add(InfoCommand.Build(Execute));
        root.Subcommands.Add(RunCommand.Build(Execute));
        root.Subcommands.Add(VerifyCommand.Build(Execute));
        root.Subcommands.Add(EmulateCommand.Build(Execute));
        root.Subcommands.Add(ReportCommand.Build(Execute));
        return root;
    }

    private int Execute(ParseResult parsed, Func<ToolSession, int> action)
    {
        try
        {
            using ToolSession session = new(_console, _environment, _devices, parsed.GetValue(_options.Json),
                parsed.GetValue(_options.Verbose), parsed.GetValue(_options.Progress));
            return action(session);
        }
#pragma warning disable CA1031 // the outermost frame: whatever it is, the user gets one line and an exit code
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Fail(parsed, e);
        }
    }

    private int Fail(ParseResult parsed, Exception exception)
    {
        FailureReport failure = FailureReport.Of(exception);
        Write(_console.Error, $"nattn: {failure.Message}");
        if (parsed.GetValue(_options.Verbose))
        {
            Write(_console.Error, exception.ToString());
        }

        if (parsed.GetValue(_options.Json))
        {
            FailureDocument document =
                new(parsed.CommandResult.Command.Name, failure.ExitCode, failure.Message);
            Write(_console.Out, JsonSerializer.Serialize(document, ToolJson.Documents.FailureDocument));
        }

        return failure.ExitCode;
    }

    // A stream that is full or closed must not hide the exit code: it is all that is left to say.
    private static void Write(TextWriter writer, string text)
    {
        try
        {
            writer.WriteLine(text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
