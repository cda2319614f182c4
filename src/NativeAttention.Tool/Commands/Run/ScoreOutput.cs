namespace NativeAttention.Tool.Commands.Run;

/// <summary>What a pass over scores gave, ready for its files.</summary>
/// <param name="KernelName">The kernel that ran.</param>
/// <param name="Tensors">A tensor for each option that named a file.</param>
internal sealed record ScoreOutput(
    string KernelName, IReadOnlyList<(string Option, long[] Shape, Array Values)> Tensors)
{
    /// <summary>Runs the pass.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="problem">The problem of the attention before.</param>
    /// <param name="request">What to return.</param>
    /// <param name="inputs">Shapes of the files.</param>
    /// <param name="operands">What is read.</param>
    /// <param name="lse">Log-sum-exp of the attention before; empty if nothing needs it.</param>
    /// <param name="store">To the type of the files.</param>
    public static ScoreOutput Of<T>(AttentionBackend backend, AttentionProblem problem, ScoreRequest request,
        RunInputs inputs, in AttentionInputs<T> operands, float[] lse, Func<T[], Array> store)
        where T : unmanaged
    {
        AttentionShape s = problem.Shape;
        List<(string Option, long[] Shape, Array Values)> tensors = [];
        T[]? scores = Make<T>(request.Scores is not null, ScoreFiles.ScoresOption, s.QueryLength, s.KeyLength);
        float[]? sums = Make<float>(request.ColumnSums, ScoreFiles.ColumnSumsOption, s.KeyLength);
        float[]? entropy = Make<float>(request.RowEntropy, ScoreFiles.RowEntropyOption, s.QueryLength);
        int side = request.BlockMaxima ?? 1;
        float[]? maxima = Make<float>(request.BlockMaxima is not null, ScoreFiles.BlockMaximaOption,
            Blocks(s.QueryLength), Blocks(s.KeyLength));
        using HostScorePlan<T> plan = backend.PlanScores<T>(problem, request);
        plan.Run(operands, lse, new ScoreResults<T>
        {
            Scores = scores,
            ColumnSums = sums,
            RowEntropy = entropy,
            BlockMaxima = maxima,
        });
        return new ScoreOutput(plan.KernelName,
            [.. tensors.Select(t => (t.Option, t.Shape, t.Values is T[] own ? store(own) : t.Values))]);

        TElement[]? Make<TElement>(bool wanted, string option, params long[] axes)
        {
            if (!wanted)
            {
                return null;
            }

            long[] shape = inputs.ShapeOf([s.Batch, s.QueryHeads, .. axes]);
            TElement[] values = new TElement[RunInputs.Length(option, shape)];
            tensors.Add((option, shape, values));
            return values;
        }

        long Blocks(int length) => ((long)length + side - 1) / side;
    }
}
