using System.CommandLine;
using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Engine;
using NativeAttention.Benchmarks.Ggml;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Benchmarks.Traffic;
using NativeAttention.Tool.App;

namespace NativeAttention.Benchmarks.App;

/// <summary>
/// The program: its options, and which of the measurements they ask for.
/// </summary>
internal sealed class BenchApp(ToolConsole console)
{
    private readonly Command _cpu = new("cpu",
        "The table of the CPU backend's goals, on pinned threads, beside ggml where --ggml says so.");

    private readonly Command _modifiers = new("modifiers",
        "What each modifier of dense attention costs over plain attention, on pinned threads, by turns.");

    private readonly Command _neighborhood = new("neighborhood",
        "Neighborhood attention beside dense attention of the same tokens, on pinned threads, by turns.");

    private readonly Argument<string?> _filter = new("filter")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Only cases whose name contains this text: cpu/, emulator, plan, causal, s4096x, ...",
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

    private readonly Option<string?> _ggml = new("--ggml")
    {
        HelpName = "path",
        Description = "Put ggml beside ours: the folder of its shared libraries, or a results.jsonl with its "
            + "figures (benchmarks/README.md says how to build it).",
    };

    private readonly Option<bool> _oneThread = new("--one-thread")
    {
        Description = "Every case on one thread, which a busy machine disturbs least.",
    };

    private readonly Option<bool> _noPin = new("--no-pin")
    {
        Description = "Leave threads where the system puts them.",
    };

    private readonly Option<string?> _ggmlChild = new(GgmlProcess.ChildOption) { Hidden = true };

    private readonly Option<bool> _engineChild = new(EngineRun.ChildOption) { Hidden = true };

    /// <summary>Runs the program.</summary>
    /// <param name="arguments">The command line, without the name of the program.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        foreach (Option shared in (Option[])[_short, _full, _list, _out, _machine, _note])
        {
            shared.Recursive = true;
        }

        _cpu.Add(_filter);
        _cpu.Add(_ggml);
        _cpu.Add(_noPin);
        _cpu.Add(_ggmlChild);
        _modifiers.Add(_filter);
        _modifiers.Add(_oneThread);
        _modifiers.Add(_noPin);
        _neighborhood.Add(_filter);
        _neighborhood.Add(_oneThread);
        _neighborhood.Add(_noPin);
        RootCommand root = new($"Measures the CPU backend and the emulator.\n\n{ExitCodes.Help}")
        {
            _cpu, _modifiers, _neighborhood, _filter, _short, _full, _list, _out, _machine, _note, _engine, _engineChild,
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

        if (parsed.CommandResult.Command == _cpu)
        {
            return ExecuteTable(parsed, options);
        }

        if (parsed.CommandResult.Command == _modifiers)
        {
            return ExecuteModifiers(parsed, options);
        }

        if (parsed.CommandResult.Command == _neighborhood)
        {
            PinnedRun maps = new(console.Out, options, options.Full ? Pace.FullTable : Pace.Table,
                parsed.GetValue(_oneThread) ? MapList.OnOneThread : MapList.All, Peer.Plain, !parsed.GetValue(_noPin));
            return parsed.GetValue(_list) ? maps.List() : maps.Run();
        }

        BenchRun run = new(console.Out, options, pace);
        return parsed.GetValue(_list) ? run.List() : run.Run();
    }

    private int ExecuteModifiers(ParseResult parsed, BenchOptions options)
    {
        IReadOnlyList<BenchCase> cases =
            parsed.GetValue(_oneThread) ? ModifierTable.OnOneThread : ModifierTable.Cases;
        Pace pace = options.Full ? Pace.FullTable : Pace.Modifiers;
        BenchCase[] emulated = [.. EmulatorTraffic.Cases.Where(c =>
            options.Filter is null || c.Name.Contains(options.Filter, StringComparison.Ordinal))];
        PinnedRun run = new(console.Out, options, pace, cases, Peer.Plain, !parsed.GetValue(_noPin),
            line => EmulatorTraffic.Lines(line, emulated));
        return parsed.GetValue(_list) ? run.List() : run.Run();
    }

    private int ExecuteTable(ParseResult parsed, BenchOptions options)
    {
        bool pin = !parsed.GetValue(_noPin);
        Pace pace = options.Full ? Pace.FullTable : Pace.Table;
        if (parsed.GetValue(_ggmlChild) is { } folder)
        {
            return GgmlProcess.Run(folder, pin, Console.In, console.Out);
        }

        bool list = parsed.GetValue(_list);
        Peer peer = Peer.Of(list ? null : parsed.GetValue(_ggml), pin);
        PinnedRun run = new(console.Out, options, pace, CpuTable.Cases, peer, pin);
        return list ? run.List() : run.Run();
    }
}
