using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeAttention.Bindings;

// Loading: library, exports, version, cuInit, in this order, so that the first thing wrong is what gets told.
public sealed unsafe partial class CudaDriver
{
    /// <summary>Fills a table from functions that are there already: the emulator's.</summary>
    /// <param name="find">Address of an export by its exact name; 0 when absent.</param>
    /// <param name="origin">What to tell about the table.</param>
    /// <exception cref="NotSupportedException">As for <see cref="Load"/>.</exception>
    internal static CudaDriver FromExports(Func<string, nint> find, DriverOrigin origin)
    {
        bool usable = TryFill(find, origin, out CudaDriver? driver, out string? reason)
            && driver.TryStart(out reason);
        return usable ? driver! : throw new NotSupportedException(reason);
    }

    /// <summary>The first of some libraries that opens decides; the others are only named.</summary>
    private static bool TryLoadAny(
        IReadOnlyList<string> candidates,
        [NotNullWhen(true)] out CudaDriver? driver,
        [NotNullWhen(false)] out string? reason)
    {
        driver = null;
        if (!TryCheckProcess(candidates, out reason)
            || !DriverLibrary.TryOpenAny(candidates, out nint library, out string? name, out reason))
        {
            return false;
        }

        DriverOrigin origin = new(name, IsEmulated: false, LastFinding: null);
        if (!TryFill(export => DriverLibrary.Find(library, export), origin, out driver, out reason))
        {
            NativeLibrary.Free(library);
            return false;
        }

        // From cuInit on the library has threads and state: it stays, even if it is of no use.
        if (!driver.TryStart(out reason))
        {
            driver = null;
        }

        return driver is not null;
    }

    private static bool TryCheckProcess(
        IReadOnlyList<string> candidates,
        [NotNullWhen(false)] out string? reason)
    {
        reason = null;
        if (!Environment.Is64BitProcess)
        {
            reason = "The CUDA driver is used from 64-bit processes only; this process is 32-bit.";
        }
        else if (candidates.Count == 0)
        {
            reason = $"There is no CUDA driver for {RuntimeInformation.OSDescription}: only Linux and "
                + "Windows have one.";
        }

        return reason is null;
    }

    private static bool TryFill(
        Func<string, nint> find,
        DriverOrigin origin,
        [NotNullWhen(true)] out CudaDriver? driver,
        [NotNullWhen(false)] out string? reason)
    {
        DriverExports exports = new(find);
        CudaDriver filled = new(exports, origin);
        reason = filled.ReasonAgainst(exports.Missing);
        driver = reason is null ? filled : null;
        return driver is not null;
    }

    private string? ReasonAgainst(IReadOnlyList<string> missing)
    {
        string symbols = string.Join(", ", missing);
        if (DriverGetVersion == null)
        {
            return $"{Library} is not a CUDA driver: it does not export {symbols}.";
        }

        int version = 0;
        CudaResult result = DriverGetVersion(&version);
        Version = version;
        if (result != CudaResult.Success)
        {
            return $"{Library}: cuDriverGetVersion failed: {Describe(result)}.";
        }

        if (version < MinimumVersion)
        {
            string lacks = missing.Count == 0 ? "" : $" (it lacks {symbols})";
            return $"{Library} is too old: it supports CUDA {VersionText(version)}{lacks}; "
                + $"{MinimumVersionText} or newer is needed.";
        }

        return missing.Count == 0
            ? null
            : $"{Library} (CUDA {VersionText(version)}) lacks required symbols: {symbols}.";
    }

    private bool TryStart([NotNullWhen(false)] out string? reason)
    {
        CudaResult result = Init(0);
        reason = result == CudaResult.Success
            ? null
            : $"{Library}: cuInit failed: {Describe(result)}.{HintFor(result)}";
        return reason is null;
    }

    internal static string VersionText(int version)
    {
        return FormattableString.Invariant($"{version / 1000}.{version % 1000 / 10}");
    }
}
