using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Devices;
using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.App;

/// <summary>Makes the line that opens a run.</summary>
internal static class RunHeader
{
    private const int ShortHash = 7;

    /// <summary>The line.</summary>
    /// <param name="session">The device.</param>
    /// <param name="options">The command line.</param>
    /// <param name="started">When the run began.</param>
    /// <param name="clocks">Clocks under load; null when unknown.</param>
    /// <param name="launch">Cost of an empty launch; null when unknown.</param>
    public static RunLine Of(MeasuringSession session, BenchmarkOptions options, DateTime started,
        BusyClocks? clocks, LaunchTiming? launch)
    {
        CudaDevice device = session.Device;
        string name = device.IsEmulated ? "emulator" : device.ProductName;
        return new RunLine
        {
            Schema = RunLine.CurrentSchema,
            Date = started,
            Commit = Commit,
            Machine = options.Machine ?? Slug(name),
            Device = name,
            Mode = options.Mode,
            Note = Note(session, clocks, launch),
            DeviceDetails = new DeviceDetails
            {
                Driver = clocks?.Driver ?? $"CUDA {device.DriverVersion}",
                ComputeCapability = device.ComputeCapability.ToString(),
                Sms = session.Facts.Sms,
                ClockMHz = clocks?.ClockMHz ?? session.Facts.ClockMHz,
                MemoryClockMHz = clocks?.MemoryClockMHz ?? session.Facts.MemoryClockMHz,
                Cores = Environment.ProcessorCount,
                Os = RuntimeInformation.OSDescription,
                Runtime = RuntimeInformation.FrameworkDescription,
                PtxCompiler = PtxCompiler,
            },
        };
    }

    /// <summary>A name for results: small letters, digits and hyphens, without the maker.</summary>
    public static string Slug(string product)
    {
        string lower = product.Replace("NVIDIA", "", StringComparison.OrdinalIgnoreCase).ToLowerInvariant();
        string plain = string.Concat(lower.Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-'));
        string slug = string.Join('-', plain.Split('-', StringSplitOptions.RemoveEmptyEntries));
        return slug.Length > 0 ? slug : "unknown";
    }

    // The build adds the commit to the version after a plus sign.
    private static string Commit =>
        typeof(CudaDevice).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+') is [_, { Length: >= ShortHash } hash]
            ? hash[..ShortHash]
            : "unknown";

    private static string PtxCompiler =>
        KernelCatalog.Kernels[0].ReadPtx().Contains("LLVM", StringComparison.Ordinal) ? "clang" : "nvcc";

    private static string Note(MeasuringSession session, BusyClocks? clocks, LaunchTiming? launch)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        List<string> notes = [string.Create(culture, $"L2 {session.Facts.L2Bytes >> 20} MiB")];
        notes.Add(clocks is null
            ? "clocks are the highest that the driver tells"
            : string.Create(culture, $"clocks and {clocks.PowerWatts:F0} W are those under matrix products"));
        if (launch is not null)
        {
            notes.Add(string.Create(culture,
                $"an empty launch takes {1e6 * launch.HostSeconds:F2} us of the host, and one follows the other "
                + $"after {1e6 * launch.Seconds.Median:F2} us"));
        }

        if (session.Device.IsEmulated)
        {
            notes.Add("emulated: times say nothing about a GPU");
        }

        return string.Join("; ", notes);
    }
}
