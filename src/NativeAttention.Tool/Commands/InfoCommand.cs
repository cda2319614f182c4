using System.CommandLine;
using System.Reflection;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Output;

namespace NativeAttention.Tool.Commands;

/// <summary><c>nattn info</c>: the devices, why some are not available, the driver, the kernels.</summary>
internal static class InfoCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Build(Func<ParseResult, Func<ToolSession, int>, int> execute)
    {
        Command command = new("info",
            "Show the devices, the driver and the kernels, and why a device is not available.");
        command.SetAction(parsed => execute(parsed, Run));
        return command;
    }

    private static int Run(ToolSession session)
    {
        InfoDocument document = Collect(session);
        session.Write(document, ToolJson.Documents.InfoDocument, writer => WriteText(document, writer));
        return document.ExitCode;
    }

    private static InfoDocument Collect(ToolSession session)
    {
        IDeviceCatalog catalog = session.Devices.Catalog;
        IReadOnlyList<DeviceReport> reports = catalog.List(session.Loggers);
        string version = typeof(InfoCommand).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        return new InfoDocument("info", ExitCodes.Ok, version, catalog.DriverDescription,
            [.. reports.Select(r => Describe(r, catalog))]);
    }

    private static DeviceDocument Describe(DeviceReport report, IDeviceCatalog catalog) => new(
        report.Name.ToString(), report.Available, report.Description, report.Reason,
        [.. catalog.Kernels(report.Name).Select(k => new KernelDocument(
            k.Name, k.Family, k.Rung, ElementTypeNames.Short(k.ElementType), k.HeadDim, k.Architecture))]);

    private static void WriteText(InfoDocument document, TextWriter writer)
    {
        writer.WriteLine($"nattn {document.Version}");
        writer.WriteLine($"CUDA driver: {document.Driver}");
        writer.WriteLine();
        writer.WriteLine("Devices");
        TextTable devices = new("device", "state", "what");
        foreach (DeviceDocument device in document.Devices)
        {
            devices.Add(device.Name, device.Available ? "available" : "not available",
                device.Description ?? device.Reason ?? "");
        }

        devices.WriteTo(writer);
        foreach (IGrouping<string, DeviceDocument> group in document.Devices
            .Where(d => d.Kernels.Count > 0)
            .GroupBy(d => string.Join('\n', d.Kernels.Select(k => k.Name))))
        {
            writer.WriteLine();
            writer.WriteLine($"Kernels of {string.Join(", ", group.Select(d => d.Name))}");
            WriteKernels(group.First().Kernels, writer);
        }
    }

    private static void WriteKernels(IReadOnlyList<KernelDocument> kernels, TextWriter writer)
    {
        TextTable table = new("kernel", "family", "rung", "type", ">head dim", "needs");
        foreach (KernelDocument kernel in kernels)
        {
            table.Add(kernel.Name, kernel.Family, kernel.Rung, kernel.ElementType,
                kernel.HeadDim is { } dim ? $"<= {dim}" : "any", kernel.Architecture ?? "");
        }

        table.WriteTo(writer);
    }
}
