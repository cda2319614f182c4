using System.Globalization;
using System.Text.Json.Nodes;

namespace NativeAttention.Tool.Results;

/// <summary>One provider on one case. Rates and shares are computed by who reads it, never stored.</summary>
internal sealed record MeasurementLine : ResultLine
{
    /// <summary>Value of <c>kind</c>.</summary>
    public const string Kind = "measurement";

    /// <summary>The provider that is ours on the same shape with neither modifier nor mask.</summary>
    public const string Plain = "plain";

    /// <summary>Name of the case: always <see cref="CaseId.Of"/> of the fields below.</summary>
    public required string Case { get; init; }

    /// <summary>What is computed, such as <c>dense</c>.</summary>
    public required string Family { get; init; }

    /// <summary>Whose code it is; ours begin with <c>nattn</c>.</summary>
    public required string Provider { get; init; }

    /// <summary>The kernel that ran.</summary>
    public string? Kernel { get; init; }

    /// <summary><c>bf16</c>, <c>f16</c> or <c>f32</c>.</summary>
    public required string Dtype { get; init; }

    /// <summary>Lengths.</summary>
    public required CaseShape Shape { get; init; }

    /// <summary>What else makes the case: mask and the like; values are text, numbers, booleans or arrays
    /// of numbers.</summary>
    public JsonObject? Options { get; init; }

    /// <summary>Whether it ran.</summary>
    public required ResultStatus Status { get; init; }

    /// <summary>Why it did not.</summary>
    public string? Reason { get; init; }

    /// <summary>The times of one run; present whenever the status is ok.</summary>
    public Timing? Seconds { get; init; }

    /// <summary>Relative noise of repeats: (p90 - p10) / median over repeated medians.</summary>
    public double? Spread { get; init; }

    /// <summary>Useful floating-point operations of the case.</summary>
    public double? Flops { get; init; }

    /// <summary>Unavoidable bytes of traffic of the case.</summary>
    public double? Bytes { get; init; }

    /// <summary>Time to load and compile the module.</summary>
    public double? ModuleLoadSeconds { get; init; }

    /// <summary>Time the host spends on one launch.</summary>
    public double? HostLaunchSeconds { get; init; }

    /// <summary>Managed memory allocated by one run.</summary>
    public double? AllocatedBytes { get; init; }

    /// <summary>Largest absolute error against the reference.</summary>
    public double? MaxError { get; init; }

    /// <summary>Which number a table leads with.</summary>
    public required ResultMetric Metric { get; init; }

    /// <summary>Threads that the case is limited to; null when it may use all.</summary>
    public int? Threads => Options?["threads"] is { } threads
        && int.TryParse(threads.ToJsonString(), CultureInfo.InvariantCulture, out int count) ? count : null;

    /// <summary>Whether this is our code rather than a peer's.</summary>
    public bool IsOurs => Provider == "nattn" || Provider.StartsWith("nattn-", StringComparison.Ordinal);

    /// <summary>Whether this is plain attention, which stands beside a case with modifiers.</summary>
    public bool IsPlain => Provider == Plain;

    /// <inheritdoc/>
    public override void Check()
    {
        FieldRules.RequireName("family", Family);
        FieldRules.RequireName("provider", Provider);
        FieldRules.RequireOneOf("dtype", Dtype, Dtypes.All);
        Shape.Check();
        string id = CaseId.Of(Family, Dtype, Shape, Options);
        FieldRules.Require(Case == id, "case", Case, $"'{id}', which follows from the other fields");
        FieldRules.Require(Status != ResultStatus.Timeout, "status", "timeout", "ok, failed, skipped");
        FieldRules.Require(Status != ResultStatus.Ok || Seconds is not null, "seconds", "absent",
            "the times, since the status is ok");
        Seconds?.Check();
        foreach ((string name, double? value) in (ReadOnlySpan<(string, double?)>)
            [("spread", Spread), ("flops", Flops), ("bytes", Bytes), ("moduleLoadSeconds", ModuleLoadSeconds),
             ("hostLaunchSeconds", HostLaunchSeconds), ("allocatedBytes", AllocatedBytes),
             ("maxError", MaxError)])
        {
            FieldRules.RequireNotNegative(name, value);
        }
    }
}
