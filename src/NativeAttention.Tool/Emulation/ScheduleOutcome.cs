using System.Text.Json;
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
    /// <summary>How messages call a way to run.</summary>
    public static string Describe(EmulatorOptions options) =>
        $"seed {options.Seed}, warps {OrderOf(options)}, copies {CopiesOf(options)}";

    /// <summary>The order of warps in words.</summary>
    public static string OrderOf(EmulatorOptions options) =>
        JsonNamingPolicy.KebabCaseLower.ConvertName(options.Order.ToString());

    /// <summary>When asynchronous copies arrive.</summary>
    public static string CopiesOf(EmulatorOptions options) => (options.Seed & 1) == 0 ? "early" : "late";
}
