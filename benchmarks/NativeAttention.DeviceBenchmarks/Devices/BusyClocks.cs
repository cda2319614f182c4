using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace NativeAttention.DeviceBenchmarks.Devices;

/// <summary>Clocks and power of a GPU at one moment, as nvidia-smi tells them.</summary>
/// <param name="Driver">Version of the driver.</param>
/// <param name="ClockMHz">Clock of the multiprocessors.</param>
/// <param name="MemoryClockMHz">Clock of the memory.</param>
/// <param name="PowerWatts">Power.</param>
internal sealed record BusyClocks(string Driver, double ClockMHz, double MemoryClockMHz, double PowerWatts)
{
    private const string Program = "nvidia-smi";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Asks nvidia-smi; null where there is none, or it does not answer.</summary>
    public static BusyClocks? TryRead(int ordinal)
    {
        ProcessStartInfo start = new(Program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "--query-gpu=driver_version,clocks.sm,clocks.mem,power.draw", "--format=csv,noheader,nounits",
                $"--id={ordinal}",
            },
        };
        try
        {
            using Process? process = Process.Start(start);
            if (process is null || !process.WaitForExit(Patience))
            {
                process?.Kill();
                return null;
            }

            return process.ExitCode == 0 ? Parse(process.StandardOutput.ReadToEnd()) : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Understands its line; null when it is another.</summary>
    public static BusyClocks? Parse(string line)
    {
        string[] fields = [.. line.Split(',').Select(f => f.Trim())];
        return fields.Length == 4 && Number(fields[1], out double sm) && Number(fields[2], out double memory)
            && Number(fields[3], out double watts)
            ? new BusyClocks(fields[0], sm, memory, watts)
            : null;
    }

    private static bool Number(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
}
