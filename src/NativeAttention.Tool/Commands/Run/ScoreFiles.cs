using NativeAttention.Tool.Files;
using NativeAttention.Tool.Output;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>Files that receive scores and statistics of the probabilities.</summary>
internal sealed record ScoreFiles
{
    public const string ScoresOption = "--scores";
    public const string StageOption = "--score-stage";
    public const string ColumnSumsOption = "--column-sums";
    public const string RowEntropyOption = "--row-entropy";
    public const string BlockMaximaOption = "--block-maxima";
    public const string BlockSideOption = "--block-side";

    public string? Scores { get; init; }

    public ScoreStage Stage { get; init; }

    public string? ColumnSums { get; init; }

    public string? RowEntropy { get; init; }

    public string? BlockMaxima { get; init; }

    public int BlockSide { get; init; }

    /// <summary>The files there are.</summary>
    public IEnumerable<OptionFile> Outputs => OptionFile.Given((ScoresOption, Scores),
        (ColumnSumsOption, ColumnSums), (RowEntropyOption, RowEntropy), (BlockMaximaOption, BlockMaxima));

    /// <summary>What the library is asked for; null for nothing.</summary>
    public ScoreRequest? Request => !Outputs.Any() ? null : new ScoreRequest
    {
        Scores = Scores is null ? null : Stage,
        ColumnSums = ColumnSums is not null,
        RowEntropy = RowEntropy is not null,
        BlockMaxima = BlockMaxima is null ? null : BlockSide,
    };

    /// <summary>For documents.</summary>
    public ScoreDocument Describe(string kernel) => new(
        kernel, Scores, Scores is null ? null : ScoreOptions.NameOf(Stage), ColumnSums, RowEntropy, BlockMaxima,
        BlockMaxima is null ? null : BlockSide);
}
