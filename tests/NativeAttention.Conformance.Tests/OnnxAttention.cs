namespace NativeAttention.Conformance.Tests;

/// <summary>
/// What the library covers of ONNX Attention and FlexAttention, and how a case becomes a problem.
/// </summary>
/// <remarks>
/// ONNX aligns a causal mask at the top left when there is no past. Tensors of rank 4 are [batch, heads,
/// sequence, dim]; those of rank 3 are [batch, sequence, heads * dim], which in memory is [batch, sequence,
/// heads, dim].
/// </remarks>
internal static class OnnxAttention
{
    // Everything a case may use; a name that is in none of these is a feature the library does not have yet.
    private static readonly string[] KnownInputs = ["Q", "K", "V"];
    private static readonly string[] KnownOutputs = ["Y"];
    private static readonly string[] KnownAttributes = ["is_causal", "scale", "q_num_heads", "kv_num_heads"];
    private static readonly string[] KnownTypes = ["float32", "float16"];

    /// <summary>The features a case needs that the library does not have; empty when it must pass.</summary>
    public static string[] MissingFeatures(OnnxCase onnx) => onnx.Operator is "Attention" or "FlexAttention"
        ? [
            .. onnx.Inputs.Except(KnownInputs).Select(name => $"input {name}"),
            .. onnx.Outputs.Except(KnownOutputs).Select(name => $"output {name}"),
            .. onnx.Attributes.Except(KnownAttributes).Select(name => $"attribute {name}"),
            .. KnownInputs.Select(onnx.Dtype).Distinct().Except(KnownTypes)
                .Select(type => $"element type {type}"),
        ]
        : [$"operator {onnx.Operator}"];

    /// <summary>The problem a covered case describes.</summary>
    public static AttentionProblem Problem(OnnxCase onnx)
    {
        long[] q = onnx.Shape("Q"), k = onnx.Shape("K"), v = onnx.Shape("V");
        bool heads = q.Length == 4;
        int queryHeads = heads ? (int)q[1] : (int)onnx.Number("q_num_heads")!.Value;
        int keyHeads = heads ? (int)k[1] : (int)onnx.Number("kv_num_heads")!.Value;
        AttentionShape shape = new((int)q[0], (int)q[^2], (int)k[^2], queryHeads, keyHeads,
            (int)q[^1] / (heads ? 1 : queryHeads), (int)v[^1] / (heads ? 1 : keyHeads));
        return AttentionProblem.Create(
            onnx.Dtype("Q") == "float16" ? ElementType.Float16 : ElementType.Float32, shape,
            new AttentionOptions
            {
                Mask = onnx.Number("is_causal") is 1 ? AttentionMask.CausalTopLeft : AttentionMask.None,
                Scale = (float?)onnx.Number("scale"),
                Layout = heads ? AttentionLayout.Bhsd : AttentionLayout.Bshd,
            });
    }
}
