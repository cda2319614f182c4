using System.CommandLine;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Output;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Commands;

/// <summary>
/// <c>nattn demo</c>: the first thing to run. Finds the devices, runs every kernel once and checks it.
/// </summary>
internal static class DemoCommand
{
    private const int Seed = 1;

    // The first run of a kernel also compiles or loads it; the fastest of three is what a user would see
    // later.
    private const int Repeats = 3;

    /// <summary>Makes the command.</summary>
    public static Command Build(Func<ParseResult, Func<ToolSession, int>, int> execute)
    {
        Option<string?> device = DeviceOption.Create("every available device");
        Command command = new("demo",
            "Find the devices, run every kernel on each, and check the results (start here).")
        {
            device,
        };
        command.SetAction(parsed => execute(parsed, session => Run(session, parsed.GetValue(device))));
        return command;
    }

    private static int Run(ToolSession session, string? device)
    {
        IReadOnlyList<DeviceReport> devices = session.Devices.Catalog.List(session.Loggers);
        VerificationRun run = new(session, Cases, Seed, Repeats);
        VerificationDocument document =
            VerificationReport.Document("demo", Seed, devices, run.Run(device, devices));
        session.Write(document, ToolJson.Documents.VerificationDocument,
            writer => WriteText(document, writer));
        return document.ExitCode;
    }

    private static IEnumerable<VerificationCase> Cases(KernelReport kernel, DeviceName device) =>
        [VerificationCases.Demonstration(kernel, device.Kind == DeviceKind.Emulator)];

    private static void WriteText(VerificationDocument document, TextWriter writer)
    {
        writer.WriteLine("Devices");
        VerificationReport.WriteDevices(document, writer);
        writer.WriteLine();
        writer.WriteLine("Attention, computed by every kernel and compared with float64");
        TextTable table = new("device", "kernel", "queries x keys", ">head dim", ">ms", ">max error",
            ">allowed", "");
        foreach (VerifiedCaseDocument c in document.Cases)
        {
            table.Add(c.Device, c.Kernel,
                $"{c.Shape.QueryLength} x {c.Shape.KeyLength}, {c.Shape.QueryHeads} heads",
                $"{c.Shape.HeadDim}", $"{c.Milliseconds:F2}", VerificationReport.Error(c.MaxError),
                VerificationReport.Error(c.Bound), c.Passed ? "ok" : "FAILED");
        }

        table.WriteTo(writer);
        if (document.Cases.Any(c => c.Device == DeviceName.Emulator.ToString()))
        {
            writer.WriteLine(
                "  The emulator interprets the PTX of the GPU kernels: it shows that they are right, "
                + "not how fast.");
        }

        writer.WriteLine();
        VerificationReport.WriteSummary(document, writer);
        writer.WriteLine("Next: nattn info, nattn run --help, nattn verify");
    }
}
