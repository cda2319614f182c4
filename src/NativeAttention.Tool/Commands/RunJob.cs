using System.Diagnostics;
using Microsoft.Extensions.Logging;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;
using NativeAttention.Tool.Output;

namespace NativeAttention.Tool.Commands;

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
        (string outputPath, string? lsePath) = CheckPaths();
        using AttentionBackend backend = _session.Devices.Open(_request.Device, _session.Loggers);
        _session.Progress.Report(0, Steps, "reading the files");
        RunInputs inputs = RunInputs.Load(_request);
        _session.Progress.Report(1, Steps, $"computing on {backend.Name}");
        RunResult result = Compute(backend, inputs);
        _session.Progress.Report(2, Steps, "writing the files");
        Save(inputs, result, outputPath, lsePath);
        RunDocument document = Describe(inputs, result, backend.Name);
        _session.Write(document, ToolJson.Documents.RunDocument,
            writer => WriteText(document, result, writer));
        return document.ExitCode;
    }

    // Everything about the outputs that can be known beforehand: nobody wants to wait for a refusal.
    private (string Output, string? Lse) CheckPaths()
    {
        string output = OutputPath.Resolve("--output", _request.Output);
        string? lse = _request.Lse is { } path ? OutputPath.Resolve("--lse", path) : null;
        foreach ((string option, string input) in (ReadOnlySpan<(string, string)>)
            [("--query", _request.Query), ("--key", _request.Key), ("--value", _request.Value)])
        {
            OutputPath.RequireDistinct("--output", output, option, input);
            if (lse is not null)
            {
                OutputPath.RequireDistinct("--lse", lse, option, input);
            }
        }

        if (lse is not null)
        {
            OutputPath.RequireDistinct("--lse", lse, "--output", _request.Output);
        }

        return (output, lse);
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
        T[] output = new T[inputs.OutputLength];
        float[] lse = _request.Lse is null ? [] : new float[inputs.LseLength];
        long start = Stopwatch.GetTimestamp();
        AttentionProblem problem =
            AttentionProblem.Create(inputs.Compute, inputs.Shape, _request.ToOptions());
        if (!backend.CanRun(problem, out string? reason))
        {
            throw ToolException.NotAvailable($"device {backend.Name} cannot run this problem: {reason}");
        }

        using HostAttentionPlan<T> plan = backend.PlanHost<T>(problem);
        TimeSpan planTime = Stopwatch.GetElapsedTime(start);
        LogPlan(_session.Loggers.CreateLogger("NativeAttention.Tool"), backend.Name, plan.KernelName,
            plan.WorkspaceBytes);
        start = Stopwatch.GetTimestamp();
        plan.Run(query, key, value, output, lse);
        return new RunResult(store(output), lse, plan.KernelName, problem.Scale, planTime,
            Stopwatch.GetElapsedTime(start));
    }

    private static void Save(RunInputs inputs, RunResult result, string outputPath, string? lsePath)
    {
        using OutputFiles files = new();
        files.Stage(outputPath, stream =>
        {
            if (result.Output is Half[] half)
            {
                NpyWriter.Write<Half>(stream, half, inputs.OutputShape);
            }
            else
            {
                NpyWriter.Write<float>(stream, (float[])result.Output, inputs.OutputShape);
            }
        });
        if (lsePath is not null)
        {
            files.Stage(lsePath, stream => NpyWriter.Write<float>(stream, result.Lse, inputs.LseShape));
        }

        files.Commit();
    }

    private RunDocument Describe(RunInputs inputs, RunResult result, string device) => new(
        "run", ExitCodes.Ok, device, result.KernelName, NpyDtype.NameOf(inputs.FileType),
        ElementTypeNames.Short(inputs.Compute), ShapeDocument.Of(inputs.Shape), _request.Mask.ToString(),
        result.Scale, _request.HeadsFirst ? "bhsd" : "bshd", result.PlanTime.TotalMilliseconds,
        result.RunTime.TotalMilliseconds,
        _request.Output, _request.Lse);

    private void WriteText(RunDocument document, RunResult result, TextWriter writer)
    {
        string type = document.FileType;
        writer.WriteLine($"{document.Device}: {document.Kernel}, computed in {document.ComputeType}, "
            + $"{document.RunMilliseconds:F1} ms");
        writer.WriteLine($"{_request.Output}: {type}, {result.Output.Length} elements");
        if (_request.Lse is not null)
        {
            writer.WriteLine($"{_request.Lse}: float32, {result.Lse.Length} elements");
        }
    }

    [LoggerMessage(1, LogLevel.Information,
        "{Device}: planned {Kernel} with {Bytes} bytes of scratch memory")]
    private static partial void LogPlan(ILogger logger, string device, string kernel, long bytes);
}
