using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Bindings;

/// <summary>
/// The CUDA driver API as a table of function pointers, filled from the installed driver or from an emulator.
/// Everything above it is the same code for both. A loaded table is initialised (<c>cuInit</c> has
/// succeeded), immutable, never unloaded, and safe to use from any thread.
/// </summary>
public sealed unsafe partial class CudaDriver
{
    /// <summary>The oldest supported driver, in the form of <see cref="Version"/>: CUDA 11.0.</summary>
    internal const int MinimumVersion = 11000;

    /// <summary>The same for people.</summary>
    internal const string MinimumVersionText = "CUDA 11.0 (driver branch 450)";

    private static readonly Lock LoadLock = new();
    private static CudaDriver? _installed;

    /// <summary>Path or name of the library that the table was filled from; for people.</summary>
    public string Library { get; }

    /// <summary>Whether this driver runs PTX on the CPU instead of a GPU.</summary>
    public bool IsEmulated { get; }

    /// <summary>
    /// Newest CUDA version that the driver supports, as 1000 * major + 10 * minor (12040 is CUDA 12.4).
    /// </summary>
    public int Version { get; private set; }

    /// <summary>Whether stream-ordered allocation is there (devices must have memory pools, too).</summary>
    internal bool HasStreamOrderedAllocation => MemAllocAsync != null && MemFreeAsync != null;

    /// <summary>Whether memory pools can be tuned (a device must support memory pools, too).</summary>
    internal bool HasMemoryPools =>
        DeviceGetDefaultMemPool != null && MemPoolSetAttribute != null && MemPoolTrimTo != null;

    /// <summary>Whether captured graphs can be made ready to launch (CUDA 11.4).</summary>
    internal bool HasGraphs => GraphInstantiateWithFlags != null;

    /// <summary>Whether tensor maps can be encoded (needed by TMA kernels only).</summary>
    internal bool HasTensorMaps => TensorMapEncodeTiled != null;

    /// <summary>
    /// For a device ordinal, or -1: what the emulator knows about the last call that failed on this thread.
    /// Null for an installed driver.
    /// </summary>
    internal Func<int, string?>? LastFinding { get; }

    /// <summary>Loads the installed driver, or says why there is none to use. Never throws.</summary>
    /// <remarks>
    /// Looks for <c>libcuda.so.1</c> or <c>nvcuda.dll</c>, or only for the library that the environment
    /// variable <c>NATTN_CUDA_LIBRARY</c> names. A driver once loaded is given to every later caller.
    /// </remarks>
    /// <param name="driver">The driver, initialised.</param>
    /// <param name="reason">What was tried, and why it cannot be used.</param>
    public static bool TryLoad(
        [NotNullWhen(true)] out CudaDriver? driver,
        [NotNullWhen(false)] out string? reason)
    {
        lock (LoadLock)
        {
            driver = _installed;
            reason = null;
            if (driver is null && TryLoadAny(DriverLibrary.Candidates(), out driver, out reason))
            {
                _installed = driver;
            }

            return driver is not null;
        }
    }

    /// <summary>Loads a driver from one library, whatever the environment says.</summary>
    /// <param name="path">Path or name of a library that exports the CUDA driver API.</param>
    /// <param name="driver">The driver, initialised.</param>
    /// <param name="reason">Why the library cannot be used.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null or empty.</exception>
    public static bool TryLoad(
        string path,
        [NotNullWhen(true)] out CudaDriver? driver,
        [NotNullWhen(false)] out string? reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return TryLoadAny([path], out driver, out reason);
    }

    /// <summary>Loads the installed driver.</summary>
    /// <exception cref="NotSupportedException">
    /// There is no usable driver; the message has the libraries tried, the missing symbols, the version
    /// needed or the driver's own error.
    /// </exception>
    public static CudaDriver Load()
    {
        return TryLoad(out CudaDriver? driver, out string? reason)
            ? driver
            : throw new NotSupportedException(reason);
    }
}
