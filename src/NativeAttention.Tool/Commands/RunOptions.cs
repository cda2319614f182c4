using System.CommandLine;

namespace NativeAttention.Tool.Commands;

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
        Description = "Receives the natural-log log-sum-exp of every row: float32 [batch, heads, queries].",
    };

    private readonly Option<bool> _causal = new("--causal")
    {
        Description = "Query i sees keys up to i + keys - queries (aligned at the bottom right).",
    };

    private readonly Option<bool> _causalTopLeft = new("--causal-top-left")
    {
        Description = "Query i sees keys up to i (aligned at the top left, as ONNX).",
    };

    private readonly Option<float?> _scale =
        OptionParsers.Finite("--scale", "Factor on every score (default: 1/sqrt(head dim)).");

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
        foreach (Option option in (ReadOnlySpan<Option>)[_query, _key, _value, _output, _lse, _causal,
            _causalTopLeft, _scale, _layout, _compute, _device, _rung])
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(_causal) && result.GetValue(_causalTopLeft))
            {
                result.AddError("--causal and --causal-top-left exclude each other; give one");
            }
        });
    }

    /// <summary>What was asked for.</summary>
    public RunRequest Read(ParseResult parsed) => new()
    {
        Query = parsed.GetRequiredValue(_query),
        Key = parsed.GetRequiredValue(_key),
        Value = parsed.GetRequiredValue(_value),
        Output = parsed.GetRequiredValue(_output),
        Lse = parsed.GetValue(_lse),
        Mask = parsed.GetValue(_causal) ? AttentionMask.Causal
            : parsed.GetValue(_causalTopLeft) ? AttentionMask.CausalTopLeft
            : AttentionMask.None,
        Scale = parsed.GetValue(_scale),
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
    };

    private static Option<string> File(string name, string description) => new(name)
    {
        Required = true,
        HelpName = "file.npy",
        Description = description,
    };
}
