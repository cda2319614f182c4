using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace NativeAttention.Benchmarks.Problems;

/// <summary>
/// One thing beside plain dense attention, of which the cost is measured: an option of the problem, or an
/// operand that its runs bring. Name and value are those of results, case files and command lines.
/// </summary>
internal sealed class Modifier
{
    private readonly JsonNode _value;
    private readonly Func<AttentionOptions, AttentionShape, AttentionOptions> _apply;

    private Modifier(
        string name, JsonNode value, Func<AttentionOptions, AttentionShape, AttentionOptions> apply)
    {
        Name = name;
        _value = value.DeepClone();
        _apply = apply;
    }

    /// <summary>All names, in the order they are applied: a prefix goes on top of a window.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "scale", "softcap", "alibi", "bias", "bool-mask", "window", "prefix", "sinks", "temperature",
        "key-log-weight", "head-gate", "key-lengths", "packed",
    ];

    /// <summary>Name of the option in results.</summary>
    public string Name { get; }

    /// <summary>Value of the option in results.</summary>
    public JsonNode Value => _value.DeepClone();

    /// <summary>Keys beside the diagonal; null when it is no window.</summary>
    public int? WindowKeys { get; private init; }

    /// <summary>Queries and keys of a sequence of the batch that count; null when it is all of them.</summary>
    public Func<AttentionShape, int, (int Queries, int Keys)>? Lengths { get; private init; }

    /// <summary>The modifier of a name and a value.</summary>
    /// <exception cref="FormatException">There is none of that name, or it takes no such value.</exception>
    public static Modifier Of(string name, JsonNode value) => name switch
    {
        "scale" => Option(name, value, o => o with { Scale = (float)Number(name, value) }),
        "softcap" => Option(name, value, o => o with { SoftCap = (float)Number(name, value) }),
        "alibi" => Flag(name, value, (o, _) => o with { AlibiSlopes = OperandStrides.PerHead }),
        "bias" => Matrix(name, value, (o, m) => o with { Bias = new BiasForm(m, ElementType.Float32) }),
        "bool-mask" => Matrix(name, value, (o, m) => o with { Mask = m }),
        "window" => Window(name, value),
        "prefix" => Option(name, value, o => o with { Mask = o.Mask.WithPrefix(Keys(name, value)) }),
        "sinks" => Flag(name, value, (o, _) => o with { Sinks = OperandStrides.PerHead }),
        "temperature" => Flag(name, value, (o, s) => o with { QueryTemperature = QueryRows(s) }),
        "key-log-weight" => Flag(name, value, (o, s) => o with
        {
            KeyLogWeight = OperandStrides.Dense(s.Batch, s.KeyValueHeads, 1, s.KeyLength),
        }),
        "head-gate" => Flag(name, value, (o, s) => o with { HeadGate = QueryRows(s) }),
        "key-lengths" => KeyLengths(name, value),
        "packed" => Packed(name, value),
        _ => throw new FormatException(
            $"modifier '{name}' is unknown; there are: {string.Join(", ", Names)}"),
    };

    /// <summary>The options with it.</summary>
    public AttentionOptions Apply(AttentionOptions options, AttentionShape shape) => _apply(options, shape);

    /// <inheritdoc/>
    public override string ToString() => $"{Name}={_value.ToJsonString()}";

    private static Modifier Option(string name, JsonNode value, Func<AttentionOptions, AttentionOptions> apply)
    {
        apply(AttentionOptions.Default); // a value that is none is refused here
        return new Modifier(name, value, (o, _) => apply(o));
    }

    private static Modifier Flag(
        string name, JsonNode value, Func<AttentionOperands, AttentionShape, AttentionOperands> operands) =>
        value.GetValueKind() == JsonValueKind.True
            ? new Modifier(name, value, (o, s) => o with { Operands = operands(o.Operands, s) })
            : throw Bad(name, value, "true");

    // Shared by batch and heads, or one for each head of each problem.
    private static Modifier Matrix(
        string name, JsonNode value, Func<AttentionOperands, OperandStrides, AttentionOperands> operands)
    {
        bool isShared = value.ToJsonString() switch
        {
            "\"shared\"" => true,
            "\"heads\"" => false,
            _ => throw Bad(name, value, "shared or heads"),
        };
        return new Modifier(name, value, (o, s) => o with
        {
            Operands = operands(o.Operands, isShared
                ? OperandStrides.Dense(1, 1, s.QueryLength, s.KeyLength)
                : OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, s.KeyLength)),
        });
    }

    // Keys before and after the diagonal.
    private static Modifier Window(string name, JsonNode value)
    {
        if (value is not JsonArray { Count: 2 } sides)
        {
            throw Bad(name, value, "two numbers of keys: before and after the diagonal");
        }

        (int left, int right) = (Keys(name, sides[0]), Keys(name, sides[1]));
        return new Modifier(name, value, (o, _) => o.Mask == AttentionMask.None
            ? o with { Mask = AttentionMask.Window(left, right) }
            : throw new FormatException($"option 'window' stands beside the mask '{o.Mask}'; it is a mask itself"))
        {
            WindowKeys = left + right,
        };
    }

    // Of each sequence this share of the keys counts.
    private static Modifier KeyLengths(string name, JsonNode value)
    {
        double share = Number(name, value);
        return share is < 0 or > 1
            ? throw Bad(name, value, "a share of the keys, from 0 to 1")
            : new Modifier(name, value, (o, _) => o with { Operands = o.Operands with { KeyLengths = true } })
            {
                Lengths = (s, _) => (s.QueryLength, (int)(share * s.KeyLength)),
            };
    }

    // Packed sequences: the first as long as the shape allows, the others half as long.
    private static Modifier Packed(string name, JsonNode value)
    {
        return value.GetValueKind() != JsonValueKind.True ? throw Bad(name, value, "true")
            : new Modifier(name, value, (o, s) => o with
            {
                Layout = AttentionLayout.Packed(
                    Enumerable.Range(0, s.Batch).Sum(b => LengthsOf(s, b).Queries),
                    Enumerable.Range(0, s.Batch).Sum(b => LengthsOf(s, b).Keys)),
            })
            {
                Lengths = LengthsOf,
            };

        static (int Queries, int Keys) LengthsOf(AttentionShape s, int batch) =>
            batch == 0 ? (s.QueryLength, s.KeyLength) : (s.QueryLength / 2, s.KeyLength / 2);
    }

    private static OperandStrides QueryRows(AttentionShape s) =>
        OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, 1);

    private static double Number(string name, JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.Number
            // Through the text, since a node made in C# remembers the type it was made from.
            ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture)
            : throw Bad(name, value, "a number");

    private static int Keys(string name, JsonNode? value) =>
        int.TryParse(value?.ToJsonString(), NumberStyles.None, CultureInfo.InvariantCulture, out int keys)
            ? keys
            : throw Bad(name, value, "a number of keys");

    private static FormatException Bad(string name, JsonNode? value, string allowed) =>
        new($"option '{name}' is {value?.ToJsonString() ?? "null"}; allowed is {allowed}");
}
