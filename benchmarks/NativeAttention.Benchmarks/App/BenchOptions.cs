namespace NativeAttention.Benchmarks.App;

/// <summary>What the command line says.</summary>
/// <param name="Filter">Text that the name of a case must contain; null for every case.</param>
/// <param name="Full">Whether every case is measured, and longer.</param>
/// <param name="Out">Folder of the results; null for one under benchmarks/results.</param>
/// <param name="Machine">Name of the machine in results; null for one made of its processor's.</param>
/// <param name="Note">What a reader of the figures should know; null for nothing.</param>
internal sealed record BenchOptions(string? Filter, bool Full, string? Out, string? Machine, string? Note)
{
    /// <summary>Name of the mode in results.</summary>
    public string Mode => Full ? "full" : "short";
}
