using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Commands;

/// <summary>The three inputs of a run, checked against each other, and what follows from them.</summary>
internal sealed class RunInputs
{
    private RunInputs(InputTensor query, InputTensor key, InputTensor value, AttentionShape shape,
        ElementType compute)
    {
        Query = query;
        Key = key;
        Value = value;
        Shape = shape;
        Compute = compute;
        OutputShape = [.. query.Array.Shape];
        OutputShape[^1] = shape.ValueHeadDim;
        long[] lse = [shape.Batch, shape.QueryHeads, shape.QueryLength];
        LseShape = query.Array.Shape.Length == 4 ? lse : lse[1..];
        OutputLength = Length("--output", OutputShape);
        LseLength = Length("--lse", LseShape);
    }

    public InputTensor Query { get; }

    public InputTensor Key { get; }

    public InputTensor Value { get; }

    public AttentionShape Shape { get; }

    /// <summary>Type to compute in.</summary>
    public ElementType Compute { get; }

    /// <summary>Type of the inputs, and so of the output.</summary>
    public NpyElementType FileType => Query.Array.Type;

    /// <summary>Shape of the output: that of the queries with the dim of the values.</summary>
    public long[] OutputShape { get; }

    /// <summary>Number of elements of the output.</summary>
    public int OutputLength { get; }

    /// <summary>[batch, heads, queries], without the batch when the files have none.</summary>
    public long[] LseShape { get; }

    /// <summary>Number of elements of the log-sum-exp.</summary>
    public int LseLength { get; }

    /// <summary>Reads and checks the files.</summary>
    /// <exception cref="ToolException">One cannot be read, or they do not fit together.</exception>
    public static RunInputs Load(RunRequest request)
    {
        InputTensor query = InputTensor.Load("--query", request.Query);
        InputTensor key = InputTensor.Load("--key", request.Key);
        InputTensor value = InputTensor.Load("--value", request.Value);
        AttentionShape shape = InputShapes.Infer(query, key, value, request.HeadsFirst);
        return new RunInputs(query, key, value, shape, ComputeType(query.Array.Type, request.Compute));
    }

    private static ElementType ComputeType(NpyElementType file, ElementType? requested)
    {
        ElementType own = file == NpyElementType.Float16 ? ElementType.Float16 : ElementType.Float32;
        if (own == ElementType.Float16 && requested == ElementType.BFloat16)
        {
            throw ToolException.BadInput(
                "--compute is 'bf16' and the files are float16: bfloat16 has fewer digits and "
                + "the result could not be returned exactly; allowed for float16 files are fp16 and fp32");
        }

        return requested ?? own;
    }

    private static int Length(string option, long[] shape)
    {
        long length = 1;
        foreach (long n in shape)
        {
            length = n == 0 || length == 0 ? 0 : length > Array.MaxLength / n ? long.MaxValue : length * n;
            if (length == long.MaxValue)
            {
                throw ToolException.BadInput($"{option} would have the shape {NpyShape.Format(shape)}; "
                    + $"at most {Array.MaxLength} elements are supported");
            }
        }

        return (int)length;
    }
}
