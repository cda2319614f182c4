using NativeAttention.Cuda;
using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Conformance.Tests;

/// <summary>
/// Inputs and expected outputs of the ONNX standard, made by nobody here. Every case is a test on every
/// backend: it runs and agrees, or is ignored with the name of the feature that is missing or the reason why
/// the backend cannot run it; through the library and through <c>nattn run</c>. The backends are the CPU, the
/// emulator and, on a machine with one, the GPU.
/// </summary>
[TestFixtureSource(nameof(Devices))]
public sealed class OnnxAttentionTests(string device)
{
    // What there is to run, so that a case that gets lost does not look like success. 60 folders, of
    // which 4 belong to OnnxRotaryTests; a feature that is added moves its cases from one number to the other.
    private const int AllCases = 56;
    private const int Covered = 48;

    // Of these, those that ask for scores.
    private const int WithScores = 8;

    private AttentionBackend? _backend;

    public static IEnumerable<string> Devices()
    {
        using CudaBackend? gpu = CudaBackend.TryOpen();
        return gpu is null ? ["cpu", "emulator"] : ["cpu", "emulator", gpu.Name];
    }

    public static IEnumerable<TestCaseData> Cases() => ConformanceFolder.Onnx is { } folder
        ? Load(folder).Select(c => new TestCaseData(c) { TestName = "Case_agrees(" + c.Name + ")" })
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

        if (WhyIgnored(onnx) is { } why)
        {
            Assert.Ignore($"not supported yet: {why}");
        }

        AttentionProblem problem = OnnxProblem.Of(onnx);
        if (problem.ElementType == ElementType.Float16)
        {
            Run<Half>(onnx, problem);
            RunCommand<Half>(onnx);
        }
        else
        {
            Run<float>(onnx, problem);
            RunCommand<float>(onnx);
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

        OnnxCase[] all = [.. Load(folder)];
        OnnxCase[] covered = [.. all.Where(c => WhyIgnored(c) is null)];
        Assert.Multiple(() =>
        {
            Assert.That(covered, Has.Length.EqualTo(Covered), "cases that run");
            Assert.That(all, Has.Length.EqualTo(AllCases), "all cases");
            Assert.That(covered.Count(c => OnnxProblem.Scores(c) is not null), Is.EqualTo(WithScores),
                "cases with scores");
        });
    }

    private static IEnumerable<OnnxCase> Load(string folder) =>
        OnnxCase.Load(folder).Where(c => c.Operator != OnnxRotaryTests.Operator);

    // What the library does not have, or why this backend cannot run the problem; null when it must pass.
    private string? WhyIgnored(OnnxCase onnx)
    {
        string[] missing = OnnxCoverage.MissingFeatures(onnx);
        return missing.Length > 0 ? string.Join(", ", missing)
            : _backend!.CanRun(OnnxProblem.Of(onnx), out string? reason) ? null
            : reason;
    }

    private void Run<T>(OnnxCase onnx, AttentionProblem problem)
        where T : unmanaged
    {
        OnnxTensors<T> tensors = new(onnx);
        T[] actual = new T[problem.OutputStorageLength];
        float[] lse = new float[problem.LseLength];
        Array.Fill(actual, Elements.Poison<T>());
        using HostAttentionPlan<T> plan = _backend!.PlanHost<T>(problem);
        plan.Run(tensors.Inputs(), actual, lse);
        TestContext.Out.WriteLine(plan.KernelName);
        OnnxComparison.Check<T>(onnx, "Y", actual);
        OnnxComparison.CheckPresent<T>(onnx, "present_key", tensors.Key);
        OnnxComparison.CheckPresent<T>(onnx, "present_value", tensors.Value);
        RunScores(onnx, problem, tensors, lse);
    }

    private void RunScores<T>(OnnxCase onnx, AttentionProblem problem, OnnxTensors<T> tensors, float[] lse)
        where T : unmanaged
    {
        if (OnnxProblem.Scores(onnx) is not { } request)
        {
            return;
        }

        AttentionShape s = problem.Shape;
        T[] scores = new T[s.Batch * s.QueryHeads * s.QueryLength * s.KeyLength];
        Array.Fill(scores, Elements.Poison<T>());
        using HostScorePlan<T> plan = _backend!.PlanScores<T>(problem, request);
        plan.Run(tensors.Inputs(), request.NeedsLse ? lse : [], new ScoreResults<T> { Scores = scores });
        OnnxComparison.Check(onnx, OnnxCoverage.ScoreOutput, scores);
    }

    // The same through the command line.
    private void RunCommand<T>(OnnxCase onnx)
        where T : unmanaged
    {
        using OnnxCommand command = new(onnx);
        (int exitCode, string error) = command.Run(_backend!.Name);
        Assert.That(exitCode, Is.Zero, error);
        OnnxComparison.Check(onnx, "Y", command.Output<T>("Y"));
        if (onnx.HasOutput(OnnxCoverage.ScoreOutput))
        {
            OnnxComparison.Check(onnx, OnnxCoverage.ScoreOutput, command.Output<T>(OnnxCoverage.ScoreOutput));
        }

        foreach (string present in onnx.Outputs.Intersect(["present_key", "present_value"]))
        {
            OnnxComparison.CheckPresent(onnx, present, command.Present<T>(present));
        }
    }
}
