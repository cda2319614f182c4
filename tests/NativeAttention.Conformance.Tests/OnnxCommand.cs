using System.Globalization;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Conformance.Tests;

/// <summary>A covered case as a call of <c>nattn run</c>, in this process.</summary>
internal sealed class OnnxCommand : IDisposable
{
    private readonly OnnxCase _onnx;
    private readonly OnnxLengths _lengths;
    private readonly string _folder = Directory.CreateTempSubdirectory("nattn-onnx-").FullName;

    public OnnxCommand(OnnxCase onnx)
    {
        _onnx = onnx;
        _lengths = OnnxLengths.Of(onnx);
    }

    /// <summary>Makes the call.</summary>
    /// <returns>The exit code and what went to standard error.</returns>
    public (int ExitCode, string Error) Run(string device)
    {
        using StringWriter output = new(), error = new();
        NattnApp app = new(new ToolConsole(output, error, ErrorIsTerminal: false), new ToolEnvironment(null),
            new SystemDevices());
        return (app.Run([.. Arguments(), "--device", device]), error.ToString());
    }

    /// <summary>An output in the order of the case, which for rank 3 is that of the file as well.</summary>
    public T[] Output<T>(string name)
        where T : unmanaged => NpyReader.Read(Name(name)).Values<T>();

    /// <summary>The present keys or values, heads first as ONNX has them.</summary>
    public T[] Present<T>(string name)
        where T : unmanaged
    {
        NpyArray array = NpyReader.Read(Name(name));
        return _lengths.HeadsFirst ? array.Values<T>() : SwapAxes<T>(array.Values<T>(), array.Shape);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private List<string> Arguments()
    {
        List<string> arguments =
        [
            "run", "--query", Tensor("Q", _lengths.QueryHeads), "--key", Tensor("K", _lengths.KeyHeads),
            "--value", Tensor("V", _lengths.KeyHeads), "--output", Name("Y"),
            "--layout", _lengths.HeadsFirst ? "bhsd" : "bshd",
        ];
        AddMask(arguments);
        Add("--scale", (float?)_onnx.Number("scale"));
        Add("--softcap", OnnxProblem.SoftCap(_onnx));
        if (_onnx.HasInput("nonpad_kv_seqlen"))
        {
            arguments.AddRange(["--key-lengths", _onnx.InputPath("nonpad_kv_seqlen")]);
        }

        if (_onnx.HasInput("past_key"))
        {
            arguments.AddRange(["--past-key", Past("past_key"), "--past-value", Past("past_value"),
                "--present-key", Name("present_key"), "--present-value", Name("present_value")]);
        }

        if (OnnxProblem.Scores(_onnx) is { } request)
        {
            arguments.AddRange(["--scores", Name(OnnxCoverage.ScoreOutput), "--score-stage", request.Scores switch
            {
                ScoreStage.Scaled => "scaled",
                ScoreStage.SoftCapped => "soft-capped",
                ScoreStage.Masked => "masked",
                _ => "probabilities",
            }]);
        }

        return arguments;

        void Add(string option, float? value) => arguments.AddRange(value is float number
            ? [option, number.ToString("R", CultureInfo.InvariantCulture)]
            : []);
    }

    private void AddMask(List<string> arguments)
    {
        if (_onnx.Number("is_causal") is 1)
        {
            arguments.Add("--causal");
        }

        if (_onnx.Number("left_window_size") is not null || _onnx.Number("right_window_size") is not null)
        {
            arguments.AddRange(["--window", string.Create(CultureInfo.InvariantCulture,
                $"{_onnx.Number("left_window_size") ?? -1},{_onnx.Number("right_window_size") ?? -1}")]);
        }

        if (!_onnx.HasInput("nonpad_kv_seqlen"))
        {
            arguments.AddRange(
                ["--diagonal-offset", _lengths.PastKeys.ToString(CultureInfo.InvariantCulture)]);
        }

        if (_onnx.HasInput("attn_mask"))
        {
            arguments.AddRange([OnnxProblem.HasMask(_onnx, boolean: true) ? "--mask" : "--bias",
                _onnx.InputPath("attn_mask")]);
        }

        if (OnnxProblem.IsRelativePosition(_onnx))
        {
            arguments.AddRange(["--bias", Write<float>("bias", OnnxTensors<float>.RelativePositions(_lengths),
                [_lengths.Queries, _lengths.NewKeys])]);
        }
    }

    // Rank 4 as it is; rank 3 with its heads on an axis of their own.
    private string Tensor(string input, int heads)
    {
        long[] shape = _onnx.Shape(input);
        return shape.Length == 4
            ? _onnx.InputPath(input)
            : Write(_onnx.ReadInput(input), input, [shape[0], shape[1], heads, shape[2] / heads]);
    }

    // The past has the heads first; beside tensors of rank 3 it goes the other way round.
    private string Past(string input)
    {
        if (_lengths.HeadsFirst)
        {
            return _onnx.InputPath(input);
        }

        NpyArray past = _onnx.ReadInput(input);
        long[] s = past.Shape;
        Array swapped = past.Type == NpyElementType.Float16
            ? SwapAxes<Half>(past.Values<Half>(), s)
            : SwapAxes<float>(past.Values<float>(), s);
        long[] shape = [s[0], s[2], s[1], s[3]];
        return Write(new NpyArray(past.Type, shape, swapped), input, shape);
    }

    private string Write(NpyArray array, string name, long[] shape) => array.Type == NpyElementType.Float16
        ? Write<Half>(name, array.Values<Half>(), shape)
        : Write<float>(name, array.Values<float>(), shape);

    private string Write<T>(string name, T[] values, long[] shape)
        where T : unmanaged
    {
        using FileStream stream = File.Create(Name(name));
        NpyWriter.Write<T>(stream, values, shape);
        return Name(name);
    }

    private string Name(string tensor) => Path.Combine(_folder, tensor + ".npy");

    // Exchanges the two axes in the middle.
    private static T[] SwapAxes<T>(T[] values, long[] shape)
    {
        T[] swapped = new T[values.Length];
        (int a, int b, int row) = ((int)shape[1], (int)shape[2], (int)shape[3]);
        for (int vector = 0; vector < values.Length / row; vector++)
        {
            (int outer, int rest) = Math.DivRem(vector, a * b);
            (int i, int j) = Math.DivRem(rest, b);
            Array.Copy(values, vector * row, swapped, ((outer * a * b) + (j * a) + i) * row, row);
        }

        return swapped;
    }
}
