using NativeAttention.Cuda;
using NativeAttention.Emulation;
using NativeAttention.Testing;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Conformance.Tests;

/// <summary>
/// Inputs and expected outputs of the ONNX standard, made by nobody here. Every case is a test on every
/// backend: it runs and agrees, or is ignored with the name of the feature that is missing. The backends are
/// the CPU, the emulator and, on a machine with one, the GPU.
/// </summary>
[TestFixtureSource(nameof(Devices))]
public sealed class OnnxAttentionTests(string device)
{
    // What there is to run, so that a case that gets lost does not look like success. 60 folders; a feature
    // that is added moves its cases from one number to the other.
    private const int CoveredCases = 13;
    private const int IgnoredCases = 47;

    private AttentionBackend? _backend;

    public static IEnumerable<string> Devices()
    {
        using CudaBackend? gpu = CudaBackend.TryOpen();
        return gpu is null ? ["cpu", "emulator"] : ["cpu", "emulator", gpu.Name];
    }

    public static IEnumerable<TestCaseData> Cases() => ConformanceFolder.Onnx is { } folder
        ? OnnxCase.Load(folder).Select(c => new TestCaseData(c) { TestName = "Case_agrees(" + c.Name + ")" })
        : [new TestCaseData(null) { TestName = "Case_agrees(none)" }];

    [OneTimeSetUp]
    public void OpenBackend() => _backend = device switch
    {
        "cpu" => CpuBackend.Default,
        "emulator" => CudaBackend.Open(EmulatedDriver.Driver),
        _ => CudaBackend.Open(),
    };

    [OneTimeTearDown]
    public void CloseBackend() => _backend?.Dispose();

    [TestCaseSource(nameof(Cases))]
    public void Case_agrees(object? data)
    {
        if (data is not OnnxCase onnx)
        {
            Assert.Ignore(ConformanceFolder.Missing!);
            return;
        }

        string[] missing = OnnxAttention.MissingFeatures(onnx);
        if (missing.Length > 0)
        {
            Assert.Ignore($"not supported yet: {string.Join(", ", missing)}");
        }

        AttentionProblem problem = OnnxAttention.Problem(onnx);
        if (problem.ElementType == ElementType.Float16)
        {
            Run<Half>(onnx, problem, x => (double)x);
        }
        else
        {
            Run<float>(onnx, problem, x => x);
        }
    }

    [Test]
    public void No_case_is_lost()
    {
        if (ConformanceFolder.Onnx is not { } folder)
        {
            Assert.Ignore(ConformanceFolder.Missing!);
            return;
        }

        int[] missing = [.. OnnxCase.Load(folder).Select(c => OnnxAttention.MissingFeatures(c).Length)];
        Assert.Multiple(() =>
        {
            Assert.That(missing.Count(n => n == 0), Is.EqualTo(CoveredCases), "cases that run");
            Assert.That(missing.Count(n => n > 0), Is.EqualTo(IgnoredCases), "cases that are ignored");
        });
    }

    private void Run<T>(OnnxCase onnx, AttentionProblem problem, Func<T, double> widen)
        where T : unmanaged
    {
        NpyArray expected = onnx.ReadOutput("Y");
        T[] actual = new T[expected.Count];
        Array.Fill(actual, Elements.Poison<T>());
        using HostAttentionPlan<T> plan = _backend!.PlanHost<T>(problem);
        plan.Run(onnx.ReadInput("Q").Values<T>(), onnx.ReadInput("K").Values<T>(),
            onnx.ReadInput("V").Values<T>(), actual);
        Compare(onnx, [.. actual.Select(widen)], [.. expected.Values<T>().Select(widen)], plan.KernelName);
    }

    // |result - expected| <= atol + rtol |expected|, infinities exactly
    private static void Compare(OnnxCase onnx, double[] actual, double[] expected, string kernel)
    {
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double allowed = onnx.AbsoluteTolerance + (onnx.RelativeTolerance * Math.Abs(expected[i]));
            double error = Math.Abs(actual[i] - expected[i]);
            bool agrees = double.IsFinite(expected[i]) ? error <= allowed : actual[i].Equals(expected[i]);
            Assert.That(agrees,
                $"element {i}: {actual[i]} instead of {expected[i]}, {error} apart, {allowed} allowed");
            worst = Math.Max(worst, error);
        }

        TestContext.Out.WriteLine($"{kernel}: {expected.Length} outputs, largest error {worst:0.0e+00}");
    }
}
