using System.CommandLine;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The options of <c>nattn run</c>.</summary>
internal sealed class RunOptions
{
    private readonly Option<string> _query = File("--query", "Queries.");
    private readonly Option<string> _key = File("--key", "Keys.");
    private readonly Option<string> _value = File("--value", "Values.");
    private readonly Option<string> _output =
        File("--output", "Receives the output; dtype and axes as the queries.");

    private readonly Option<string?> _lse = new("--lse")
    {
        HelpName = "file.npy",
        Description = "Receives the natural-log log-sum-exp of every row: float32 [batch, heads, queries], "
            + "or [heads, total] of packed sequences.",
    };

    private readonly MaskOptions _mask = new();
    private readonly OperandOptions _operands = new();
    private readonly PastOptions _past = new();
    private readonly ScoreOptions _scores = new();
    private readonly NeighborhoodOptionGroup _neighborhood = new();

    private readonly Option<float?> _scale =
        OptionParsers.Finite("--scale", "Factor on every score (default: 1/sqrt(head dim)).");

    private readonly Option<float?> _softCap = OptionParsers.Positive("--softcap",
        "Soft cap c: a scaled score s becomes c * tanh(s / c), before bias and mask.");

    private readonly Option<string?> _layout = OptionParsers.Choice("--layout",
        "Axes of the files: bshd is [batch, sequence, heads, dim] (default), "
        + "bhsd is [batch, heads, sequence, dim].",
        "bshd", "bhsd");

    private readonly Option<string?> _compute = OptionParsers.Choice("--compute",
        "Type the kernel works on (default: that of the files). The output keeps the type of the files.",
        "bf16", "fp16", "fp32");

    private readonly Option<string?> _device = DeviceOption.Create("cuda:0 if available, else cpu");

    private readonly Option<string?> _rung = new("--rung")
    {
        HelpName = "name",
        Description = "Kernel rung to use, as nattn info lists them (default: the backend chooses).",
    };

    /// <summary>Adds the options and the rules between them.</summary>
    public void AddTo(Command command)
    {
        Add(command, _query, _key, _value, _output, _lse);
        _mask.AddTo(command, _neighborhood.IsGiven);
        Add(command, _scale, _softCap);
        _operands.AddTo(command);
        _past.AddTo(command, _operands);
        _scores.AddTo(command, _operands);
        Add(command, _layout, _compute, _device, _rung);
        _operands.ExcludePacked(command, _layout);
        _neighborhood.AddTo(command, _mask.Window,
            [.. _mask.SequenceOnly, _softCap, .. _operands.All, .. _past.All, .. _scores.All, _layout]);
    }

    /// <summary>What was asked for.</summary>
    public RunRequest Read(ParseResult parsed) => Read(parsed, _neighborhood.Read(parsed));

    private RunRequest Read(ParseResult parsed, NeighborhoodRequest? map) => new()
    {
        Query = parsed.GetRequiredValue(_query),
        Key = parsed.GetRequiredValue(_key),
        Value = parsed.GetRequiredValue(_value),
        Output = parsed.GetRequiredValue(_output),
        Lse = parsed.GetValue(_lse),
        Mask = map is null ? _mask.ReadMask(parsed) : AttentionMask.None, // a window means another thing on maps
        DiagonalOffset = _mask.ReadOffset(parsed),
        Scale = parsed.GetValue(_scale),
        SoftCap = parsed.GetValue(_softCap),
        Operands = _operands.Read(parsed),
        Past = _past.Read(parsed),
        Scores = _scores.Read(parsed),
        HeadsFirst = parsed.GetValue(_layout) == "bhsd",
        Compute = parsed.GetValue(_compute) switch
        {
            "bf16" => ElementType.BFloat16,
            "fp16" => ElementType.Float16,
            "fp32" => ElementType.Float32,
            _ => null,
        },
        Device = parsed.GetValue(_device),
        Rung = parsed.GetValue(_rung),
        Neighborhood = map,
    };

    private static void Add(Command command, params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
        {
            command.Options.Add(option);
        }
    }

    private static Option<string> File(string name, string description) => new(name)
    {
        Required = true,
        HelpName = "file.npy",
        Description = description,
    };
}
