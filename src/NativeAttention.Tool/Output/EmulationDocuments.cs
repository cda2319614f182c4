using NativeAttention.Emulation;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Emulation;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Output;

/// <summary>What <c>nattn emulate --json</c> prints when a file does not load.</summary>
internal sealed record LoadErrorsDocument(
    string Command, int ExitCode, string File, string Target, IReadOnlyList<DiagnosticDocument> Errors)
{
    public static LoadErrorsDocument Of(string file, string target, IReadOnlyList<PtxDiagnostic> errors) =>
        new("emulate", ExitCodes.LoadFailed, file, target, [.. errors.Select(DiagnosticDocument.Of)]);
}

/// <summary>An error or a warning about a place in PTX text.</summary>
internal sealed record DiagnosticDocument(string Kernel, int Line, int Column, string Text, string Message)
{
    public static DiagnosticDocument Of(PtxDiagnostic d) => new(d.Kernel, d.Line, d.Column, d.Text, d.Message);
}

/// <summary>What <c>nattn emulate --list --json</c> prints.</summary>
internal sealed record EntriesDocument(
    string Command, int ExitCode, string File, string PtxVersion, string Target,
    IReadOnlyList<EntryDocument> Entries, IReadOnlyList<DiagnosticDocument> Warnings)
{
    public static EntriesDocument Of(string file, PtxModule module) => new(
        "emulate", ExitCodes.Ok, file, module.PtxVersion, module.Target,
        [.. module.Kernels.Select(EntryDocument.Of)], [.. module.Warnings.Select(DiagnosticDocument.Of)]);
}

/// <summary>An entry and what it takes.</summary>
internal sealed record EntryDocument(
    string Name, IReadOnlyList<ParameterDocument> Parameters, int ParameterBytes, int? MaxThreads,
    int StaticSharedBytes, int LocalBytes, int RegisterEstimate)
{
    public static EntryDocument Of(PtxKernel k) => new(
        k.Name, [.. k.Parameters.Select(p => new ParameterDocument(p.Name, p.Type, p.IsArray, p.Offset, p.Size))],
        k.ParameterBytes, k.MaxThreads, k.StaticSharedBytes, k.LocalBytes, k.RegisterEstimate);
}

/// <summary>A parameter.</summary>
internal sealed record ParameterDocument(string Name, string Type, bool IsArray, int Offset, int Size);

/// <summary>What <c>nattn emulate FILE --json</c> prints after a run.</summary>
internal sealed record EmulationDocument(
    string Command, int ExitCode, string File, string Kernel, string Target,
    IReadOnlyList<DiagnosticDocument> Warnings, IReadOnlyList<ScheduleDocument> Schedules,
    IReadOnlyList<OutputDocument> Outputs, ProfileDocument? Profile)
{
    public static EmulationDocument Of(string file, string target, PtxKernel kernel,
        IEnumerable<PtxDiagnostic> warnings, IEnumerable<BufferFile> files,
        IReadOnlyList<ScheduleOutcome> outcomes)
    {
        bool failed = outcomes.Any(o => !o.Result.IsOk);
        BufferFile[] written = [.. files.Where(f => f.Target is not null)];
        return new EmulationDocument(
            "emulate", failed ? ExitCodes.CheckFailed : ExitCodes.Ok, file, kernel.Name, target,
            [.. warnings.Where(w => w.Kernel.Length == 0 || w.Kernel == kernel.Name).Select(DiagnosticDocument.Of)],
            [.. outcomes.Select(ScheduleDocument.Of)],
            failed ? [] : [.. written.Select((f, i) => OutputDocument.Of(f, i, outcomes))],
            outcomes[0].Result.Profile is { } profile ? ProfileDocument.Of(profile) : null);
    }
}

/// <summary>One schedule and its finding.</summary>
internal sealed record ScheduleDocument(
    int Seed, string Order, string Copies, long WarpInstructions, FaultDocument? Fault)
{
    public static ScheduleDocument Of(ScheduleOutcome o) =>
        Of(o.Options, o.Result.Counters.WarpInstructions, o.Result.Fault);

    public static ScheduleDocument Of(EmulatorOptions options, long warpInstructions, EmulatorFault? fault) => new(
        options.Seed, ScheduleOutcome.OrderOf(options), ScheduleOutcome.CopiesOf(options), warpInstructions, fault is null ? null : FaultDocument.Of(fault));
}

/// <summary>A finding.</summary>
internal sealed record FaultDocument(
    string Kind, string Message, string Kernel, int Line, string Statement, IReadOnlyList<int> Block, int Warp,
    string Lanes, string? Address, IReadOnlyList<string> WarpStates, string Report)
{
    public static FaultDocument Of(EmulatorFault f) => new(
        f.Kind.ToString(), f.Message, f.Kernel, f.Line, f.Statement, [f.Block.X, f.Block.Y, f.Block.Z], f.Warp,
        $"0x{f.Lanes:x8}", f.Address is { } address ? $"0x{address:x}" : null, f.WarpStates, f.ToString());
}

/// <summary>A file that was written.</summary>
/// <param name="File">Its name.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Length of every axis.</param>
/// <param name="IsComplete">False when the kernel left bytes unwritten, which have every bit set.</param>
/// <param name="IsSameOnAllSchedules">False when another schedule gave other bytes.</param>
internal sealed record OutputDocument(
    string File, string Type, IReadOnlyList<long> Shape, bool IsComplete, bool IsSameOnAllSchedules)
{
    public static OutputDocument Of(BufferFile file, int index, IReadOnlyList<ScheduleOutcome> outcomes) => new(
        file.Spec.Path, NpyDtype.NameOf(file.Type), file.Shape,
        outcomes.All(o => !o.Incomplete.Contains(file)),
        outcomes.All(o => o.Outputs[index].AsSpan().SequenceEqual(outcomes[0].Outputs[index])));
}

/// <summary>What <c>nattn emulate --kernel</c> prints: one of our kernels on a problem.</summary>
internal sealed record KernelEmulationDocument(
    string Command, int ExitCode, string Kernel, string Target, ShapeDocument Shape, string Mask,
    double UsefulFlops, double MinimumBytes, IReadOnlyList<KernelScheduleDocument> Schedules,
    ProfileDocument? Profile);

/// <summary>One schedule of one of our kernels: its error against float64, and the finding.</summary>
internal sealed record KernelScheduleDocument(
    int Seed, string Order, string Copies, bool Passed, double MaxError, double Bound, string? Failure,
    FaultDocument? Fault);

/// <summary>What a kernel did: <paramref name="Hottest"/> are the statements executed most often,
/// <paramref name="Wasteful"/> those with most transactions above the least possible.</summary>
internal sealed record ProfileDocument(
    string Kernel, long Launches, long Blocks, long WarpInstructions, long MatrixFlops, long Atomics,
    long Barriers, IReadOnlyDictionary<string, long> Classes, TrafficDocument Global, TrafficDocument Shared,
    TrafficDocument Local, TrafficDocument Parameter, IReadOnlyList<StatementDocument> Hottest,
    IReadOnlyList<StatementDocument> Wasteful, int UnexecutedStatements, IReadOnlyList<string> UnexecutedLines)
{
    private const int Listed = 10;

    public static ProfileDocument Of(KernelProfile p) => new(
        p.Kernel, p.Launches, p.Blocks, p.WarpInstructions, p.MatrixFlops, p.Atomics, p.Barriers,
        p.InstructionsByClass.ToDictionary(c => c.Key.ToString(), c => c.Value),
        TrafficDocument.Of(p.Global), TrafficDocument.Of(p.Shared), TrafficDocument.Of(p.Local),
        TrafficDocument.Of(p.Parameter),
        [.. p.Hottest(Listed).Select(StatementDocument.Of)],
        [.. p.Statements.Where(s => Waste(s) > 0).OrderByDescending(Waste).Take(Listed)
            .Select(StatementDocument.Of)],
        p.Unexecuted().Count, Ranges(p.Statements));

    private static long Waste(StatementProfile s) =>
        s.Global.Transactions - s.Global.MinimumTransactions
        + s.Shared.Transactions - s.Shared.MinimumTransactions;

    // Lines of statements that follow each other, none of them executed, as first-last.
    private static List<string> Ranges(IReadOnlyList<StatementProfile> statements)
    {
        List<string> ranges = [];
        for (int i = 0; i < statements.Count; i++)
        {
            int first = statements[i].Line;
            bool isDead = false;
            for (; i < statements.Count && statements[i].Executions == 0; i++)
            {
                isDead = true;
            }

            if (isDead)
            {
                int last = statements[i - 1].Line;
                ranges.Add(first == last ? $"{first}" : $"{first}-{last}");
            }
        }

        return ranges;
    }
}

/// <summary>Traffic of one memory space.</summary>
internal sealed record TrafficDocument(
    long Requests, long BytesRead, long BytesWritten, long Transactions, long MinimumTransactions, double Ratio)
{
    public static TrafficDocument Of(MemoryTraffic t) => new(
        t.Requests, t.BytesRead, t.BytesWritten, t.Transactions, t.MinimumTransactions, t.Ratio);
}

/// <summary>One PTX statement; ratios where it accesses that memory.</summary>
internal sealed record StatementDocument(
    int Line, string Statement, string Class, long Executions, double? SectorRatio, double? BankRatio)
{
    public static StatementDocument Of(StatementProfile s) => new(
        s.Line, s.Statement, s.Class.ToString(), s.Executions, Ratio(s.Global), Ratio(s.Shared));

    private static double? Ratio(MemoryTraffic t) => t.Requests == 0 ? null : t.Ratio;
}
