using System.Diagnostics;
using Microsoft.Extensions.Logging;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;
using NativeAttention.Tool.Output;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>One <c>nattn run</c>: check, load, compute, write.</summary>
internal sealed partial class RunJob
{
    private const int Steps = 3;
    private readonly ToolSession _session;
    private readonly RunRequest _request;

    public RunJob(ToolSession session, RunRequest request)
    {
        _session = session;
        _request = request;
    }

    /// <summary>Does it.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        RunOutputs outputs = new(_request);
        using AttentionBackend backend = _session.Devices.Open(_request.Device, _session.Loggers);
        _session.Progress.Report(0, Steps, "reading the files");
        RunInputs inputs = RunInputs.Load(_request);
        _session.Progress.Report(1, Steps, $"computing on {backend.Name}");
        RunResult result = ComputeTypes.Run(inputs.FileType, inputs.Compute, new Computation(this, backend, inputs));
        _session.Progress.Report(2, Steps, "writing the files");
        Save(inputs, result, outputs);
        RunDocument document = Describe(inputs, result, backend.Name);
        _session.Write(document, ToolJson.Documents.RunDocument,
            writer => WriteText(document, inputs, result, writer));
        return document.ExitCode;
    }

    private RunResult Compute<T>(AttentionBackend backend, RunInputs inputs, Func<InputTensor, T[]> load,
        Func<T[], Array> store)
        where T : unmanaged
    {
        T[] query = load(inputs.Query), key = load(inputs.Key), value = load(inputs.Value);
        AttentionInputs<T> operands = inputs.Operands.Inputs(inputs.Compute, query, key, value);
        T[] output = new T[inputs.OutputLength];
        ScoreRequest? wanted = _request.Scores.Request;
        bool wantsLse = _request.Lse is not null || wanted?.NeedsLse is true;
        float[] lse = wantsLse ? new float[inputs.LseLength] : [];
        long start = Stopwatch.GetTimestamp();
        AttentionProblem problem =
            AttentionProblem.Create(inputs.Compute, inputs.Shape, inputs.Options);
        if (!backend.CanRun(problem, out string? reason))
        {
            throw ToolException.NotAvailable($"device {backend.Name} cannot run this problem: {reason}");
        }

        // A rung is one of attention; the pass over scores has none.
        AttentionProblem scored =
            AttentionProblem.Create(inputs.Compute, inputs.Shape, inputs.Options with { Tuning = new() });
        if (wanted is not null && !backend.CanScore(scored, wanted, out reason))
        {
            throw ToolException.NotAvailable(
                $"device {backend.Name} cannot return scores of this problem: {reason}");
        }

        using HostAttentionPlan<T> plan = backend.PlanHost<T>(problem);
        TimeSpan planTime = Stopwatch.GetElapsedTime(start);
        LogPlan(_session.Loggers.CreateLogger("NativeAttention.Tool"), backend.Name, plan.KernelName,
            plan.WorkspaceBytes);
        start = Stopwatch.GetTimestamp();
        plan.Run(operands, output, lse);
        TimeSpan runTime = Stopwatch.GetElapsedTime(start);
        return new RunResult(store(output), lse, plan.KernelName, problem.Scale, planTime, runTime)
        {
            Scores = wanted is null ? null : ScoreOutput.Of(
                backend, scored, wanted, inputs, operands, wanted.NeedsLse ? lse : [], store),
        };
    }

    private static void Save(RunInputs inputs, RunResult result, RunOutputs outputs)
    {
        outputs.Add("--output", inputs.OutputShape, result.Output);
        outputs.Add("--lse", inputs.LseShape, result.Lse);
        outputs.Add(PastFiles.PresentKeyOption, inputs.Key.Array.Shape, inputs.Key.Array.Elements);
        outputs.Add(PastFiles.PresentValueOption, inputs.Value.Array.Shape, inputs.Value.Array.Elements);
        foreach ((string option, long[] shape, Array values) in result.Scores?.Tensors ?? [])
        {
            outputs.Add(option, shape, values);
        }

        outputs.Save();
    }

    private RunDocument Describe(RunInputs inputs, RunResult result, string device) => new(
        "run", ExitCodes.Ok, device, result.KernelName, NpyDtype.NameOf(inputs.FileType),
        ElementTypeNames.Short(inputs.Compute), ShapeDocument.Of(inputs.Shape), _request.Mask.ToString(),
        _request.DiagonalOffset, result.Scale, _request.SoftCap,
        [.. inputs.Operands.Files.Select(OperandDocument.Of)], inputs.LayoutName,
        result.PlanTime.TotalMilliseconds, result.RunTime.TotalMilliseconds, _request.Output, _request.Lse,
        _request.Past.PresentKey, _request.Past.PresentValue,
        result.Scores is null ? null : _request.Scores.Describe(result.Scores.KernelName));

    private void WriteText(RunDocument document, RunInputs inputs, RunResult result, TextWriter writer)
    {
        string type = document.FileType;
        writer.WriteLine($"{document.Device}: {document.Kernel}, computed in {document.ComputeType}, "
            + $"{document.RunMilliseconds:F1} ms");
        writer.WriteLine($"{_request.Output}: {type}, {result.Output.Length} elements");
        if (_request.Lse is not null)
        {
            writer.WriteLine($"{_request.Lse}: float32, {result.Lse.Length} elements");
        }

        foreach (OptionFile present in _request.Past.Outputs)
        {
            NpyArray all = (present.Option == PastFiles.PresentKeyOption ? inputs.Key : inputs.Value).Array;
            writer.WriteLine($"{present.Path}: {type}, {all.Count} elements");
        }

        foreach ((string option, _, Array values) in result.Scores?.Tensors ?? [])
        {
            string path = _request.Scores.Outputs.First(f => f.Option == option).Path;
            writer.WriteLine($"{path}: {(values is Half[]? "float16" : "float32")}, {values.Length} elements");
        }
    }

    private sealed record Computation(RunJob Job, AttentionBackend Backend, RunInputs Inputs)
        : ITypedComputation<RunResult>
    {
        public RunResult Compute<T>(Func<InputTensor, T[]> load, Func<T[], Array> store)
            where T : unmanaged => Job.Compute(Backend, Inputs, load, store);
    }

    [LoggerMessage(1, LogLevel.Information,
        "{Device}: planned {Kernel} with {Bytes} bytes of scratch memory")]
    private static partial void LogPlan(ILogger logger, string device, string kernel, long bytes);
}
