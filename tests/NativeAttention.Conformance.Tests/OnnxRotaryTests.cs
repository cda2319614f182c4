using System.Numerics.Tensors;
using NativeAttention.Cuda;
using NativeAttention.Emulation;
using NativeAttention.Testing;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Conformance.Tests;

/// <summary>
/// The ONNX cases of RotaryEmbedding, on the host and on a device. The rotary dim is that of the caches,
/// which ONNX demands of its attribute.
/// </summary>
public sealed class OnnxRotaryTests
{
    /// <summary>The operator of the cases that are run here.</summary>
    public const string Operator = "RotaryEmbedding";

    private const int AllCases = 4;

    private static readonly string[] KnownInputs = ["input", "cos_cache", "sin_cache", "position_ids"];
    private static readonly string[] KnownAttributes = ["interleaved", "rotary_embedding_dim"];

    public static IEnumerable<TestCaseData> Cases() => ConformanceFolder.Onnx is null
        ? [new TestCaseData(null) { TestName = "Case_agrees(none)" }]
        : Load().Select(c => new TestCaseData(c) { TestName = "Case_agrees(" + c.Name + ")" });

    [TestCaseSource(nameof(Cases))]
    public void Case_agrees(object? data)
    {
        if (data is not OnnxCase onnx)
        {
            Assert.Ignore(ConformanceFolder.Missing!);
            return;
        }

        Assert.That(onnx.Inputs, Is.SubsetOf(KnownInputs));
        Assert.That(onnx.Attributes, Is.SubsetOf(KnownAttributes));
        RotaryOptions options = new()
        {
            Interleaved = onnx.Number("interleaved") is 1,
            Layout = AttentionLayout.Bhsd,
        };
        OnnxComparison.Check(onnx, "output", OnHost(onnx, options));
        OnnxComparison.Check(onnx, "output", OnDevice(onnx, options));
    }

    [Test]
    public void No_case_is_lost()
    {
        if (ConformanceFolder.Onnx is null)
        {
            Assert.Ignore(ConformanceFolder.Missing!);
            return;
        }

        Assert.That(Load().Count(), Is.EqualTo(AllCases));
    }

    private static IEnumerable<OnnxCase> Load() =>
        OnnxCase.Load(ConformanceFolder.Onnx!).Where(c => c.Operator == Operator);

    private static float[] OnHost(OnnxCase onnx, RotaryOptions options)
    {
        float[] output = Poison(onnx);
        RotaryEmbedding.Apply(Tensor(onnx, "input"), Tensor(onnx, "cos_cache"), Tensor(onnx, "sin_cache"),
            onnx.HasInput("position_ids")
                ? RotaryPositions.Of(onnx.ReadInput("position_ids").Values<long>())
                : default,
            new TensorSpan<float>(output, Lengths(onnx, "input")), options);
        return output;
    }

    private static float[] OnDevice(OnnxCase onnx, RotaryOptions options)
    {
        float[] output = Poison(onnx);
        using CudaDevice device = CudaDevice.Open(EmulatedDriver.Driver);
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<float> from = Upload<float>("input"),
            to = device.Upload<float>(output, Dims("input"), stream);
        using DeviceTensor<float> cos = Upload<float>("cos_cache"), sin = Upload<float>("sin_cache");
        using DeviceTensor<long>? ids = onnx.HasInput("position_ids") ? Upload<long>("position_ids") : null;
        device.ApplyRotary<float>(from, cos, sin, ids is null ? default : DeviceRotaryPositions.Of(ids), to,
            stream,
            options);
        to.Download(output, stream);
        return output;

        DeviceTensor<T> Upload<T>(string name)
            where T : unmanaged => device.Upload<T>(onnx.ReadInput(name).Values<T>(), Dims(name), stream);

        int[] Dims(string name) => Array.ConvertAll(onnx.Shape(name), l => (int)l);
    }

    private static float[] Poison(OnnxCase onnx)
    {
        float[] output = new float[onnx.ReadInput("input").Count];
        Array.Fill(output, Elements.Poison<float>());
        return output;
    }

    private static ReadOnlyTensorSpan<float> Tensor(OnnxCase onnx, string name)
    {
        NpyArray array = onnx.ReadInput(name);
        return new(array.Values<float>(), Lengths(onnx, name));
    }

    private static nint[] Lengths(OnnxCase onnx, string name) =>
        Array.ConvertAll(onnx.Shape(name), l => (nint)l);
}
