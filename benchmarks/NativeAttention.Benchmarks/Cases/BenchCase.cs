using System.Text.Json.Nodes;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>One thing to measure. All that is measured is a list of these.</summary>
public sealed record BenchCase
{
    /// <summary>Where it runs.</summary>
    public required BenchDevice Device { get; init; }

    /// <summary>What it does.</summary>
    public BenchFamily Family { get; init; }

    /// <summary>Element type.</summary>
    public ElementType Type { get; init; } = ElementType.Float32;

    /// <summary>Lengths.</summary>
    public required AttentionShape Shape { get; init; }

    /// <summary>The mask.</summary>
    public AttentionMask Mask { get; init; } = AttentionMask.None;

    /// <summary>What else it has; null for nothing.</summary>
    internal Modifier? Modifier { get; init; }

    /// <summary>The map of the tokens, when they have one: neighborhood attention; null for dense attention.</summary>
    internal BenchMap? Map { get; init; }

    /// <summary>Most threads; null for all processors.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether the short mode measures it too.</summary>
    public bool InShort { get; init; }

    /// <summary>Whether it is in the table of the CPU's goals.</summary>
    public bool InTable { get; init; }

    /// <summary>Name of the family in results.</summary>
    public string FamilyName => Family switch
    {
        BenchFamily.Plan => "plan",
        BenchFamily.OneShot => "oneshot",
        _ => Map is null ? "dense" : "neighborhood",
    };

    /// <summary>Name of the device in results.</summary>
    public string DeviceName => Device == BenchDevice.Emulator ? "emulator" : "cpu";

    /// <summary>What filters look at: the device, then the case as results name it.</summary>
    public string Name => $"{DeviceName}/{Id}";

    /// <summary>The case as results name it.</summary>
    public string Id => CaseId.Of(FamilyName, Dtypes.Of(Type), CaseShape.Of(Shape), ResultOptions);

    /// <summary>The options of the problem.</summary>
    public AttentionOptions Options
    {
        get
        {
            AttentionOptions plain =
                new() { Mask = Mask, Tuning = TuningHints.None with { MaxThreads = Threads } };
            return Modifier?.Apply(plain, Shape) ?? plain;
        }
    }

    /// <summary>The case of the same shape with neither modifier nor mask nor map.</summary>
    internal BenchCase Plain => this with { Mask = AttentionMask.None, Modifier = null, Map = null };

    /// <summary>The options as results store them; null when there are none.</summary>
    internal JsonObject? ResultOptions
    {
        get
        {
            JsonObject options = [];
            if (Mask != AttentionMask.None)
            {
                options["mask"] = Mask.ToString();
            }

            if (Modifier is { } modifier)
            {
                options[modifier.Name] = modifier.Value;
            }

            Map?.Store(options);
            if (Threads is { } threads)
            {
                options["threads"] = threads;
            }

            return options.Count > 0 ? options : null;
        }
    }

    /// <summary>
    /// The number that tells most: where there is but one query, reading the keys and values is all the work.
    /// </summary>
    internal ResultMetric Metric => Family != BenchFamily.Dense || Shape.KeyLength == 1 ? ResultMetric.Seconds
        : Shape.QueryLength == 1 ? ResultMetric.Gbps
        : ResultMetric.Tflops;

    /// <summary>Queries and keys of a sequence of the batch that count.</summary>
    internal (int Queries, int Keys) Lengths(int batch) =>
        Modifier?.Lengths(Shape, batch) ?? (Shape.QueryLength, Shape.KeyLength);

    /// <summary>A line of results without what was measured.</summary>
    internal MeasurementLine Line(string provider, string? kernel)
    {
        bool works = Family != BenchFamily.Plan; // a plan computes nothing yet
        return new MeasurementLine
        {
            Case = Id,
            Family = FamilyName,
            Provider = provider,
            Kernel = kernel,
            Dtype = Dtypes.Of(Type),
            Shape = CaseShape.Of(Shape),
            Options = ResultOptions,
            Status = ResultStatus.Failed,
            Flops = works ? CaseCounts.Flops(this) : null,
            Bytes = works ? CaseCounts.Bytes(this) : null,
            Metric = Metric,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
