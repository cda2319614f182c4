using System.CommandLine;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The options that name files of optional operands.</summary>
internal sealed class OperandOptions
{
    private readonly Option<string?> _bias = OptionParsers.File(OperandFiles.BiasOption,
        "Added to the scores: broadcast against [batch, heads, queries, keys]; float32, or the dtype of the "
        + "inputs, as all operands of numbers. One that is shorter than the keys hides the rest.");

    private readonly Option<string?> _mask = OptionParsers.File(OperandFiles.MaskOption,
        "Which keys are visible: bool or uint8, not 0 where a query sees a key; broadcast as the bias.");

    private readonly Option<string?> _alibi = OptionParsers.File(OperandFiles.AlibiOption,
        "ALiBi slopes, [heads] or [batch, heads]: slope * |i + offset - j| is subtracted from a score.");

    private readonly Option<string?> _sink = OptionParsers.File(OperandFiles.SinkOption,
        "One more logit of every row's softmax, without a value: [heads].");

    private readonly Option<string?> _temperature = OptionParsers.File(OperandFiles.TemperatureOption,
        "A factor on the scores of a query: broadcast against [batch, heads, queries].");

    private readonly Option<string?> _keyLogWeight = OptionParsers.File(OperandFiles.KeyLogWeightOption,
        "Added to the scores of a key: broadcast against [batch, key heads, keys].");

    private readonly Option<string?> _headGate = OptionParsers.File(OperandFiles.HeadGateOption,
        "A factor on the output: broadcast against [batch, heads, queries].");

    private readonly Option<string?> _keyLengths = OptionParsers.File(OperandFiles.KeyLengthsOption,
        "How many keys of each sequence count: int32 or int64 [batch].");

    private readonly Option<string?> _cumulativeQuery = OptionParsers.File(OperandFiles.CumulativeQueryOption,
        "Packed sequences: where each begins among the queries, and the end; int32 or int64 [batch + 1]. The "
        + "files are then [total, heads, dim].");

    private readonly Option<string?> _cumulativeKey = OptionParsers.File(OperandFiles.CumulativeKeyOption,
        "Packed sequences: the same for keys and values.");

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [_bias, _mask, _alibi, _sink, _temperature, _keyLogWeight, _headGate,
        _keyLengths, _cumulativeQuery, _cumulativeKey];

    /// <summary>Adds the options and the rules between them.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All)
        {
            command.Options.Add(option);
        }

        command.RequireTogether(_cumulativeQuery, _cumulativeKey);
        ExcludePacked(command, _keyLengths);
    }

    /// <summary>Refuses an option beside packed sequences.</summary>
    public void ExcludePacked(Command command, Option other) => command.RequireApart(_cumulativeQuery, other);

    /// <summary>The files that were named.</summary>
    public OperandFiles Read(ParseResult parsed) => new()
    {
        Bias = parsed.GetValue(_bias),
        Mask = parsed.GetValue(_mask),
        Alibi = parsed.GetValue(_alibi),
        Sink = parsed.GetValue(_sink),
        Temperature = parsed.GetValue(_temperature),
        KeyLogWeight = parsed.GetValue(_keyLogWeight),
        HeadGate = parsed.GetValue(_headGate),
        KeyLengths = parsed.GetValue(_keyLengths),
        CumulativeQuery = parsed.GetValue(_cumulativeQuery),
        CumulativeKey = parsed.GetValue(_cumulativeKey),
    };
}
