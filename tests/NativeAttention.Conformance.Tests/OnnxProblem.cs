namespace NativeAttention.Conformance.Tests;

/// <summary>How a covered case becomes a problem of the library.</summary>
internal static class OnnxProblem
{
    /// <summary>The problem a covered case describes.</summary>
    public static AttentionProblem Of(OnnxCase onnx)
    {
        var lengths = OnnxLengths.Of(onnx);
        return AttentionProblem.Create(Type(onnx, "Q"), lengths.Shape, new AttentionOptions
        {
            Mask = Mask(onnx),
            Scale = (float?)onnx.Number("scale"),
            SoftCap = SoftCap(onnx),
            DiagonalOffset = DiagonalOffset(onnx, lengths),
            Layout = lengths.Layout,
            Operands = new AttentionOperands
            {
                Bias = Bias(onnx, lengths),
                Mask = HasMask(onnx, boolean: true) ? MaskStrides(onnx) : null,
                KeyLengths = onnx.HasInput("nonpad_kv_seqlen"),
            },
        });
    }

    /// <summary>The pass over the scores that a case asks for; null when it asks for none.</summary>
    public static ScoreRequest? Scores(OnnxCase onnx) => onnx.HasOutput(OnnxCoverage.ScoreOutput)
        ? new ScoreRequest
        {
            Scores = (onnx.Number("qk_matmul_output_mode") ?? 0) switch
            {
                0 => ScoreStage.Scaled,
                1 => ScoreStage.SoftCapped,
                2 => ScoreStage.Masked,
                _ => ScoreStage.Probabilities,
            },
        }
        : null;

    /// <summary>Whether there is a mask, of booleans or of numbers to add.</summary>
    public static bool HasMask(OnnxCase onnx, bool boolean) =>
        onnx.HasInput("attn_mask") && onnx.Dtype("attn_mask") == "bool" == boolean;

    /// <summary>Whether FlexAttention adds query index - key index to every score.</summary>
    public static bool IsRelativePosition(OnnxCase onnx) =>
        onnx.ScoreModifier() is { Kind: "relative_position" };

    /// <summary>The soft cap, of either operator; ONNX writes none as 0.</summary>
    public static float? SoftCap(OnnxCase onnx)
    {
        double cap = onnx.ScoreModifier() is { Kind: "softcap" } graph
            ? graph.Value!.Value
            : onnx.Number("softcap") ?? 0;
        return cap > 0 ? (float)cap : null;
    }

    /// <summary>The band of visible keys; ONNX writes an open side as -1.</summary>
    public static AttentionMask Mask(OnnxCase onnx)
    {
        (int? left, int? right) = (Width(onnx, "left_window_size"), Width(onnx, "right_window_size"));
        bool causal = onnx.Number("is_causal") is 1;
        return left is null && right is null
            ? causal ? AttentionMask.Causal : AttentionMask.None
            : AttentionMask.Window(left, causal ? 0 : right);
    }

    // With key lengths the library aligns each sequence at its own end, which is ONNX's rule, too.
    private static int? DiagonalOffset(OnnxCase onnx, OnnxLengths lengths) =>
        onnx.HasInput("nonpad_kv_seqlen") ? null : lengths.PastKeys;

    private static int? Width(OnnxCase onnx, string attribute) =>
        onnx.Number(attribute) is double width and >= 0 ? (int)width : null;

    private static BiasForm? Bias(OnnxCase onnx, OnnxLengths lengths) =>
        IsRelativePosition(onnx)
            ? new BiasForm(OperandStrides.Dense(1, 1, lengths.Queries, lengths.NewKeys), ElementType.Float32)
        : HasMask(onnx, boolean: false) ? new BiasForm(MaskStrides(onnx), Type(onnx, "attn_mask"))
        : null;

    private static OperandStrides MaskStrides(OnnxCase onnx)
    {
        int[] shape = [1, 1, 1, .. onnx.Shape("attn_mask").Select(n => (int)n)];
        shape = shape[^4..];
        return OperandStrides.Dense(shape[0], shape[1], shape[2], shape[3]);
    }

    private static ElementType Type(OnnxCase onnx, string input) =>
        onnx.Dtype(input) == "float16" ? ElementType.Float16 : ElementType.Float32;
}
