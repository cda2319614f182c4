namespace NativeAttention.Tool.Results;

/// <summary>A <c>results.jsonl</c> that was read.</summary>
/// <param name="Path">Where it lies, as it was given.</param>
/// <param name="Runs">The runs, at least one.</param>
/// <param name="Warning">What was tolerated, or null.</param>
internal sealed record ResultFile(string Path, IReadOnlyList<ResultRun> Runs, string? Warning);
