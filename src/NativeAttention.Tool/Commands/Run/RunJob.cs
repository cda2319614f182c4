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
        IReadOnlyDictionary<string, string> paths = CheckPaths();
        using AttentionBackend backend = _session.Devices.Open(_request.Device, _session.Loggers);
        _session.Progress.Report(0, Steps, "reading the files");
        RunInputs inputs = RunInputs.Load(_request);
        _session.Progress.Report(1, Steps, $"computing on {backend.Name}");
        RunResult result = Compute(backend, inputs);
        _session.Progress.Report(2, Steps, "writing the files");
        Save(inputs, result, paths);
        RunDocument document = Describe(inputs, result, backend.Name);
        _session.Write(document, ToolJson.Documents.RunDocument,
            writer => WriteText(document, inputs, result, writer));
        return document.ExitCode;
    }

    // Everything about the outputs that can be known beforehand: nobody wants to wait for a refusal.
    // Returns the full path of each output option.
    private Dictionary<string, string> CheckPaths()
    {
        Dictionary<string, string> paths = [];
        foreach (OptionFile output in _request.Outputs)
        {
            string path = OutputPath.Resolve(output.Option, output.Path);
            OptionFile[] earlier = [.. _request.Outputs.Where(o => paths.ContainsKey(o.Option))];
            foreach (OptionFile other in _request.Inputs.Concat(earlier))
            {
                OutputPath.RequireDistinct(output.Option, path, other.Option, other.Path);
            }

            paths.Add(output.Option, path);
        }

        return paths;
    }

    private RunResult Compute(AttentionBackend backend, RunInputs inputs) =>
        (inputs.FileType, inputs.Compute) switch
        {
            (NpyElementType.Float32, ElementType.Float32) =>
                Compute(backend, inputs, t => t.Array.Values<float>(), o => o),
            (NpyElementType.Float32, ElementType.Float16) =>
                Compute(backend, inputs, ElementConversion.ToHalf, o => ElementConversion.Widen(o)),
            (NpyElementType.Float32, _) =>
                Compute(backend, inputs, ElementConversion.ToBFloat16, o => ElementConversion.Widen(o)),
            (_, ElementType.Float32) =>
                Compute(backend, inputs, t => ElementConversion.Widen(t.Array.Values<Half>()),
                    o => ElementConversion.Narrow(o)),
            _ => Compute(backend, inputs, t => t.Array.Values<Half>(), o => o),
        };

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

    private static void Save(
        RunInputs inputs, RunResult result, IReadOnlyDictionary<string, string> paths)
    {
        using OutputFiles files = new();
        Stage("--output", inputs.OutputShape, result.Output);
        Stage("--lse", inputs.LseShape, result.Lse);
        Stage(PastFiles.PresentKeyOption, inputs.Key.Array.Shape, inputs.Key.Array.Elements);
        Stage(PastFiles.PresentValueOption, inputs.Value.Array.Shape, inputs.Value.Array.Elements);
        foreach ((string option, long[] shape, Array values) in result.Scores?.Tensors ?? [])
        {
            Stage(option, shape, values);
        }

        files.Commit();

        void Stage(string option, long[] shape, Array values)
        {
            if (paths.TryGetValue(option, out string? path))
            {
                files.Stage(path, stream => Write(stream, shape, values));
            }
        }
    }

    private static void Write(Stream stream, long[] shape, Array values)
    {
        if (values is Half[] half)
        {
            NpyWriter.Write<Half>(stream, half, shape);
        }
        else
        {
            NpyWriter.Write<float>(stream, (float[])values, shape);
        }
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
            writer.WriteLine($"{path}: {(values is Half[] ? "float16" : "float32")}, {values.Length} elements");
        }
    }

    [LoggerMessage(1, LogLevel.Information,
        "{Device}: planned {Kernel} with {Bytes} bytes of scratch memory")]
    private static partial void LogPlan(ILogger logger, string device, string kernel, long bytes);
}
