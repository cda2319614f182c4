using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace NativeAttention.Tool.Results;

/// <summary>The name of a case, which follows from its data by one rule.</summary>
/// <remarks>
/// <c>family-dtype-bB-hHQxHKV-sSQxSK-dDxDV</c>, then the mask unless it is <c>none</c>, then every other
/// option in the order of the code points of its name: <c>-name</c> when it is true, nothing when it is
/// false or null, else <c>-name=value</c>, where numbers of an array are joined by <c>x</c>. Numbers are
/// whole, or decimals from 0.0001 to below 1e15, in the shortest form that reads back the same: what
/// Python's <c>repr</c> gives. benchmarks/schema.md has the rule in Python.
/// </remarks>
internal static class CaseId
{
    private const string Mask = "mask";

    /// <summary>The name of a case.</summary>
    /// <exception cref="FormatException">An option has a value that cannot be part of a name.</exception>
    public static string Of(string family, string dtype, CaseShape shape, JsonObject? options)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder id = new();
        id.Append(culture, $"{family}-{dtype}-b{shape.Batch}-h{shape.QueryHeads}x{shape.KeyValueHeads}")
            .Append(culture, $"-s{shape.QueryLength}x{shape.KeyLength}-d{shape.HeadDim}x{shape.ValueHeadDim}");
        foreach (string option in Options(options))
        {
            id.Append('-').Append(option);
        }

        return id.ToString();
    }

    /// <summary>What the options add to the name, one by one.</summary>
    /// <exception cref="FormatException">An option has a value that cannot be part of a name.</exception>
    public static IEnumerable<string> Options(JsonObject? options)
    {
        if (options?[Mask] is { } mask && Value(Mask, mask) is not "none" and { } name)
        {
            yield return name;
        }

        foreach ((string key, JsonNode? value) in (options ?? []).OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            JsonValueKind kind = value?.GetValueKind() ?? JsonValueKind.Null;
            if (key != Mask && kind is not (JsonValueKind.Null or JsonValueKind.False))
            {
                yield return Word(key, key) + (kind == JsonValueKind.True ? "" : $"={Value(key, value!)}");
            }
        }
    }

    private static string Value(string key, JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.String => Word(key, value.GetValue<string>()),
        JsonValueKind.Number => Number(key, value),
        JsonValueKind.Array when value.AsArray().Count > 0 => string.Join('x', value.AsArray().Select(v =>
            v?.GetValueKind() == JsonValueKind.Number ? Number(key, v) : throw Bad(key, value))),
        _ => throw Bad(key, value),
    };

    private static string Word(string key, string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? text
            : throw Bad(key, text);

    private static string Number(string key, JsonNode value)
    {
        // Through the text, since a node made in C# remembers the type it was made from.
        double number = double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);
        double magnitude = Math.Abs(number);
        return magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e15)
            ? (number == 0 ? 0 : number).ToString("R", CultureInfo.InvariantCulture)
            : throw Bad(key, value);
    }

    private static FormatException Bad(string key, JsonNode value) => Bad(key, value.ToJsonString());

    private static FormatException Bad(string key, string value) => new(
        $"option '{key}' is '{value}'; allowed are true, false, words of letters, digits and -_. , numbers "
        + "that are 0 or from 0.0001 to below 1e15, and arrays of such numbers");
}
