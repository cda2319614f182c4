using System.CommandLine;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The options about scores and statistics of the probabilities.</summary>
internal sealed class ScoreOptions
{
    private const int DefaultSide = 64;

    private static readonly (string Name, ScoreStage Stage)[] Stages =
    [
        ("scaled", ScoreStage.Scaled), ("soft-capped", ScoreStage.SoftCapped), ("masked", ScoreStage.Masked),
        ("probabilities", ScoreStage.Probabilities),
    ];

    private readonly Option<string?> _scores = OptionParsers.File(ScoreFiles.ScoresOption,
        "Receives the scores of --score-stage: [batch, heads, queries, keys], in the dtype of the inputs.");

    private readonly Option<string?> _stage = OptionParsers.Choice(ScoreFiles.StageOption,
        "Scores after the scale, the soft cap, all terms and masks, or the softmax (default: probabilities).",
        [.. Stages.Select(s => s.Name)]);

    private readonly Option<string?> _columnSums = OptionParsers.File(ScoreFiles.ColumnSumsOption,
        "Receives the sum of the probabilities of each key: float32 [batch, heads, keys].");

    private readonly Option<string?> _rowEntropy = OptionParsers.File(ScoreFiles.RowEntropyOption,
        "Receives the entropy of each row of probabilities, in nats: float32 [batch, heads, queries].");

    private readonly Option<string?> _blockMaxima = OptionParsers.File(ScoreFiles.BlockMaximaOption,
        "Receives the largest probability of each block: float32 [batch, heads, query blocks, key blocks].");

    private readonly Option<int> _blockSide = OptionParsers.Whole(ScoreFiles.BlockSideOption,
        "Queries and keys of a block of --block-maxima.", DefaultSide, least: 1);

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [_scores, _stage, _columnSums, _rowEntropy, _blockMaxima, _blockSide];

    /// <summary>Adds the options and the rules between them.</summary>
    public void AddTo(Command command, OperandOptions operands)
    {
        foreach (Option option in All)
        {
            command.Options.Add(option);
            operands.ExcludePacked(command, option);
        }

        command.RequireBeside(_stage, _scores);
        command.RequireBeside(_blockSide, _blockMaxima);
    }

    /// <summary>What was asked for.</summary>
    public ScoreFiles Read(ParseResult parsed) => new()
    {
        Scores = parsed.GetValue(_scores),
        Stage = parsed.GetValue(_stage) is { } name
            ? Array.Find(Stages, s => s.Name == name).Stage
            : ScoreStage.Probabilities,
        ColumnSums = parsed.GetValue(_columnSums),
        RowEntropy = parsed.GetValue(_rowEntropy),
        BlockMaxima = parsed.GetValue(_blockMaxima),
        BlockSide = parsed.GetValue(_blockSide),
    };

    /// <summary>Name of a stage.</summary>
    public static string NameOf(ScoreStage stage) => Array.Find(Stages, s => s.Stage == stage).Name;
}
