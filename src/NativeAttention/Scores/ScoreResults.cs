namespace NativeAttention;

/// <summary>
/// Where a pass over the scores writes: dense tensors of the shapes that <see cref="ScoreRequest"/> names. What
/// was not asked for must be left empty.
/// </summary>
/// <typeparam name="T">Element type of the scores.</typeparam>
public readonly ref struct ScoreResults<T>
    where T : unmanaged
{
    /// <summary>Receives <see cref="ScoreRequest.Scores"/>.</summary>
    public Span<T> Scores { get; init; }

    /// <summary>Receives <see cref="ScoreRequest.ColumnSums"/>.</summary>
    public Span<float> ColumnSums { get; init; }

    /// <summary>Receives <see cref="ScoreRequest.RowEntropy"/>.</summary>
    public Span<float> RowEntropy { get; init; }

    /// <summary>Receives <see cref="ScoreRequest.BlockMaxima"/>.</summary>
    public Span<float> BlockMaxima { get; init; }
}
