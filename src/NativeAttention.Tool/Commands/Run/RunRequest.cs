using NativeAttention.Tool.Files;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>What the user asked <c>nattn run</c> to do.</summary>
internal sealed record RunRequest
{
    public required string Query { get; init; }

    public required string Key { get; init; }

    public required string Value { get; init; }

    public required string Output { get; init; }

    public string? Lse { get; init; }

    public required AttentionMask Mask { get; init; }

    /// <summary>Key beside query 0; null for the library's default.</summary>
    public int? DiagonalOffset { get; init; }

    public float? Scale { get; init; }

    public float? SoftCap { get; init; }

    public required OperandFiles Operands { get; init; }

    public required PastFiles Past { get; init; }

    public required ScoreFiles Scores { get; init; }

    /// <summary>What is asked for on maps; null on a sequence.</summary>
    public NeighborhoodRequest? Neighborhood { get; init; }

    public bool HeadsFirst { get; init; }

    /// <summary>Type to compute in; null for that of the files.</summary>
    public ElementType? Compute { get; init; }

    public string? Device { get; init; }

    public string? Rung { get; init; }

    /// <summary>Every file that is read.</summary>
    public IEnumerable<OptionFile> Inputs =>
        [new("--query", Query), new("--key", Key), new("--value", Value), .. Past.Inputs, .. Operands.Given,
            .. Neighborhood?.Files ?? []];

    /// <summary>Every file that is written.</summary>
    public IEnumerable<OptionFile> Outputs =>
        [new("--output", Output), .. OptionFile.Given(("--lse", Lse)), .. Past.Outputs, .. Scores.Outputs];
}
