using System.Text.Json.Nodes;
using NativeAttention.Benchmarks.Problems;
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
        BenchFamily.Backward => "backward",
        _ => Map is null ? "dense" : "neighborhood",
    };

    /// <summary>Name of the device in results.</summary>
    public string DeviceName => Device == BenchDevice.Emulator ? "emulator" : "cpu";

    /// <summary>What filters look at: the device, then the case as results name it.</summary>
    public string Name => $"{DeviceName}/{Id}";

    /// <summary>The case as results name it.</summary>
    public string Id => CaseId.Of(FamilyName, Dtypes.Of(Type), CaseShape.Of(Shape), ResultOptions);

    /// <summary>The options of the problem.</summary>
    public AttentionOptions Options => Problem.Options;

    /// <summary>The problem.</summary>
    internal DenseProblem Problem => new(Type, Shape,
        new() { Mask = Mask, Tuning = TuningHints.None with { MaxThreads = Threads } },
        Modifier is null ? [] : [Modifier]);

    /// <summary>The problem on the map of the tokens; null when they have none.</summary>
    internal NeighborhoodProblem? MapProblem => Map is null ? null
        : NeighborhoodProblem.Create(Type, Map.Shape(Shape), Map.Options with { Tuning = Options.Tuning });

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
    internal ResultMetric Metric => Family == BenchFamily.Backward ? ResultMetric.Tflops
        : Family != BenchFamily.Dense || Shape.KeyLength == 1 ? ResultMetric.Seconds
        : Shape.QueryLength == 1 ? ResultMetric.Gbps
        : ResultMetric.Tflops;

    // Backward is five products of which forward has two; three have the head dim and two that of the values.
    private double Flops
    {
        get
        {
            double forward = MapProblem is { } map
                ? 2 * map.Pairs * (Shape.HeadDim + Shape.ValueHeadDim)
                : WorkCounts.Flops(Problem);
            return Family == BenchFamily.Backward
                ? forward * ((3 * Shape.HeadDim) + (2 * Shape.ValueHeadDim)) / (Shape.HeadDim + Shape.ValueHeadDim)
                : forward;
        }
    }

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
            Flops = works ? Flops : null,
            Bytes = !works ? null : Family == BenchFamily.Backward ? WorkCounts.BackwardBytes(Problem)
                : WorkCounts.Bytes(Problem),
            Metric = Metric,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
