namespace NativeAttention.Conformance.Tests;

/// <summary>
/// What the library covers of ONNX Attention and FlexAttention; a name that is not listed is a feature it
/// does not have.
/// </summary>
internal static class OnnxCoverage
{
    private static readonly string[] KnownInputs =
        ["Q", "K", "V", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen"];

    private static readonly string[] KnownOutputs = ["Y", "present_key", "present_value"];

    // The output that the library does not have yet; everything else of such a case is checked.
    private static readonly string[] LeftOutOutputs = ["qk_matmul_output"];

    // softmax_precision may be no less than the library's float32; qk_matmul_output_mode is about the output
    // that is left out.
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
            .. onnx.Outputs.Except([.. KnownOutputs, .. LeftOutOutputs]).Select(name => $"output {name}"),
            .. onnx.Attributes.Except(KnownAttributes).Select(name => $"attribute {name}"),
            .. ElementTypes(onnx).Except(KnownTypes).Select(type => $"element type {type}"),
            .. ScoreModifiers(onnx).Except(KnownScoreModifiers).Select(kind => $"score modifier {kind}"),
        ]
        : [$"operator {onnx.Operator}"];

    /// <summary>The outputs of a covered case that are not computed.</summary>
    public static string[] MissingOutputs(OnnxCase onnx) => [.. onnx.Outputs.Intersect(LeftOutOutputs)];

    private static IEnumerable<string> ElementTypes(OnnxCase onnx) =>
        new[] { "Q", "K", "V" }.Select(onnx.Dtype).Distinct();

    private static IEnumerable<string> ScoreModifiers(OnnxCase onnx) =>
        onnx.ScoreModifier() is { } graph ? [graph.Kind] : [];
}
