using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Output;

/// <summary>What <c>--json</c> prints when a command fails.</summary>
internal sealed record FailureDocument(string Command, int ExitCode, string Error);

/// <summary>What <c>nattn info --json</c> prints.</summary>
internal sealed record InfoDocument(
    string Command,
    int ExitCode,
    string Version,
    string Driver,
    IReadOnlyList<DeviceDocument> Devices);

/// <summary>One device.</summary>
internal sealed record DeviceDocument(
    string Name,
    bool Available,
    string? Description,
    string? Reason,
    IReadOnlyList<KernelDocument> Kernels);

/// <summary>One kernel of a device.</summary>
internal sealed record KernelDocument(
    string Name,
    string Family,
    string Rung,
    string ElementType,
    int? HeadDim,
    string? Architecture);

/// <summary>What <c>nattn run --json</c> prints.</summary>
internal sealed record RunDocument(
    string Command,
    int ExitCode,
    string Device,
    string Kernel,
    string FileType,
    string ComputeType,
    ShapeDocument Shape,
    string Mask,
    int? DiagonalOffset,
    float Scale,
    float? SoftCap,
    IReadOnlyList<OperandDocument> Operands,
    string Layout,
    double PlanMilliseconds,
    double RunMilliseconds,
    string Output,
    string? Lse,
    string? PresentKey,
    string? PresentValue,
    ScoreDocument? Scores);

/// <summary>A pass over scores: its kernel and its files.</summary>
internal sealed record ScoreDocument(
    string Kernel,
    string? Scores,
    string? Stage,
    string? ColumnSums,
    string? RowEntropy,
    string? BlockMaxima,
    int? BlockSide);

/// <summary>An optional operand: its name is that of the option.</summary>
internal sealed record OperandDocument(string Name, string File, string Dtype, IReadOnlyList<long> Shape)
{
    public static OperandDocument Of(InputTensor file) => new(
        file.Option.TrimStart('-'), file.Path, NpyDtype.NameOf(file.Array.Type), file.Array.Shape);
}

/// <summary>The lengths of a problem.</summary>
internal sealed record ShapeDocument(
    int Batch,
    int QueryLength,
    int KeyLength,
    int QueryHeads,
    int KeyValueHeads,
    int ValueHeads,
    int HeadDim,
    int ValueHeadDim)
{
    public static ShapeDocument Of(AttentionShape s) => new(
        s.Batch, s.QueryLength, s.KeyLength, s.QueryHeads, s.KeyValueHeads, s.ValueHeads,
        s.HeadDim, s.ValueHeadDim);
}

/// <summary>What <c>nattn verify --json</c> and <c>nattn demo --json</c> print.</summary>
internal sealed record VerificationDocument(
    string Command,
    int ExitCode,
    int Seed,
    int Passed,
    int Failed,
    int Skipped,
    IReadOnlyList<VerifiedDeviceDocument> Devices,
    IReadOnlyList<VerifiedCaseDocument> Cases)
{
    /// <summary>Neighborhood attention on a picture, device by device; empty for <c>verify</c>.</summary>
    public IReadOnlyList<PictureDocument> Pictures { get; init; } = [];
}

/// <summary>
/// Neighborhood attention on a picture with noise; signal to noise ratios against the clean one in dB, errors against
/// float64 in grey levels from 0 to 1.
/// </summary>
internal sealed record PictureDocument(
    string Device,
    string Kernel,
    int Height,
    int Width,
    int Window,
    double Milliseconds,
    double NoisySignalToNoise,
    double SignalToNoise,
    double MaxError,
    double Bound,
    bool Passed);

/// <summary>A device that was checked, or why it was not.</summary>
internal sealed record VerifiedDeviceDocument(
    string Name, bool Available, string? Description, string? Reason);

/// <summary>One kernel on one problem.</summary>
internal sealed record VerifiedCaseDocument(
    string Device,
    string Kernel,
    string ElementType,
    string Rung,
    string Case,
    ShapeDocument Shape,
    string Mask,
    float? Scale,
    string Layout,
    bool Passed,
    double MaxError,
    double RelativeError,
    double Bound,
    double MaxLseError,
    double LseBound,
    double Milliseconds,
    string? Failure);

/// <summary>What <c>nattn report --json</c> prints.</summary>
internal sealed record ReportDocument(
    string Command,
    int ExitCode,
    IReadOnlyList<string> Files,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<ReportedDeviceDocument> Devices);

/// <summary>The report of one device.</summary>
internal sealed record ReportedDeviceDocument(
    string Device,
    string Machine,
    string Commit,
    DateTime Date,
    string? BaselineCommit,
    DateTime? BaselineDate,
    int Worse,
    int Faster,
    IReadOnlyList<string> NoLongerMeasured,
    IReadOnlyList<ReportedStepDocument> Steps,
    IReadOnlyList<ReportedGoalDocument> Goals,
    IReadOnlyList<ReportedCaseDocument> Cases);

/// <summary>
/// A goal for a case: shares and ratios as fractions, seconds or bytes; what is unknown is null.
/// </summary>
internal sealed record ReportedGoalDocument(
    string Name, string Case, double? Reached, double? Floor, double Aim, string State);

/// <summary>How a step ended.</summary>
internal sealed record ReportedStepDocument(string Name, string Status, string? Reason);

/// <summary>
/// One case: rates in FLOP/s and bytes/s, shares and ratios as fractions; what is unknown is null.
/// </summary>
internal sealed record ReportedCaseDocument(
    string Case,
    string Family,
    string Status,
    string? Reason,
    string? Kernel,
    double? Seconds,
    double? Noise,
    double? FlopRate,
    double? ByteRate,
    double? ComputeShare,
    double? ReadShare,
    double? RooflineShare,
    string? BestPeer,
    double? BestPeerSeconds,
    double? OursOverPeer,
    double? MaxError,
    double? Change,
    double? ChangeNoise,
    bool ChangeBeyondNoise);
