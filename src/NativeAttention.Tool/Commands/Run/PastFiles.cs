using NativeAttention.Tool.Files;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>Files with keys and values of earlier tokens, and those that receive all.</summary>
internal sealed record PastFiles
{
    public const string PastKeyOption = "--past-key";
    public const string PastValueOption = "--past-value";
    public const string PresentKeyOption = "--present-key";
    public const string PresentValueOption = "--present-value";

    public string? PastKey { get; init; }

    public string? PastValue { get; init; }

    public string? PresentKey { get; init; }

    public string? PresentValue { get; init; }

    /// <summary>The inputs there are.</summary>
    public IEnumerable<OptionFile> Inputs =>
        OptionFile.Given((PastKeyOption, PastKey), (PastValueOption, PastValue));

    /// <summary>The outputs there are.</summary>
    public IEnumerable<OptionFile> Outputs =>
        OptionFile.Given((PresentKeyOption, PresentKey), (PresentValueOption, PresentValue));
}
