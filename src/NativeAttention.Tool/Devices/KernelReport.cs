namespace NativeAttention.Tool.Devices;

/// <summary>What is known of one kernel of a device.</summary>
/// <param name="Name">Name, as a plan reports it.</param>
/// <param name="Family">
/// What it computes: <c>dense</c>, <c>neighborhood</c>, <c>backward</c>, <c>scores</c>, or an operation such as
/// <c>merge</c>.
/// </param>
/// <param name="Rung">Which rung of the ladder: what <c>--rung</c> takes.</param>
/// <param name="ElementType">Element type of query, key, value and output.</param>
/// <param name="HeadDim">Largest head dim it runs; null when any the device supports.</param>
/// <param name="Architecture">Least architecture of the GPU, such as <c>sm_80</c>; null for the CPU.</param>
internal sealed record KernelReport(
    string Name, string Family, string Rung, ElementType ElementType, int? HeadDim, string? Architecture)
{
    /// <summary>Whether it is what a plan runs, and not an operation beside it.</summary>
    public bool IsPlanned => Family is "dense" or "scores" || IsMap || IsBackward;

    /// <summary>Whether it returns scores and statistics instead of outputs.</summary>
    public bool IsScores => Family == "scores";

    /// <summary>Whether it runs attention on maps of tokens.</summary>
    public bool IsMap => Family == "neighborhood";

    /// <summary>Whether it is part of the gradients, of dense attention and on maps.</summary>
    public bool IsBackward => Family == "backward";

    /// <summary>
    /// Whether it runs only problems with modifiers (true) or only those without (false); null for both.
    /// </summary>
    public bool? Modifiers { get; init; }
}
