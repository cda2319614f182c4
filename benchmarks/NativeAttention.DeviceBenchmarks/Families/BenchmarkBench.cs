using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Measuring;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>What families work with: the device, its stream, and what outlives one case.</summary>
internal sealed class BenchmarkBench(CudaDevice device, long l2Bytes) : IDisposable
{
    // What is called the size of the cache is not what one multiprocessor sees of it, and which lines it replaces
    // first is not told: so much more than it holds leaves nothing of a set when its turn comes again.
    private const int CachesPerRound = 3;
    private const int MostSets = 256;

    private readonly Dictionary<string, TimeSpan> _moduleLoads = [];

    /// <summary>The device.</summary>
    public CudaDevice Device { get; } = device;

    /// <summary>The stream that everything is measured in.</summary>
    public CudaStream Stream { get; } = device.CreateStream();

    /// <summary>Random numbers.</summary>
    public RandomPool Random { get; } = new();

    /// <summary>How many sets of tensors together are beyond the cache of the device.</summary>
    /// <param name="bytes">Bytes that one launch reads and writes.</param>
    public int SetsBeyondCache(double bytes) => Device.IsEmulated ? 2 : SetsBeyond(l2Bytes, bytes);

    /// <summary>How many sets of tensors together are beyond a cache.</summary>
    public static int SetsBeyond(long cacheBytes, double bytes) =>
        (int)Math.Clamp(Math.Ceiling(CachesPerRound * cacheBytes / Math.Max(bytes, 1)) + 1, 2, MostSets);

    /// <summary>Time that a module took to load: that of the plan that loaded it.</summary>
    /// <param name="kernel">A kernel that was just planned.</param>
    /// <param name="planning">How long the plan took.</param>
    public TimeSpan ModuleLoad(string kernel, TimeSpan planning)
    {
        string module = KernelCatalog.Find(kernel).Module;
        return _moduleLoads.TryAdd(module, planning) ? planning : _moduleLoads[module];
    }

    public void Dispose() => Stream.Dispose();
}
