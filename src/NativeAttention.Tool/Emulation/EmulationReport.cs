using System.Globalization;
using NativeAttention.Tool.Output;

namespace NativeAttention.Tool.Emulation;

/// <summary>The documents of <c>nattn emulate</c> as text.</summary>
internal static class EmulationReport
{
    /// <summary>Every offending statement, one line each.</summary>
    public static void WriteErrors(LoadErrorsDocument document, TextWriter writer)
    {
        foreach (DiagnosticDocument e in document.Errors)
        {
            writer.WriteLine($"{document.File}({e.Line},{e.Column}): error: {e.Message}: {e.Text}");
        }

        writer.WriteLine($"{document.File} does not load on {document.Target}: {document.Errors.Count} "
            + (document.Errors.Count == 1 ? "error" : "errors"));
    }

    /// <summary>Entries with their parameters.</summary>
    public static void WriteEntries(EntriesDocument document, TextWriter writer)
    {
        writer.WriteLine($"{document.File}: PTX {document.PtxVersion} for {document.Target}");
        foreach (EntryDocument entry in document.Entries)
        {
            string threads = entry.MaxThreads is { } most ? $", at most {most} threads" : "";
            writer.WriteLine($"{entry.Name}: {entry.ParameterBytes} bytes of parameters, "
                + $"{entry.StaticSharedBytes} of static shared memory, {entry.LocalBytes} of local memory, "
                + $"about {entry.RegisterEstimate} registers{threads}");
            foreach (ParameterDocument p in entry.Parameters)
            {
                writer.WriteLine($"  @{p.Offset,-4} .{p.Type} {p.Name}{(p.IsArray ? $" ({p.Size} bytes)" : "")}");
            }
        }

        WriteWarnings(document.File, document.Warnings, writer);
    }

    /// <summary>Findings of the schedules, outputs, profile.</summary>
    public static void WriteRun(EmulationDocument document, TextWriter writer)
    {
        WriteWarnings(document.File, document.Warnings, writer);
        foreach (ScheduleDocument s in document.Schedules.Where(s => s.Fault is not null))
        {
            writer.WriteLine($"FAULT with {Describe(s)}:");
            writer.WriteLine(s.Fault!.Report);
        }

        foreach (OutputDocument o in document.Outputs)
        {
            writer.WriteLine($"{o.File}: {o.Type} [{string.Join(", ", o.Shape)}]"
                + (o.IsComplete ? "" : "; WARNING: the kernel left bytes unwritten")
                + (o.IsSameOnAllSchedules ? "" : "; WARNING: the schedules gave different bytes"));
        }

        WriteProfile(document.Profile, writer);
        int failed = document.Schedules.Count(s => s.Fault is not null);
        writer.WriteLine($"{document.Kernel} on {document.Target}: {document.Schedules.Count - failed} of "
            + $"{document.Schedules.Count} schedules without a finding"
            + (failed > 0 ? "; nothing was written" : ""));
    }

    /// <summary>One of our kernels: error, minimum, profile.</summary>
    public static void WriteKernel(KernelEmulationDocument document, TextWriter writer)
    {
        foreach (KernelScheduleDocument s in document.Schedules.Where(s => !s.Passed))
        {
            writer.WriteLine($"FAILED with seed {s.Seed}, warps {s.Order}, copies {s.Copies}: "
                + (s.Fault?.Report ?? s.Failure
                    ?? $"error {VerificationError(s.MaxError)}, allowed {VerificationError(s.Bound)}"));
        }

        WriteProfile(document.Profile, writer);
        if (document.Profile is { } profile)
        {
            long moved = profile.Global.BytesRead + profile.Global.BytesWritten;
            writer.WriteLine($"useful FLOPs {document.UsefulFlops:N0}: the kernel's products are "
                + $"{Ratio(profile.MatrixFlops, document.UsefulFlops)} times that");
            writer.WriteLine($"least traffic {document.MinimumBytes:N0} bytes (every tensor once): the kernel "
                + $"moves {Ratio(moved, document.MinimumBytes)} times that");
        }

        int failed = document.Schedules.Count(s => !s.Passed);
        writer.WriteLine($"{document.Kernel} on {document.Target}: {document.Schedules.Count - failed} of "
            + $"{document.Schedules.Count} schedules right and without a finding");
    }

    private static void WriteProfile(ProfileDocument? profile, TextWriter writer)
    {
        if (profile is null)
        {
            return;
        }

        writer.WriteLine($"profile of {profile.Kernel}: launches {profile.Launches}, blocks {profile.Blocks:N0}, "
            + $"warp instructions {profile.WarpInstructions:N0}, tensor FLOPs {profile.MatrixFlops:N0}, "
            + $"atomics {profile.Atomics:N0}, barriers {profile.Barriers:N0}");
        WriteClasses(profile, writer);
        WriteTraffic(profile, writer);
        WriteStatements("hottest statements", profile.Hottest, writer);
        WriteStatements("most transactions above the least", profile.Wasteful, writer);
        WriteUnexecuted(profile, writer);
    }

    private static void WriteClasses(ProfileDocument profile, TextWriter writer)
    {
        TextTable table = new("class", ">instructions", ">share");
        foreach ((string name, long count) in profile.Classes.OrderByDescending(c => c.Value))
        {
            table.Add(name, $"{count:N0}", $"{100.0 * count / profile.WarpInstructions:F1} %");
        }

        table.WriteTo(writer);
    }

    private static void WriteTraffic(ProfileDocument profile, TextWriter writer)
    {
        TextTable table = new(
            "memory", ">requests", ">bytes read", ">bytes written", ">transactions", ">at least", "ratio");
        Add("global (sectors)", profile.Global);
        Add("shared (bank passes)", profile.Shared);
        Add("local", profile.Local);
        Add("parameters", profile.Parameter);
        table.WriteTo(writer);

        void Add(string name, TrafficDocument t) => table.Add(name, $"{t.Requests:N0}",
            $"{t.BytesRead:N0}", $"{t.BytesWritten:N0}", $"{t.Transactions:N0}",
            $"{t.MinimumTransactions:N0}", t.Transactions == 0 ? "-" : $"{t.Ratio:F3}");
    }

    private static void WriteUnexecuted(ProfileDocument profile, TextWriter writer)
    {
        if (profile.UnexecutedStatements > 0)
        {
            writer.WriteLine($"never executed: {profile.UnexecutedStatements} statements, lines "
                + string.Join(", ", profile.UnexecutedLines));
        }
    }

    private static void WriteStatements(string title, IReadOnlyList<StatementDocument> statements, TextWriter writer)
    {
        if (statements.Count == 0)
        {
            return;
        }

        TextTable table = new(">line", ">executions", ">sectors", ">banks", title);
        foreach (StatementDocument s in statements)
        {
            table.Add($"{s.Line}", $"{s.Executions:N0}", Ratio(s.SectorRatio), Ratio(s.BankRatio), s.Statement);
        }

        table.WriteTo(writer);

        static string Ratio(double? ratio) => ratio is { } value ? $"{value:F2}" : "-";
    }

    private static void WriteWarnings(string file, IEnumerable<DiagnosticDocument> warnings, TextWriter writer)
    {
        foreach (DiagnosticDocument w in warnings)
        {
            writer.WriteLine($"{file}({w.Line},{w.Column}): warning: {w.Message}: {w.Text}");
        }
    }

    private static string Describe(ScheduleDocument s) => $"seed {s.Seed}, warps {s.Order}, copies {s.Copies}";

    private static string VerificationError(double value) => Commands.VerificationReport.Error(value);

    private static string Ratio(double value, double least) =>
        least == 0 ? "-" : (value / least).ToString("F3", CultureInfo.InvariantCulture);
}
