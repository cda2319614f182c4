using NativeAttention.Emulation;

namespace NativeAttention.Tool.Emulation;

/// <summary>What the user asked <c>nattn emulate</c> to do.</summary>
internal sealed record EmulateRequest
{
    /// <summary>A file of PTX; null when one of our kernels is named.</summary>
    public string? File { get; init; }

    /// <summary>Entry of the file; null for its only one.</summary>
    public string? Entry { get; init; }

    /// <summary>Whether to list the entries and nothing else.</summary>
    public bool List { get; init; }

    public LaunchExtent Grid { get; init; }

    public LaunchExtent Block { get; init; }

    public int SharedBytes { get; init; }

    public IReadOnlyList<ArgumentSpec> Arguments { get; init; } = [];

    /// <summary>A file with the parameter block.</summary>
    public string? Params { get; init; }

    /// <summary>One of our kernels.</summary>
    public string? Kernel { get; init; }

    /// <summary>The problem for it.</summary>
    public AttentionShape? Shape { get; init; }

    public bool Causal { get; init; }

    /// <summary>Architecture; null for that of the file.</summary>
    public string? Target { get; init; }

    public int Seed { get; init; }

    public int Schedules { get; init; } = 1;

    public int Threads { get; init; } = 1;

    public EmulatorChecks Checks { get; init; } = EmulatorChecks.All;

    public bool Profile { get; init; }

    /// <summary>
    /// The ways to run it, one per schedule: another seed each, the orders of warps in turn, and by the seed
    /// asynchronous copies that arrive at once or as late as they may.
    /// </summary>
    public IEnumerable<EmulatorOptions> Ways(string target) => Enumerable.Range(0, Schedules).Select(i =>
        EmulatorOptions.Default with
        {
            Target = target,
            Threads = Threads,
            Checks = Checks,
            Profile = Profile,
            Seed = Seed + i,
            Order = (WarpOrder)(i % Enum.GetValues<WarpOrder>().Length),
        });
}
