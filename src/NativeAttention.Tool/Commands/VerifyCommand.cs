using System.CommandLine;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Output;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Commands;

/// <summary><c>nattn verify</c>: every kernel against the float64 reference.</summary>
internal static class VerifyCommand
{
    private const string Description = """
        Check every kernel against a float64 reference on every available device.

        The bound of a case is twice the error of plain dense attention in the same element type, plus
        1e-5; of passes over scores, what rounding in that type leaves of the probabilities, and errors of
        column sums and entropies count by the query and by tenths. Cases with modifiers are left out for
        kernels that do not know them. Exit code 1 when a case is outside its bound or does not run.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Build(Func<ParseResult, Func<ToolSession, int>, int> execute)
    {
        Option<string?> device = DeviceOption.Create("every available device");
        Option<bool> quick = new("--quick")
        {
            Description = "Only the two most telling cases of every kernel.",
        };
        Option<int> seed = OptionParsers.Whole("--seed", "Seed of the random inputs.", 1);
        Command command = new("verify", Description) { device, quick, seed };
        command.SetAction(parsed => execute(parsed, session =>
            Run(session, parsed.GetValue(device), parsed.GetValue(quick), parsed.GetValue(seed))));
        return command;
    }

    private static int Run(ToolSession session, string? device, bool quick, int seed)
    {
        IReadOnlyList<DeviceReport> devices = session.Devices.Catalog.List(session.Loggers);
        VerificationRun run =
            new(session, (kernel, _) => VerificationCases.For(kernel, quick), seed, repeats: 1);
        VerificationDocument document =
            VerificationReport.Document("verify", seed, devices, run.Run(device, devices));
        session.Write(document, ToolJson.Documents.VerificationDocument, writer =>
        {
            VerificationReport.WriteDevices(document, writer);
            writer.WriteLine();
            VerificationReport.WriteCases(document, writer);
            writer.WriteLine();
            VerificationReport.WriteSummary(document, writer);
        });
        return document.ExitCode;
    }
}
