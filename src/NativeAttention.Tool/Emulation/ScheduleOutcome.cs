using NativeAttention.Emulation;

namespace NativeAttention.Tool.Emulation;

/// <summary>What came of one schedule.</summary>
/// <param name="Options">How it ran.</param>
/// <param name="Result">The finding and the counts.</param>
/// <param name="Outputs">Content of every buffer that is written.</param>
/// <param name="Incomplete">The buffers with bytes that nothing has written.</param>
internal sealed record ScheduleOutcome(
    EmulatorOptions Options, LaunchResult Result, IReadOnlyList<byte[]> Outputs,
    IReadOnlyList<BufferFile> Incomplete)
{
    /// <summary>How messages call it.</summary>
    public string Name => Describe(Options);

    /// <summary>How messages call a way to run.</summary>
    public static string Describe(EmulatorOptions options) =>
        $"seed {options.Seed}, warps {options.Order.ToString().ToLowerInvariant()}, "
        + $"copies {((options.Seed & 1) == 0 ? "early" : "late")}";
}
