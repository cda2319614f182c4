using NativeAttention.Tool.Files;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The files of optional operands that the user named; null where there is none.</summary>
internal sealed record OperandFiles
{
    public const string BiasOption = "--bias";
    public const string MaskOption = "--mask";
    public const string AlibiOption = "--alibi";
    public const string SinkOption = "--sink";
    public const string TemperatureOption = "--temperature";
    public const string KeyLogWeightOption = "--key-log-weight";
    public const string HeadGateOption = "--head-gate";
    public const string KeyLengthsOption = "--key-lengths";
    public const string CumulativeQueryOption = "--cu-query";
    public const string CumulativeKeyOption = "--cu-key";

    public string? Bias { get; init; }

    public string? Mask { get; init; }

    public string? Alibi { get; init; }

    public string? Sink { get; init; }

    public string? Temperature { get; init; }

    public string? KeyLogWeight { get; init; }

    public string? HeadGate { get; init; }

    public string? KeyLengths { get; init; }

    public string? CumulativeQuery { get; init; }

    public string? CumulativeKey { get; init; }

    /// <summary>The files there are, with the options that named them.</summary>
    public IEnumerable<OptionFile> Given => OptionFile.Given(
        (BiasOption, Bias), (MaskOption, Mask), (AlibiOption, Alibi), (SinkOption, Sink),
        (TemperatureOption, Temperature), (KeyLogWeightOption, KeyLogWeight), (HeadGateOption, HeadGate),
        (KeyLengthsOption, KeyLengths), (CumulativeQueryOption, CumulativeQuery),
        (CumulativeKeyOption, CumulativeKey));
}
