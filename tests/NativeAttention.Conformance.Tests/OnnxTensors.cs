using NativeAttention.Tool.Npy;

namespace NativeAttention.Conformance.Tests;

/// <summary>The tensors of a covered case, as the library takes them.</summary>
internal sealed class OnnxTensors<T>
    where T : unmanaged
{
    private readonly OnnxCase _onnx;
    private readonly OnnxLengths _lengths;

    public OnnxTensors(OnnxCase onnx)
    {
        _onnx = onnx;
        _lengths = OnnxLengths.Of(onnx);
        Query = onnx.ReadInput("Q").Values<T>();
        Key = Present("K", "past_key", _lengths.HeadDim);
        Value = Present("V", "past_value", _lengths.ValueHeadDim);
    }

    public T[] Query { get; }

    /// <summary>Keys, those of the past before them.</summary>
    public T[] Key { get; }

    /// <summary>Values, those of the past before them.</summary>
    public T[] Value { get; }

    /// <summary>Everything a run reads.</summary>
    public AttentionInputs<T> Inputs() => new(Query, Key, Value)
    {
        Bias = Bias(),
        Mask = OnnxProblem.HasMask(_onnx, boolean: true)
            ? _onnx.ReadInput("attn_mask").Values<bool>()
            : default,
        KeyLengths = _onnx.HasInput("nonpad_kv_seqlen")
            ? Array.ConvertAll(_onnx.ReadInput("nonpad_kv_seqlen").Values<long>(), n => checked((int)n))
            : default,
    };

    /// <summary>query index - key index, [queries, keys].</summary>
    public static float[] RelativePositions(OnnxLengths lengths) =>
        [.. Enumerable.Range(0, lengths.Queries)
            .SelectMany(i => Enumerable.Range(0, lengths.NewKeys).Select(j => (float)(i - j)))];

    private ElementSpan Bias()
    {
        if (OnnxProblem.IsRelativePosition(_onnx))
        {
            return RelativePositions(_lengths);
        }

        if (!OnnxProblem.HasMask(_onnx, boolean: false))
        {
            return default;
        }

        NpyArray bias = _onnx.ReadInput("attn_mask");
        return bias.Type == NpyElementType.Float16 ? bias.Values<Half>() : bias.Values<float>();
    }

    private T[] Present(string added, string past, int dim)
    {
        T[] values = _onnx.ReadInput(added).Values<T>();
        return _onnx.HasInput(past)
            ? OnnxPast.Append(_onnx.ReadInput(past).Values<T>(), values, _lengths, dim)
            : values;
    }
}
