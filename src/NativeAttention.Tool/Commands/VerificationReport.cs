using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Output;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Commands;

/// <summary>The results of <c>verify</c> and <c>demo</c> as a document and as tables.</summary>
internal static class VerificationReport
{
    /// <summary>The document.</summary>
    public static VerificationDocument Document(string command, int seed, IReadOnlyList<DeviceReport> devices,
        IReadOnlyList<VerificationResult> results)
    {
        int skipped = results.Count(r => r.Skipped), failed = results.Count(r => !r.Passed) - skipped;
        return new VerificationDocument(command, failed == 0 ? ExitCodes.Ok : ExitCodes.CheckFailed, seed,
            results.Count - failed - skipped, failed, skipped,
            [.. devices.Select(d => new VerifiedDeviceDocument(
                d.Name.ToString(), d.Available, d.Description, d.Reason))],
            [.. results.Where(r => !r.Skipped).Select(Describe)]);
    }

    /// <summary>The devices, and in short why some are not available.</summary>
    public static void WriteDevices(VerificationDocument document, TextWriter writer)
    {
        TextTable table = new("device", "state", "what");
        foreach (VerifiedDeviceDocument device in document.Devices)
        {
            table.Add(device.Name, device.Available ? "available" : "not available",
                device.Description ?? Shorten(device.Reason ?? ""));
        }

        table.WriteTo(writer);
    }

    /// <summary>One line per kernel and problem.</summary>
    public static void WriteCases(VerificationDocument document, TextWriter writer)
    {
        TextTable table = new("device", "kernel", "case", ">head dim", ">ms", ">max error", ">relative",
            ">allowed", "result");
        foreach (VerifiedCaseDocument c in document.Cases)
        {
            table.Add(c.Device, c.Kernel, c.Case, HeadDims(c.Shape), $"{c.Milliseconds:F2}",
                Error(c.MaxError), Error(c.RelativeError), Error(c.Bound), c.Passed ? "ok" : "FAILED");
        }

        table.WriteTo(writer);
    }

    /// <summary>Every failure in full, then the count.</summary>
    public static void WriteSummary(VerificationDocument document, TextWriter writer)
    {
        foreach (VerifiedCaseDocument c in document.Cases.Where(c => !c.Passed))
        {
            writer.WriteLine($"FAILED {c.Device} {c.Kernel}, {c.Case} (seed {document.Seed}): {Reason(c)}");
        }

        writer.WriteLine($"{document.Passed} passed, {document.Failed} failed"
            + (document.Skipped == 0 ? "" : $", {document.Skipped} not supported by their kernel"));
    }

    private static string Reason(VerifiedCaseDocument c) => c.Failure
        ?? $"output error {Error(c.MaxError)} (allowed {Error(c.Bound)}), "
        + $"log-sum-exp error {Error(c.MaxLseError)} (allowed {Error(c.LseBound)})";

    /// <summary>An error for people; a dash when there is none to tell.</summary>
    public static string Error(double value) => double.IsNaN(value) ? "-" : $"{value:0.0e+00}";

    private static string HeadDims(ShapeDocument s) =>
        s.HeadDim == s.ValueHeadDim ? $"{s.HeadDim}" : $"{s.HeadDim}-{s.ValueHeadDim}";

    // The reason a driver is missing lists every name that was tried; that is for nattn info.
    private static string Shorten(string reason)
    {
        int end = reason.AsSpan().IndexOfAny(';', '(');
        return end < 0 ? reason : $"{reason[..end].TrimEnd()} (more: nattn info)";
    }

    private static VerifiedCaseDocument Describe(VerificationResult r) => new(
        r.Device, r.Kernel.Name, ElementTypeNames.Short(r.Kernel.ElementType), r.Kernel.Rung, r.Case.Name,
        ShapeDocument.Of(r.Case.Shape),
        r.Case.ToOptions(r.Kernel.Rung).Mask.ToString(), r.Case.Scale,
        r.Case.HeadsFirst ? "bhsd" : "bshd", r.Passed,
        r.Error.MaxOutput, r.Error.RelativeOutput, r.Bound.Output, r.Error.MaxLse, r.Bound.Lse,
        r.Time.TotalMilliseconds, r.Failure);
}
