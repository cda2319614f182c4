using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The optional operands of a run, read and held against the shape of the problem.</summary>
internal sealed class RunOperands
{
    private readonly NpyElementType _inputs;
    private readonly PackedSequences? _packed;
    private readonly OperandTensor? _bias;
    private readonly OperandTensor? _mask;
    private readonly OperandTensor? _alibi;
    private readonly OperandTensor? _sink;
    private readonly OperandTensor? _temperature;
    private readonly OperandTensor? _keyLogWeight;
    private readonly OperandTensor? _headGate;
    private readonly IntegerFile? _keyLengths;

    /// <summary>Reads and checks the files.</summary>
    /// <param name="files">The files.</param>
    /// <param name="shape">The problem.</param>
    /// <param name="packed">Packed sequences, or null.</param>
    /// <param name="tokens">The inputs as one sequence of all tokens, when they are packed.</param>
    /// <param name="inputs">Type of the inputs.</param>
    /// <exception cref="ToolException">One cannot be read, or does not fit.</exception>
    public RunOperands(OperandFiles files, AttentionShape shape, PackedSequences? packed,
        AttentionShape tokens, NpyElementType inputs)
    {
        (_inputs, _packed) = (inputs, packed);
        OperandAxes matrix = new(shape.Batch, shape.QueryHeads, shape.QueryLength, shape.KeyLength)
        {
            PadsKeys = true,
        };
        // What belongs to a token is indexed by its place among all when sequences are packed.
        AttentionShape rows = packed is null ? shape : tokens;
        int? batch = packed is null ? shape.Batch : null;
        OperandAxes queries = new(batch, shape.QueryHeads, Queries: rows.QueryLength);
        _bias = Numbers(OperandFiles.BiasOption, files.Bias, matrix);
        _mask = files.Mask is { } mask ? OperandTensor.Booleans(OperandFiles.MaskOption, mask, matrix) : null;
        _alibi = Numbers(OperandFiles.AlibiOption, files.Alibi, new(shape.Batch, shape.QueryHeads));
        _sink = Numbers(OperandFiles.SinkOption, files.Sink, new(Heads: shape.QueryHeads));
        _temperature = Numbers(OperandFiles.TemperatureOption, files.Temperature, queries);
        _keyLogWeight = Numbers(OperandFiles.KeyLogWeightOption, files.KeyLogWeight,
            new(batch, shape.KeyValueHeads, Keys: rows.KeyLength));
        _headGate = Numbers(OperandFiles.HeadGateOption, files.HeadGate, queries);
        _keyLengths = files.KeyLengths is { } lengths ? KeyLengths(lengths, shape) : null;
    }

    /// <summary>The files as they are.</summary>
    public IEnumerable<InputTensor> Files => new[]
    {
        _bias?.File, _mask?.File, _alibi?.File, _sink?.File, _temperature?.File, _keyLogWeight?.File,
        _headGate?.File, _keyLengths?.File, _packed?.Queries.File, _packed?.Keys.File,
    }.OfType<InputTensor>();

    /// <summary>What the options of the library announce.</summary>
    /// <param name="compute">Type that is computed in.</param>
    public AttentionOperands Announce(ElementType compute) => new()
    {
        Bias = _bias is null ? null
            : new BiasForm(_bias.Strides, IsHalf(compute) ? ElementType.Float16 : ElementType.Float32),
        Mask = _mask?.Strides,
        AlibiSlopes = _alibi?.Strides,
        Sinks = _sink?.Strides,
        QueryTemperature = _temperature?.Strides,
        KeyLogWeight = _keyLogWeight?.Strides,
        HeadGate = _headGate?.Strides,
        KeyLengths = _keyLengths is not null,
    };

    /// <summary>Everything the run reads.</summary>
    /// <param name="compute">Type that is computed in.</param>
    /// <param name="query">Queries.</param>
    /// <param name="key">Keys.</param>
    /// <param name="value">Values.</param>
    public AttentionInputs<T> Inputs<T>(ElementType compute, T[] query, T[] key, T[] value)
        where T : unmanaged => new(query, key, value)
        {
            Bias = IsHalf(compute) ? _bias!.ToHalves() : _bias?.ToFloats(),
            Mask = _mask?.ToBooleans(),
            AlibiSlopes = _alibi?.ToFloats(),
            Sinks = _sink?.ToFloats(),
            QueryTemperature = _temperature?.ToFloats(),
            KeyLogWeight = _keyLogWeight?.ToFloats(),
            HeadGate = _headGate?.ToFloats(),
            KeyLengths = _keyLengths?.Values,
            CumulativeQueryLengths = _packed?.Queries.Values,
            CumulativeKeyLengths = _packed?.Keys.Values,
        };

    private OperandTensor? Numbers(string option, string? path, OperandAxes axes) =>
        path is null ? null : OperandTensor.Numbers(option, path, axes, _inputs);

    // A float16 bias stays what it is where the library takes it, and is widened otherwise.
    private bool IsHalf(ElementType compute) =>
        compute == ElementType.Float16 && _bias?.File.Array.Type == NpyElementType.Float16;

    private static IntegerFile KeyLengths(string path, AttentionShape shape)
    {
        var lengths = IntegerFile.Load(OperandFiles.KeyLengthsOption, path);
        if (lengths.Values.Length != shape.Batch)
        {
            throw ToolException.BadInput($"{lengths.File.Label} has {lengths.Values.Length} elements; allowed "
                + $"is {shape.Batch}, one for each sequence of the batch");
        }

        int wrong = Array.FindIndex(lengths.Values, n => n < 0 || n > shape.KeyLength);
        return wrong < 0 ? lengths : throw lengths.Refuse(wrong, $"are 0 to {shape.KeyLength}, the keys");
    }
}
