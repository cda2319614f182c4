using System.Diagnostics;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;
using NativeAttention.Tool.Output;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>One <c>nattn run --neighborhood</c>: check, load, compute, write.</summary>
internal sealed class NeighborhoodJob
{
    private const int Steps = 3;
    private readonly ToolSession _session;
    private readonly RunRequest _request;
    private readonly NeighborhoodRequest _map;

    public NeighborhoodJob(ToolSession session, RunRequest request, NeighborhoodRequest map)
    {
        _session = session;
        _request = request;
        _map = map;
    }

    /// <summary>Does it.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        RunOutputs outputs = new(_request);
        using AttentionBackend backend = _session.Devices.Open(_request.Device, _session.Loggers);
        _session.Progress.Report(0, Steps, "reading the files");
        NeighborhoodRunInputs inputs = NeighborhoodRunInputs.Load(_request, _map);
        _session.Progress.Report(1, Steps, $"computing on {backend.Name}");
        RunResult result = ComputeTypes.Run(
            inputs.FileType, inputs.Compute, new Computation(backend, inputs, _request.Lse is not null));
        _session.Progress.Report(2, Steps, "writing the files");
        outputs.Add("--output", inputs.OutputShape, result.Output);
        outputs.Add("--lse", inputs.LseShape, result.Lse);
        outputs.Save();
        NeighborhoodDocument document = Describe(inputs, result, backend.Name);
        _session.Write(document, ToolJson.Documents.NeighborhoodDocument, writer => WriteText(document, result, writer));
        return document.ExitCode;
    }

    private NeighborhoodDocument Describe(NeighborhoodRunInputs inputs, RunResult result, string device) => new(
        "run", ExitCodes.Ok, device, result.KernelName, NpyDtype.NameOf(inputs.FileType),
        ElementTypeNames.Short(inputs.Compute), NeighborhoodShapeDocument.Of(inputs.Shape),
        inputs.Options.Pattern.ToString(), inputs.Options.RelativeBias, result.Scale,
        result.PlanTime.TotalMilliseconds, result.RunTime.TotalMilliseconds, _request.Output, _request.Lse);

    private static void WriteText(NeighborhoodDocument document, RunResult result, TextWriter writer)
    {
        writer.WriteLine($"{document.Device}: {document.Kernel}, computed in {document.ComputeType}, "
            + $"{document.RunMilliseconds:F1} ms");
        writer.WriteLine($"{document.Output}: {document.FileType}, {result.Output.Length} elements");
        if (document.Lse is not null)
        {
            writer.WriteLine($"{document.Lse}: float32, {result.Lse.Length} elements");
        }
    }

    private sealed record Computation(AttentionBackend Backend, NeighborhoodRunInputs Files, bool WantsLse)
        : ITypedComputation<RunResult>
    {
        public RunResult Compute<T>(Func<InputTensor, T[]> load, Func<T[], Array> store)
            where T : unmanaged
        {
            long start = Stopwatch.GetTimestamp();
            NeighborhoodProblem problem = Problem();
            NeighborhoodInputs<T> inputs = new(load(Files.Query), load(Files.Key), load(Files.Value))
            {
                ExtraKey = Files.ExtraKey is null ? [] : load(Files.ExtraKey),
                ExtraValue = Files.ExtraValue is null ? [] : load(Files.ExtraValue),
                RelativeBias = Bias(problem),
            };
            T[] output = new T[Length("--output", problem.OutputLength)];
            float[] lse = WantsLse ? new float[Length("--lse", problem.LseLength)] : [];
            using HostNeighborhoodPlan<T> plan = Backend.PlanNeighborhood<T>(problem);
            TimeSpan planTime = Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
            plan.Run(inputs, output, lse);
            return new RunResult(store(output), lse, plan.KernelName, problem.Scale, planTime,
                Stopwatch.GetElapsedTime(start));
        }

        private NeighborhoodProblem Problem()
        {
            NeighborhoodProblem problem;
            try
            {
                problem = NeighborhoodProblem.Create(Files.Compute, Files.Shape, Files.Options);
            }
            catch (ArgumentException broken)
            {
                // Parameter names of the library mean nothing on the command line.
                throw ToolException.BadInput(broken.Message.Split(" (Parameter ")[0], broken);
            }

            return Backend.CanRun(problem, out string? reason)
                ? problem
                : throw ToolException.NotAvailable($"device {Backend.Name} cannot run this problem: {reason}");
        }

        private float[] Bias(NeighborhoodProblem problem)
        {
            if (Files.RelativeBias is not { } file)
            {
                return [];
            }

            long[] expected = [problem.Shape.QueryHeads, .. problem.BiasExtents.Select(n => (long)n)];
            return file.Array.Shape.AsSpan().SequenceEqual(expected)
                ? file.Array.Values<float>()
                : throw ToolException.BadInput($"{file.Label}: shape is {NpyShape.Format(file.Array.Shape)}; allowed is "
                    + $"{NpyShape.Format(expected)}, [heads, 2 * window - 1 for each axis]");
        }

        private static int Length(string option, long length) => length <= Array.MaxLength
            ? (int)length
            : throw ToolException.BadInput($"{option} would have {length} elements; at most {Array.MaxLength} are supported");
    }
}
