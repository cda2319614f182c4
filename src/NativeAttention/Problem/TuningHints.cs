namespace NativeAttention;

/// <summary>Choices that change the speed of a plan but never what it computes.</summary>
public sealed record TuningHints
{
    /// <summary>No wish: the backend chooses.</summary>
    public static TuningHints None { get; } = new();

    /// <summary>
    /// Name of the kernel rung to use, for example <c>reference</c>, <c>tiled</c> or <c>decode</c>; null lets the backend
    /// choose. A backend that has no such rung for the problem refuses it.
    /// </summary>
    public string? Rung { get; init; }

    /// <summary>Most threads the CPU backend may use; null means all processors.</summary>
    public int? MaxThreads { get; init; }

    /// <summary>Most threads that a run has.</summary>
    internal int Threads => Math.Min(MaxThreads ?? int.MaxValue, Environment.ProcessorCount);
}
