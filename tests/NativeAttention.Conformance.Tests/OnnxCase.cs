using System.Text.Json;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Conformance.Tests;

/// <summary>One case of the ONNX standard: operator, attributes, tensors, tolerance.</summary>
internal sealed class OnnxCase
{
    private readonly string _folder;
    private readonly JsonElement _json;

    private OnnxCase(string folder)
    {
        _folder = folder;
        _json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json"))).RootElement;
    }

    public string Name => Path.GetFileName(_folder);

    public string Operator => _json.GetProperty("operator").GetString()!;

    /// <summary>Names of the attributes that are set.</summary>
    public IEnumerable<string> Attributes =>
        _json.GetProperty("attributes").EnumerateObject().Select(p => p.Name);

    /// <summary>Names of the inputs that exist.</summary>
    public IEnumerable<string> Inputs => _json.GetProperty("inputs").EnumerateObject().Select(p => p.Name);

    /// <summary>Names of the outputs that exist.</summary>
    public IEnumerable<string> Outputs => _json.GetProperty("outputs").EnumerateObject().Select(p => p.Name);

    public double RelativeTolerance => _json.GetProperty("tolerance").GetProperty("rtol").GetDouble();

    public double AbsoluteTolerance => _json.GetProperty("tolerance").GetProperty("atol").GetDouble();

    /// <summary>Whether there is an input of this name.</summary>
    public bool HasInput(string name) => _json.GetProperty("inputs").TryGetProperty(name, out _);

    /// <summary>Whether there is an output of this name.</summary>
    public bool HasOutput(string name) => _json.GetProperty("outputs").TryGetProperty(name, out _);

    public static IEnumerable<OnnxCase> Load(string folder) =>
        Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Select(f => new OnnxCase(f));

    /// <summary>A numeric attribute, or null when it is not set.</summary>
    public double? Number(string attribute) =>
        _json.GetProperty("attributes").TryGetProperty(attribute, out JsonElement value)
            ? value.GetDouble()
            : null;

    /// <summary>The score modifier of FlexAttention: kind and value; null when there is none.</summary>
    public (string Kind, double? Value)? ScoreModifier()
    {
        if (!_json.GetProperty("attributes").TryGetProperty("score_mod", out JsonElement graph))
        {
            return null;
        }

        return (graph.GetProperty("kind").GetString()!,
            graph.TryGetProperty("value", out JsonElement value) ? value.GetDouble() : null);
    }

    /// <summary>Type of an input, by NumPy's name.</summary>
    public string Dtype(string input) =>
        _json.GetProperty("inputs").GetProperty(input).GetProperty("dtype").GetString()!;

    /// <summary>Shape of an input, as <c>case.json</c> has it.</summary>
    public long[] Shape(string input) => Shape(_json.GetProperty("inputs").GetProperty(input));

    /// <summary>Full path of the file of an input.</summary>
    public string InputPath(string name) => Path.Combine(_folder,
        _json.GetProperty("inputs").GetProperty(name).GetProperty("file").GetString()!);

    public NpyArray ReadInput(string name) => Read(_json.GetProperty("inputs").GetProperty(name));

    public NpyArray ReadOutput(string name) => Read(_json.GetProperty("outputs").GetProperty(name));

    private NpyArray Read(JsonElement tensor)
    {
        NpyArray array = NpyReader.Read(Path.Combine(_folder, tensor.GetProperty("file").GetString()!));
        Assert.That(array.Shape, Is.EqualTo(Shape(tensor)), "the file has the shape that case.json says");
        Assert.That(NpyDtype.NameOf(array.Type), Is.EqualTo(tensor.GetProperty("dtype").GetString()));
        return array;
    }

    private static long[] Shape(JsonElement tensor) =>
        [.. tensor.GetProperty("shape").EnumerateArray().Select(n => n.GetInt64())];
}
