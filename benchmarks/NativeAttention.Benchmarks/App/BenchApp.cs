using System.CommandLine;
using NativeAttention.Benchmarks.Engine;
using NativeAttention.Tool.App;

namespace NativeAttention.Benchmarks.App;

/// <summary>
/// The program: its options, and which of the measurements they ask for.
/// </summary>
internal sealed class BenchApp(ToolConsole console)
{
    private readonly Argument<string?> _filter = new("filter")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Only cases whose name contains this text: cpu, emulator, plan, causal, s4096x, ...",
    };

    private readonly Option<bool> _short = new("--short")
    {
        Description = "The chosen few, two to three minutes (default).",
    };

    private readonly Option<bool> _full = new("--full")
    {
        Description = "Every case, and each one longer: about twenty minutes.",
    };

    private readonly Option<bool> _list = new("--list")
    {
        Description = "Print the names of the cases and measure nothing.",
    };

    private readonly Option<string?> _out = new("--out")
    {
        HelpName = "folder",
        Description = "Where to write results.jsonl (default: benchmarks/results/<date>-<commit>-<machine>).",
    };

    private readonly Option<string?> _machine = new("--machine")
    {
        HelpName = "name",
        Description = "Name of the machine: small letters, digits, hyphens (default: of its processor).",
    };

    private readonly Option<string?> _note = new("--note")
    {
        HelpName = "text",
        Description = "What a reader of the figures should know.",
    };

    private readonly Option<bool> _engine = new("--engine")
    {
        Description = "Measure the emulator itself instead: checks, threads, width of vectors.",
    };

    private readonly Option<bool> _engineChild = new(EngineRun.ChildOption) { Hidden = true };

    /// <summary>Runs the program.</summary>
    /// <param name="arguments">The command line, without the name of the program.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        RootCommand root = new($"Measures the CPU backend and the emulator.\n\n{ExitCodes.Help}")
        {
            _filter, _short, _full, _list, _out, _machine, _note, _engine, _engineChild,
        };
        return ProgramFrame.Run("bench", console, root, arguments, Execute);
    }

    private int Execute(ParseResult parsed)
    {
        if (parsed.GetValue(_engineChild))
        {
            EngineChild.Run(console.Out, EngineCase.All, EngineRun.Rounds);
            return ExitCodes.Ok;
        }

        if (parsed.GetValue(_short) && parsed.GetValue(_full))
        {
            throw ToolException.BadInput("--short and --full exclude each other");
        }

        BenchOptions options = new(parsed.GetValue(_filter), parsed.GetValue(_full),
            parsed.GetValue(_out), parsed.GetValue(_machine), parsed.GetValue(_note));
        Pace pace = options.Full ? Pace.Full : Pace.Short;
        if (parsed.GetValue(_engine))
        {
            if (options.Filter is not null || parsed.GetValue(_list))
            {
                throw ToolException.BadInput("--engine measures its own cases: neither a filter nor --list applies");
            }

            return new EngineRun(console.Out, options, pace).Run();
        }

        BenchRun run = new(console.Out, options, pace);
        return parsed.GetValue(_list) ? run.List() : run.Run();
    }
}
