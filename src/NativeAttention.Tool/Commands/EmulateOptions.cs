using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using NativeAttention.Emulation;
using NativeAttention.Tool.Emulation;

namespace NativeAttention.Tool.Commands;

/// <summary>The options of <c>nattn emulate</c>.</summary>
internal sealed class EmulateOptions
{
    private readonly Argument<string?> _file = new("FILE")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "A file of PTX text.",
    };

    private readonly Option<string?> _entry = new("--entry")
    {
        HelpName = "name",
        Description = "Entry to run (default: the only one).",
    };

    private readonly Option<bool> _list = new("--list")
    {
        Description = "List the entries with their parameters, and what looks wrong; run nothing.",
    };

    private readonly Option<LaunchExtent?> _grid = Extent("--grid", "Blocks: x, x,y or x,y,z.");
    private readonly Option<LaunchExtent?> _block = Extent("--block", "Threads of a block: x, x,y or x,y,z.");

    private readonly Option<int> _shared =
        OptionParsers.Whole("--shared", "Bytes of dynamic shared memory.", 0, least: 0);

    private readonly Option<string[]> _arguments = new("--arg")
    {
        HelpName = "kind:value",
        Description = "The next argument, see above.",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string?> _params = new("--params")
    {
        HelpName = "file.bin",
        Description = "The parameter block; every --arg is then put at its @offset.",
    };

    private readonly Option<string?> _kernel = new("--kernel")
    {
        HelpName = "name",
        Description = "One of our kernels instead of a file, as nattn info lists them.",
    };

    private readonly Option<AttentionShape?> _shape = new("--shape")
    {
        HelpName = "B,Sq,Sk,Hq,Hkv,D[,Dv]",
        Description = "The problem for --kernel.",
        CustomParser = ParseShape,
    };

    private readonly Option<bool> _causal = new("--causal")
    {
        Description = "With --kernel: query i sees keys up to i + keys - queries.",
    };

    private readonly Option<string?> _target = OptionParsers.Choice("--target",
        "Architecture of the GPU (default: that of the file, else sm_80).", [.. EmulatorOptions.Targets]);

    private readonly Option<int> _seed = OptionParsers.Whole("--seed", "Seed of the first schedule.", 0);

    private readonly Option<int> _schedules =
        OptionParsers.Whole("--schedules", "Number of schedules to run.", 1, least: 1);

    private readonly Option<int> _threads = OptionParsers.Whole("--threads",
        "Threads of this machine to use; 1 replays exactly, 0 takes all processors.", 1, least: 0);

    private readonly Option<EmulatorChecks> _checks = new("--checks")
    {
        HelpName = "names",
        Description = $"Checks to make, with commas between them: {string.Join(", ", Enum.GetNames<EmulatorChecks>())} "
            + "(default: All).",
        DefaultValueFactory = _ => EmulatorChecks.All,
        CustomParser = ParseChecks,
    };

    private readonly Option<bool> _profile = new("--profile")
    {
        Description = "Count instructions by class, memory traffic, coalescing, bank conflicts, statements.",
    };

    /// <summary>Adds the options and the rules between them.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(_file);
        foreach (Option option in (ReadOnlySpan<Option>)[_entry, _list, _grid, _block, _shared, _arguments, _params,
            _kernel, _shape, _causal, _target, _seed, _schedules, _threads, _checks, _profile])
        {
            command.Options.Add(option);
        }

        command.Validators.Add(Check);
    }

    /// <summary>What was asked for.</summary>
    public EmulateRequest Read(ParseResult parsed) => new()
    {
        File = parsed.GetValue(_file),
        Entry = parsed.GetValue(_entry),
        List = parsed.GetValue(_list),
        Grid = parsed.GetValue(_grid) ?? default,
        Block = parsed.GetValue(_block) ?? default,
        SharedBytes = parsed.GetValue(_shared),
        Arguments = [.. (parsed.GetValue(_arguments) ?? []).Select(ArgumentParser.Parse)],
        Params = parsed.GetValue(_params),
        Kernel = parsed.GetValue(_kernel),
        Shape = parsed.GetValue(_shape),
        Causal = parsed.GetValue(_causal),
        Target = parsed.GetValue(_target),
        Seed = parsed.GetValue(_seed),
        Schedules = parsed.GetValue(_schedules),
        Threads = parsed.GetValue(_threads),
        Checks = parsed.GetValue(_checks),
        Profile = parsed.GetValue(_profile),
    };

    // Asks only what was given: a value that was not understood has its own message.
    private void Check(CommandResult result)
    {
        bool hasFile = result.GetResult(_file) is { Tokens.Count: > 0 };
        if (hasFile == IsGiven(result, _kernel))
        {
            result.AddError("either a FILE of PTX or --kernel is needed");
            return;
        }

        if (hasFile && !IsGiven(result, _list) && !(IsGiven(result, _grid) && IsGiven(result, _block)))
        {
            result.AddError("--grid and --block are needed (or --list)");
        }

        Refuse(result, hasFile, "--kernel", [_shape, _causal]);
        Refuse(result, !hasFile, "a FILE", [_entry, _list, _grid, _block, _shared, _arguments, _params]);
        if (!hasFile && !IsGiven(result, _shape))
        {
            result.AddError("--shape is needed with --kernel");
        }
    }

    private static bool IsGiven(CommandResult result, Option option) =>
        result.GetResult(option) is { Implicit: false };

    private static void Refuse(CommandResult result, bool applies, string other, ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
        {
            if (applies && IsGiven(result, option))
            {
                result.AddError($"{option.Name} belongs to {other}");
            }
        }
    }

    private static Option<LaunchExtent?> Extent(string name, string description) => new(name)
    {
        HelpName = "x,y,z",
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            int[]? sizes = Numbers(text, 1);
            if (sizes is null or { Length: 0 or > 3 })
            {
                result.AddError($"{name} is '{text}'; allowed are one to three positive numbers such as 4,2,1");
                return null;
            }

            return new LaunchExtent((uint)sizes[0], (uint)(sizes.Length > 1 ? sizes[1] : 1),
                (uint)(sizes.Length > 2 ? sizes[2] : 1));
        },
    };

    private static AttentionShape? ParseShape(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        int[]? n = Numbers(text, 0);
        if (n is null or not { Length: 6 or 7 })
        {
            result.AddError($"--shape is '{text}'; allowed are six or seven numbers B,Sq,Sk,Hq,Hkv,D[,Dv]");
            return null;
        }

        return n.Length == 7 ? new(n[0], n[1], n[2], n[3], n[4], n[5], n[6]) : new(n[0], n[1], n[2], n[3], n[4], n[5]);
    }

    private static EmulatorChecks ParseChecks(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        bool isNamed = text.Length > 0 && !text.Any(char.IsAsciiDigit);
        if (!isNamed || !Enum.TryParse(text, ignoreCase: true, out EmulatorChecks checks))
        {
            result.AddError($"--checks is '{text}'; allowed are {string.Join(", ", Enum.GetNames<EmulatorChecks>())}");
            return EmulatorChecks.All;
        }

        return checks;
    }

    private static int[]? Numbers(string text, int least)
    {
        List<int> numbers = [];
        foreach (string part in text.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value < least)
            {
                return null;
            }

            numbers.Add(value);
        }

        return [.. numbers];
    }
}
