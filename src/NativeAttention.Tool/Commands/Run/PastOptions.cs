using System.CommandLine;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The options about keys and values of earlier tokens.</summary>
internal sealed class PastOptions
{
    private readonly Option<string?> _pastKey = OptionParsers.File(PastFiles.PastKeyOption,
        "Keys of earlier tokens, put before those of --key; same axes and dtype.");

    private readonly Option<string?> _pastValue = OptionParsers.File(PastFiles.PastValueOption,
        "Values of earlier tokens, put before those of --value.");

    private readonly Option<string?> _presentKey = OptionParsers.File(PastFiles.PresentKeyOption,
        "Receives all keys: the past and those of --key behind it.");

    private readonly Option<string?> _presentValue =
        OptionParsers.File(PastFiles.PresentValueOption, "Receives all values.");

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [_pastKey, _pastValue, _presentKey, _presentValue];

    /// <summary>Adds the options and the rules between them.</summary>
    public void AddTo(Command command, OperandOptions operands)
    {
        foreach (Option option in All)
        {
            command.Options.Add(option);
            operands.ExcludePacked(command, option);
        }

        command.RequireTogether(_pastKey, _pastValue);
    }

    /// <summary>The files that were named.</summary>
    public PastFiles Read(ParseResult parsed) => new()
    {
        PastKey = parsed.GetValue(_pastKey),
        PastValue = parsed.GetValue(_pastValue),
        PresentKey = parsed.GetValue(_presentKey),
        PresentValue = parsed.GetValue(_presentValue),
    };
}
