using System.CommandLine;

namespace NativeAttention.Tool.App;

/// <summary>
/// The outer frame of a program such as the benchmarks: parses the command line, runs, turns any failure into
/// one line and an exit code of <see cref="ExitCodes"/>.
/// </summary>
internal static class ProgramFrame
{
    /// <summary>Runs a program.</summary>
    /// <param name="name">What its messages begin with.</param>
    /// <param name="console">Where it writes.</param>
    /// <param name="root">Its options and subcommands.</param>
    /// <param name="arguments">The command line, without the name of the program.</param>
    /// <param name="action">What it and its subcommands do; returns one of <see cref="ExitCodes"/>.</param>
    public static int Run(string name, ToolConsole console, RootCommand root, IReadOnlyList<string> arguments,
        Func<ParseResult, int> action)
    {
        Func<ParseResult, int> guarded = parsed =>
        {
            try
            {
                return action(parsed);
            }
#pragma warning disable CA1031 // the outermost frame: whatever it is, the user gets one line and an exit code
            catch (Exception e)
#pragma warning restore CA1031
            {
                return Fail(name, console, e);
            }
        };
        foreach (Command command in root.Subcommands.Prepend(root))
        {
            command.SetAction(guarded);
        }

        ParseResult result = Parse(root, arguments);
        return ErrorsOf(result) is { } message
            ? Fail(name, console, ToolException.BadInput(message))
            : result.Invoke(new InvocationConfiguration { Output = console.Out, Error = console.Error });
    }

    /// <summary>
    /// Parses a command line. Response files would turn an argument such as @name into the lines of a file; nobody
    /// expects that here.
    /// </summary>
    public static ParseResult Parse(RootCommand root, IReadOnlyList<string> arguments) =>
        root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>What is wrong with a command line, in one line; null when it is right.</summary>
    public static string? ErrorsOf(ParseResult parsed) => parsed.Errors.Count == 0
        ? null
        : string.Join("; ", parsed.Errors.Select(e => e.Message.TrimEnd('.'))) + " (see --help)";

    private static int Fail(string name, ToolConsole console, Exception exception)
    {
        FailureReport failure = FailureReport.Of(exception);
        console.Error.WriteLine($"{name}: {failure.Message}");
        return failure.ExitCode;
    }
}
