using System.Text;
using System.Text.RegularExpressions;
using NativeAttention.Emulation;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Output;

namespace NativeAttention.Tool.Emulation;

/// <summary><c>nattn emulate FILE.ptx</c>: lists the entries, or runs one on every schedule.</summary>
internal sealed partial class EmulateFile(ToolSession session, EmulateRequest request)
{
    private const string DefaultTarget = "sm_80";

    private readonly string _path = request.File!;

    /// <summary>Does it.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        string ptx = ReadText();
        string target = request.Target ?? TargetOf(ptx);
        string name = Path.GetFileNameWithoutExtension(_path);
        using EmulatedGpu gpu = new(EmulatorOptions.Default with { Target = target });
        if (!gpu.TryLoad(ptx, name, out PtxModule? module, out IReadOnlyList<PtxDiagnostic> errors))
        {
            LoadErrorsDocument failure = LoadErrorsDocument.Of(_path, target, errors);
            session.Write(failure, ToolJson.Documents.LoadErrorsDocument,
                writer => EmulationReport.WriteErrors(failure, writer));
            return failure.ExitCode;
        }

        return request.List ? List(module) : Launch(module, ptx, target);
    }

    private int List(PtxModule module)
    {
        EntriesDocument document = EntriesDocument.Of(_path, module);
        session.Write(document, ToolJson.Documents.EntriesDocument,
            writer => EmulationReport.WriteEntries(document, writer));
        return document.ExitCode;
    }

    private int Launch(PtxModule module, string ptx, string target)
    {
        PtxKernel kernel = PtxRun.Entry(module, request.Entry);
        BufferFile[] files = [.. request.Arguments.OfType<BufferSpec>().Select(BufferFile.Open)];
        RequireDistinctTargets(files);
        byte[]? parameters = request.Params is null ? null : ReadBytes("--params", request.Params);
        PtxRun run = new(ptx, module.Name, request, files, parameters);
        List<ScheduleOutcome> outcomes = [];
        foreach (EmulatorOptions way in request.Ways(target))
        {
            session.Progress.Report(outcomes.Count + 1, request.Schedules, ScheduleOutcome.Describe(way));
            outcomes.Add(run.Run(way));
        }

        EmulationDocument document = EmulationDocument.Of(_path, target, kernel, module.Warnings, files, outcomes);
        if (document.ExitCode == ExitCodes.Ok)
        {
            Save(files, outcomes[0]);
        }

        session.Write(document, ToolJson.Documents.EmulationDocument,
            writer => EmulationReport.WriteRun(document, writer));
        return document.ExitCode;
    }

    private static void Save(BufferFile[] files, ScheduleOutcome outcome)
    {
        using OutputFiles outputs = new();
        foreach ((BufferFile file, byte[] content) in files.Where(f => f.Target is not null).Zip(outcome.Outputs))
        {
            file.Write(outputs, content);
        }

        outputs.Commit();
    }

    private static void RequireDistinctTargets(BufferFile[] files)
    {
        foreach (BufferFile file in files.Where(f => f.Target is not null))
        {
            foreach (BufferFile other in files.Where(f => f != file))
            {
                OutputPath.RequireDistinct($"--arg {file.Spec.Text}", file.Target!, $"--arg {other.Spec.Text}",
                    other.Spec.Path);
            }
        }
    }

    private string ReadText()
    {
        byte[] bytes = ReadBytes("FILE", _path);
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw ToolException.BadInput($"FILE {_path}: not a text in UTF-8: PTX is needed, not a cubin", e);
        }
    }

    private static byte[] ReadBytes(string option, string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string what = File.Exists(path) ? $"cannot be read: {e.Message}" : "there is no such file";
            throw ToolException.BadInput($"{option} {path}: {what}", e);
        }
    }

    private static string TargetOf(string ptx) =>
        TargetPattern().Match(ptx) is { Success: true } match
        && EmulatorOptions.Targets.Contains(match.Groups[1].Value) ? match.Groups[1].Value : DefaultTarget;

    // At the start of a line, so that a comment does not match.
    [GeneratedRegex(@"^\s*\.target\s+(sm_\d+a?)", RegexOptions.Multiline)]
    private static partial Regex TargetPattern();
}
