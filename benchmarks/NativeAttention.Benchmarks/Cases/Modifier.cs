using System.Text.Json.Nodes;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>
/// One thing beside plain dense attention, of which the cost is measured: an option of the problem, or an
/// operand that its runs bring.
/// </summary>
internal sealed class Modifier
{
    private readonly JsonNode _value;
    private readonly Func<AttentionOptions, AttentionShape, AttentionOptions> _apply;

    private Modifier(
        string name, JsonNode value, Func<AttentionOptions, AttentionShape, AttentionOptions> apply)
    {
        Name = name;
        _value = value;
        _apply = apply;
    }

    /// <summary>A scale that is not the default.</summary>
    public static Modifier Scale { get; } = new("scale", 0.5, (o, _) => o with { Scale = 0.5f });

    /// <summary>A soft cap about as large as the scores of these inputs, so that it changes what is computed.</summary>
    public static Modifier SoftCap { get; } = new("softcap", 0.1, (o, _) => o with { SoftCap = 0.1f });

    /// <summary>ALiBi, a slope for each head.</summary>
    public static Modifier Alibi { get; } =
        With("alibi", true, s => new() { AlibiSlopes = OperandStrides.PerHead });

    /// <summary>A float32 bias that batch and heads share.</summary>
    public static Modifier Bias { get; } = With("bias", "shared", s => new()
    {
        Bias = new(OperandStrides.Dense(1, 1, s.QueryLength, s.KeyLength), ElementType.Float32),
    });

    /// <summary>A float32 bias for each head of each problem.</summary>
    public static Modifier BiasPerHead { get; } = With("bias", "heads", s => new()
    {
        Bias = new(OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, s.KeyLength),
            ElementType.Float32),
    });

    /// <summary>A boolean mask that batch and heads share; it hides half of the pairs, at random.</summary>
    public static Modifier BooleanMask { get; } = With("bool-mask", "shared", s => new()
    {
        Mask = OperandStrides.Dense(1, 1, s.QueryLength, s.KeyLength),
    });

    /// <summary>A causal window: the diagonal and 256 keys before it.</summary>
    public static Modifier Window256 { get; } = Window(256);

    /// <summary>A causal window: the diagonal and 1024 keys before it.</summary>
    public static Modifier Window1024 { get; } = Window(1024);

    /// <summary>A prefix of 256 keys that every query sees, whatever its mask is.</summary>
    public static Modifier Prefix { get; } =
        new("prefix", 256, (o, _) => o with { Mask = o.Mask.WithPrefix(256) });

    /// <summary>A sink for each head.</summary>
    public static Modifier Sinks { get; } = With("sinks", true, s => new() { Sinks = OperandStrides.PerHead });

    /// <summary>A factor on the scores of each query.</summary>
    public static Modifier Temperature { get; } = With("temperature", true, s => new()
    {
        QueryTemperature = OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, 1),
    });

    /// <summary>A term on the scores of each key.</summary>
    public static Modifier KeyLogWeight { get; } = With("key-log-weight", true, s => new()
    {
        KeyLogWeight = OperandStrides.Dense(s.Batch, s.KeyValueHeads, 1, s.KeyLength),
    });

    /// <summary>A factor on the output of each query and head.</summary>
    public static Modifier HeadGate { get; } = With("head-gate", true, s => new()
    {
        HeadGate = OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, 1),
    });

    /// <summary>Of each sequence three quarters of the keys count.</summary>
    public static Modifier KeyLengths { get; } =
        new("key-lengths", 0.75, (o, _) => o with { Operands = new() { KeyLengths = true } })
        {
            Lengths = (s, _) => (s.QueryLength, 3 * s.KeyLength / 4),
        };

    /// <summary>Packed sequences: the first as long as the shape allows, the others half as long.</summary>
    public static Modifier Packed { get; } =
        new("packed", true, (o, s) => o with
        {
            Layout = AttentionLayout.Packed(s.Batch * s.QueryLength, s.Batch * s.KeyLength),
        })
        {
            Lengths = (s, batch) => batch == 0 ? (s.QueryLength, s.KeyLength) : (s.QueryLength / 2, s.KeyLength / 2),
        };

    /// <summary>All, in the order of results.</summary>
    public static IReadOnlyList<Modifier> All { get; } =
    [
        Scale, SoftCap, Alibi, Bias, BiasPerHead, BooleanMask, Window256, Window1024, Prefix, Sinks,
        Temperature, KeyLogWeight, HeadGate, KeyLengths, Packed,
    ];

    /// <summary>Name of the option in results.</summary>
    public string Name { get; }

    /// <summary>Value of the option in results.</summary>
    public JsonNode Value => _value.DeepClone();

    /// <summary>Keys before the diagonal; null when it is no window.</summary>
    public int? WindowKeys { get; private init; }

    /// <summary>Queries and keys of a sequence of the batch that count.</summary>
    public Func<AttentionShape, int, (int Queries, int Keys)> Lengths { get; private init; } =
        (s, _) => (s.QueryLength, s.KeyLength);

    /// <summary>The options with it.</summary>
    public AttentionOptions Apply(AttentionOptions options, AttentionShape shape) => _apply(options, shape);

    /// <inheritdoc/>
    public override string ToString() => $"{Name}={_value.ToJsonString()}";

    private static Modifier With(string name, JsonNode value, Func<AttentionShape, AttentionOperands> operands) =>
        new(name, value, (o, s) => o with { Operands = operands(s) });

    private static Modifier Window(int keys) =>
        new("window", new JsonArray(keys, 0), (o, _) => o with { Mask = AttentionMask.Window(keys, 0) })
        {
            WindowKeys = keys,
        };
}
