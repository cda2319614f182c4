namespace NativeAttention.Tool.Results;

/// <summary>What the device reached in the same run on work that is nothing but one resource.</summary>
internal sealed record CeilingLine : ResultLine
{
    /// <summary>Value of <c>kind</c>.</summary>
    public const string Kind = "ceiling";

    /// <summary><c>matmul-bf16</c>, <c>matmul-f16</c>, <c>matmul-f32</c>, <c>fma-f32</c> or
    /// <c>read</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The rate, in <see cref="Unit"/>.</summary>
    public required double Value { get; init; }

    /// <summary><c>TFLOP/s</c>, <c>GFLOP/s</c> or <c>GB/s</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>Threads that reached it, on a processor; null for all.</summary>
    public int? Threads { get; init; }

    /// <summary>Relative noise of its repeats.</summary>
    public double? Spread { get; init; }

    /// <summary>Who measured it: <c>nattn</c> or <c>torch</c>.</summary>
    public string? Provider { get; init; }

    /// <summary>The name, with the threads when they are not all.</summary>
    public string Label => Threads is null ? Name : $"{Name}, {Threads} {(Threads == 1 ? "thread" : "threads")}";

    /// <summary>The rate in FLOP/s or bytes/s.</summary>
    public double PerSecond => Value * (Unit == "TFLOP/s" ? 1e12 : 1e9);

    /// <inheritdoc/>
    public override void Check()
    {
        FieldRules.RequireName("name", Name);
        FieldRules.RequirePositive("value", Value);
        FieldRules.RequireOneOf("unit", Unit, "TFLOP/s", "GFLOP/s", "GB/s");
        FieldRules.Require(Name != "read" ^ Unit == "GB/s", "unit", Unit,
            "GB/s for the ceiling 'read', TFLOP/s or GFLOP/s for any other");
        FieldRules.Require(Threads is null or > 0, "threads", Threads, "a number above 0");
        FieldRules.RequireNotNegative("spread", Spread);
    }
}
