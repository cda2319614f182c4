using System.CommandLine;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Demo;
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
        Option<string?> picture = new("--picture")
        {
            HelpName = "file.ppm",
            Description = "Picture for neighborhood attention: a binary PGM or PPM file (default: one that is built in).",
        };
        Command command = new("demo",
            "Find the devices, run every kernel on each, and check the results (start here).")
        {
            device,
            picture,
        };
        command.SetAction(parsed => execute(parsed,
            session => Run(session, parsed.GetValue(device), parsed.GetValue(picture))));
        return command;
    }

    private static int Run(ToolSession session, string? device, string? picture)
    {
        GrayPicture clean = picture is null ? GrayPicture.Camera() : GrayPicture.Read(picture);
        IReadOnlyList<DeviceReport> devices = session.Devices.Catalog.List(session.Loggers);
        VerificationRun run = new(session, Cases, Seed, Repeats);
        VerificationDocument document =
            VerificationReport.Document("demo", Seed, devices, run.Run(device, devices));
        MapDemonstration map = new(clean, Seed);
        document = WithPictures(document, [.. Pictures(session, device, devices, map)]);
        session.Write(document, ToolJson.Documents.VerificationDocument,
            writer => WriteText(document, map, writer));
        return document.ExitCode;
    }

    private static IEnumerable<PictureDocument> Pictures(ToolSession session, string? device,
        IReadOnlyList<DeviceReport> devices, MapDemonstration map)
    {
        foreach (DeviceName name in session.Devices.Requested(device) is { } one
            ? [one]
            : devices.Where(d => d.Available).Select(d => d.Name))
        {
            using AttentionBackend backend = session.Devices.Open(name, session.Loggers);
            if (map.Run(backend) is { } result)
            {
                yield return result;
            }
        }
    }

    private static VerificationDocument WithPictures(VerificationDocument document,
        IReadOnlyList<PictureDocument> pictures)
    {
        int passed = pictures.Count(p => p.Passed), failed = pictures.Count - passed;
        return document with
        {
            Pictures = pictures,
            Passed = document.Passed + passed,
            Failed = document.Failed + failed,
            ExitCode = failed == 0 ? document.ExitCode : ExitCodes.CheckFailed,
        };
    }

    private static IEnumerable<VerificationCase> Cases(KernelReport kernel, DeviceName device) =>
        [VerificationCases.Demonstration(kernel, device.Kind == DeviceKind.Emulator)];

    private static void WriteText(VerificationDocument document, MapDemonstration map, TextWriter writer)
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

        WritePictures(document, map, writer);
        writer.WriteLine();
        VerificationReport.WriteSummary(document, writer);
        writer.WriteLine("Next: nattn info, nattn run --help, nattn verify");
    }

    private static void WritePictures(VerificationDocument document, MapDemonstration map, TextWriter writer)
    {
        if (map.Filtered is not { } filtered || document.Pictures.Count == 0)
        {
            return;
        }

        PictureDocument first = document.Pictures[0];
        writer.WriteLine();
        writer.WriteLine($"Neighborhood attention on a picture of {first.Height} x {first.Width} pixels with noise: each pixel "
            + "sees a window");
        writer.WriteLine($"of {first.Window} x {first.Window} and weighs those whose surroundings look alike (non-local "
            + "means). Left the result with one");
        writer.WriteLine("window framed, right what the pixel in its middle weighs how much.");
        writer.WriteLine();
        PictureText.Write(writer, filtered, map, first.Height * 2 / 5, first.Width * 2 / 5);
        writer.WriteLine();
        TextTable table = new("device", "kernel", ">ms", ">PSNR before", ">after", ">max error", ">allowed", "");
        foreach (PictureDocument p in document.Pictures)
        {
            table.Add(p.Device, p.Kernel, $"{p.Milliseconds:F2}", $"{p.NoisySignalToNoise:F1} dB", $"{p.SignalToNoise:F1} dB",
                VerificationReport.Error(p.MaxError), VerificationReport.Error(p.Bound), p.Passed ? "ok" : "FAILED");
        }

        table.WriteTo(writer);
    }
}
