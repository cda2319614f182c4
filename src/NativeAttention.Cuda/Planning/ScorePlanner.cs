namespace NativeAttention.Cuda;

/// <summary>Says which problems the kernels of family <c>scores</c> take, and with how many tiles.</summary>
internal static class ScorePlanner
{
    /// <summary>Name of the family in the manifest.</summary>
    public const string Family = "scores";

    /// <summary>Why a device cannot; null when it can.</summary>
    public static string? Refusal(AttentionProblem problem, int capability) =>
        ScoreRules.RungRefusal(problem) ?? DensePlanner.Refusal(problem, capability)
            ?? TooMany(problem.Shape.QueryLength, problem) ?? TooMany(problem.Shape.KeyLength, problem);

    /// <summary>Tiles of a length, of all heads and sequences.</summary>
    public static Int128 Tiles(KernelEntry kernel, AttentionShape shape, int length) =>
        (Int128)(((long)length + kernel.BlockM - 1) / kernel.BlockM) * shape.QueryHeads * shape.Batch;

    // Tiles of queries and of keys are equally long, and those of all types alike.
    private static string? TooMany(int length, AttentionProblem problem)
    {
        KernelEntry kernel = OperationKernels.Find(Family, problem.ElementType);
        Int128 tiles = Tiles(kernel, problem.Shape, length);
        return tiles > int.MaxValue
            ? $"{tiles} tiles (of {kernel.BlockM} queries or keys x query heads x batch) are more than "
                + $"{int.MaxValue}; split the batch"
            : null;
    }
}
