using NativeAttention.Cuda;
using NativeAttention.Emulation;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Output;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Emulation;

/// <summary>
/// <c>nattn emulate --kernel</c>: one of our kernels on a problem with random inputs, checked against float64,
/// with its traffic beside the least possible.
/// </summary>
internal sealed class EmulateKernel(ToolSession session, EmulateRequest request)
{
    private readonly AttentionMask _mask = request.Causal ? AttentionMask.Causal : AttentionMask.None;

    /// <summary>Does it.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        KernelReport kernel = Find();
        VerificationCase problem = new("emulated", request.Shape!.Value, _mask);
        string target = request.Target ?? kernel.Architecture!;
        List<KernelScheduleDocument> schedules = [];
        ProfileDocument? profile = null;
        foreach (EmulatorOptions way in request.Ways(target))
        {
            session.Progress.Report(schedules.Count + 1, request.Schedules, ScheduleOutcome.Describe(way));
            int ordinal = EmulatedDriver.AddDevice(way);
            schedules.Add(RunOne(kernel, problem, way, ordinal));
            profile ??= EmulatedDriver.GetProfiles(ordinal) is [KernelProfile only] ? ProfileDocument.Of(only) : null;
        }

        KernelEmulationDocument document = new("emulate",
            schedules.TrueForAll(s => s.Passed) ? ExitCodes.Ok : ExitCodes.CheckFailed, kernel.Name, target,
            ShapeDocument.Of(problem.Shape), _mask.ToString(), CaseWork.DenseFlops(problem.Shape, _mask),
            CaseWork.DenseBytes(problem.Shape, kernel.ElementType), schedules, profile);
        session.Write(document, ToolJson.Documents.KernelEmulationDocument,
            writer => EmulationReport.WriteKernel(document, writer));
        return document.ExitCode;
    }

    private KernelScheduleDocument RunOne(
        KernelReport kernel, VerificationCase problem, EmulatorOptions way, int ordinal)
    {
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, ordinal, session.Loggers);
        VerificationResult result = new KernelVerifier(backend, request.Seed).Verify(kernel, problem);
        EmulatedDriver.TryGetLastFault(ordinal, out EmulatorFault? fault);
        if (result.Failure is not null && fault is null)
        {
            throw ToolException.BadInput($"{kernel.Name} cannot run this problem: {result.Failure}");
        }

        ScheduleDocument schedule = ScheduleDocument.Of(way, 0, fault);
        return new KernelScheduleDocument(schedule.Seed, schedule.Order, schedule.Copies, result.Passed,
            result.Error.MaxOutput, result.Bound.Output, result.Failure, schedule.Fault);
    }

    private KernelReport Find()
    {
        IReadOnlyList<KernelReport> all = session.Devices.Catalog.Kernels(DeviceName.Emulator);
        return all.FirstOrDefault(k => k.Name == request.Kernel) ?? throw ToolException.BadInput(
            $"--kernel is '{request.Kernel}'; there are {string.Join(", ", all.Select(k => k.Name))}");
    }
}
