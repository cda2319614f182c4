using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The inputs of a run, checked against each other, and what follows from them.</summary>
internal sealed class RunInputs
{
    private readonly RunRequest _request;
    private readonly AttentionLayout _layout;

    private RunInputs(RunRequest request)
    {
        _request = request;
        Query = InputTensor.Load("--query", request.Query);
        InputTensor key = InputTensor.Load("--key", request.Key);
        InputTensor value = InputTensor.Load("--value", request.Value);
        Compute = ComputeTypes.Of(FileType, request.Compute);
        AttentionShape given = InputShapes.Infer(Query, key, value, request.HeadsFirst);
        Key = Present(PastFiles.PastKeyOption, request.Past.PastKey, key);
        Value = Present(PastFiles.PastValueOption, request.Past.PastValue, value);
        AttentionShape tokens = request.Past.PastKey is null
            ? given
            : InputShapes.Infer(Query, Key, Value, request.HeadsFirst);
        PackedSequences? packed = Packed();
        Shape = packed is null ? tokens : packed.Shape(tokens);
        Operands = new RunOperands(request.Operands, Shape, packed, tokens, FileType);
        _layout = packed is not null ? AttentionLayout.Packed(tokens.QueryLength, tokens.KeyLength)
            : request.HeadsFirst ? AttentionLayout.Bhsd
            : AttentionLayout.Bshd;
        OutputShape = [.. Query.Array.Shape];
        OutputShape[^1] = Shape.ValueHeadDim;
        LseShape = ShapeOf([tokens.Batch, tokens.QueryHeads, tokens.QueryLength]);
        OutputLength = Length("--output", OutputShape);
        LseLength = Length("--lse", LseShape);
    }

    public InputTensor Query { get; }

    /// <summary>Keys, those of the past before them.</summary>
    public InputTensor Key { get; }

    /// <summary>Values, those of the past before them.</summary>
    public InputTensor Value { get; }

    public AttentionShape Shape { get; }

    public RunOperands Operands { get; }

    /// <summary>Type to compute in.</summary>
    public ElementType Compute { get; }

    /// <summary>Type of the inputs, and so of the output.</summary>
    public NpyElementType FileType => Query.Array.Type;

    /// <summary>Shape of the output: that of the queries with the dim of the values.</summary>
    public long[] OutputShape { get; }

    /// <summary>Number of elements of the output.</summary>
    public int OutputLength { get; }

    /// <summary>
    /// [batch, heads, queries], without the batch when the files have none; [heads, total] of packed
    /// sequences.
    /// </summary>
    public long[] LseShape { get; }

    /// <summary>Number of elements of the log-sum-exp.</summary>
    public int LseLength { get; }

    /// <summary>Name of the layout for documents.</summary>
    public string LayoutName => _request.Operands.CumulativeQuery is not null ? "packed"
        : _request.HeadsFirst ? "bhsd"
        : "bshd";

    /// <summary>The options of the library.</summary>
    public AttentionOptions Options => new()
    {
        Mask = _request.Mask,
        DiagonalOffset = _request.DiagonalOffset,
        Scale = _request.Scale,
        SoftCap = _request.SoftCap,
        Operands = Operands.Announce(Compute),
        Layout = _layout,
        Tuning = new TuningHints { Rung = _request.Rung },
    };

    /// <summary>Reads and checks the files.</summary>
    /// <exception cref="ToolException">One cannot be read, or they do not fit together.</exception>
    public static RunInputs Load(RunRequest request) => new(request);

    /// <summary>Shape of a file of axes; the first, the batch, is left out when the files have none.</summary>
    public long[] ShapeOf(long[] axes) => Query.Array.Shape.Length == 4 ? axes : axes[1..];

    private InputTensor Present(string option, string? past, InputTensor added) => past is null
        ? added
        : PastTensor.Prepend(InputTensor.Load(option, past), added, _request.HeadsFirst);

    private PackedSequences? Packed() =>
        _request.Operands is { CumulativeQuery: { } query, CumulativeKey: { } key }
        ? PackedSequences.Load(new(OperandFiles.CumulativeQueryOption, query),
            new(OperandFiles.CumulativeKeyOption, key), Query, Key)
        : null;

    /// <summary>Number of elements of an output.</summary>
    /// <exception cref="ToolException">There are too many.</exception>
    public static int Length(string option, long[] shape)
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
