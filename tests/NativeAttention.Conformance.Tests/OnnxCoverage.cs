namespace NativeAttention.Conformance.Tests;

/// <summary>
/// What the library covers of ONNX Attention and FlexAttention; a name that is not listed is a feature it
/// does not have.
/// </summary>
internal static class OnnxCoverage
{
    /// <summary>The output that a pass over the scores gives, of backends that have one.</summary>
    public const string ScoreOutput = "qk_matmul_output";

    private static readonly string[] KnownInputs =
        ["Q", "K", "V", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen"];

    private static readonly string[] KnownOutputs = ["Y", "present_key", "present_value", ScoreOutput];

    // softmax_precision may be no more than the library's float32.
    private static readonly string[] KnownAttributes =
    [
        "is_causal", "scale", "softcap", "left_window_size", "right_window_size", "q_num_heads",
        "kv_num_heads", "softmax_precision", "qk_matmul_output_mode", "score_mod",
    ];

    private static readonly string[] KnownScoreModifiers = ["softcap", "relative_position"];

    private static readonly string[] KnownTypes = ["float32", "float16"];

    /// <summary>The features a case needs that the library does not have; empty when it must pass.</summary>
    public static string[] MissingFeatures(OnnxCase onnx) => onnx.Operator is "Attention" or "FlexAttention"
        ? [
            .. onnx.Inputs.Except(KnownInputs).Select(name => $"input {name}"),
            .. onnx.Outputs.Except(KnownOutputs).Select(name => $"output {name}"),
            .. onnx.Attributes.Except(KnownAttributes).Select(name => $"attribute {name}"),
            .. ElementTypes(onnx).Except(KnownTypes).Select(type => $"element type {type}"),
            .. ScoreModifiers(onnx).Except(KnownScoreModifiers).Select(kind => $"score modifier {kind}"),
        ]
        : [$"operator {onnx.Operator}"];

    private static IEnumerable<string> ElementTypes(OnnxCase onnx) =>
        new[] { "Q", "K", "V" }.Select(onnx.Dtype).Distinct();

    private static IEnumerable<string> ScoreModifiers(OnnxCase onnx) =>
        onnx.ScoreModifier() is { } graph ? [graph.Kind] : [];
}
