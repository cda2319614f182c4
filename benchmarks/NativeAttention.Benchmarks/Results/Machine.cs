using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text.RegularExpressions;
using BenchmarkDotNet.Environments;
using NativeAttention.Benchmarks.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Results;

/// <summary>What results say of the machine and of the code that was measured.</summary>
internal static partial class Machine
{
    private static readonly string[] NoName = ["amd", "intel", "r", "tm", "cpu", "processor", "core"];

    /// <summary>The line that opens the run of the CPU.</summary>
    public static RunLine Describe(BenchOptions options)
    {
        string processor = WithModel(
            HostEnvironmentInfo.GetCurrent().CpuInfo.Value?.ProcessorName ?? "unknown processor", Signature());
        return new RunLine
        {
            Schema = RunLine.CurrentSchema,
            Date = DateTime.UtcNow,
            Commit = Commit(),
            Machine = options.Machine ?? Slug(processor, Environment.ProcessorCount),
            Device = "cpu",
            Mode = options.Mode,
            Note = options.Note,
            DeviceDetails = new DeviceDetails
            {
                Cpu = $"{processor}: {CpuBackend.Default.Description}",
                Cores = Environment.ProcessorCount,
                Os = RuntimeInformation.OSDescription,
                Runtime = RuntimeInformation.FrameworkDescription,
            },
        };
    }

    /// <summary>The folder of a run: as the options say, else its own under benchmarks/results.</summary>
    public static string Folder(BenchOptions options, RunLine run) => options.Out
        ?? Path.Combine("benchmarks", "results", $"{run.Date:yyyy-MM-dd}-{run.Commit}-{run.Machine}");

    /// <summary>A short name made of a processor's: <c>epyc-9b14-2core</c>.</summary>
    internal static string Slug(string processor, int cores)
    {
        string name = CoreCount().Replace(processor.Split('@')[0].ToLowerInvariant(), "");
        string[] words = new string([.. name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return string.Join('-', words.Except(NoName).Take(3).Append($"{cores}core"));
    }

    /// <summary>
    /// The name of a processor that tells it from others: virtual machines often hide the model, and then family and
    /// model of the CPUID instruction stand for it, in the hexadecimal form of the vendors' documents.
    /// </summary>
    /// <param name="processor">Its name.</param>
    /// <param name="signature">EAX of CPUID function 1; null where there is no such instruction.</param>
    internal static string WithModel(string processor, int? signature)
    {
        if (signature is not int bits || processor.Any(char.IsAsciiDigit))
        {
            return processor;
        }

        // The extended family counts from family 15 on; both vendors extend the model of the families of today.
        int family = (bits >> 8) & 0xF, model = ((bits >> 4) & 0xF) | ((bits >> 12) & 0xF0);
        family += family == 0xF ? (bits >> 20) & 0xFF : 0;
        return $"{processor} {family:X2}h-{model:X2}h";
    }

    private static int? Signature() => X86Base.IsSupported ? X86Base.CpuId(1, 0).Eax : null;

    // The SDK appends the commit that was checked out to the version.
    private static string Commit()
    {
        string? version = typeof(Machine).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        string[] parts = version?.Split('+') ?? [];
        return parts.Length == 2 && parts[1].Length >= 7 ? parts[1][..7] : "unknown";
    }

    [GeneratedRegex(@"\d+-core")]
    private static partial Regex CoreCount();
}
