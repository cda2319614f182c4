using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>
/// Gives each thread that works a processor of its own: the calling one the first, the others the rest in
/// turn. Linux moves unpinned threads about, and two on one processor for a while look like a slow kernel.
/// </summary>
/// <remarks>
/// Threads are found by the system's list of them rather than by who made them, so that those of the pool, of
/// a gang of our own and of a peer's OpenMP are treated alike. New ones appear at any time: apply it again and
/// again.
/// </remarks>
internal sealed partial class Pinning : IDisposable
{
    private const string Tasks = "/proc/self/task";
    private const string PoolWorker = ".NET TP Worker";
    private readonly int[] _processors;

    private Pinning(int[] processors) => _processors = processors;

    /// <summary>The processors that this process may use; null where threads cannot be pinned.</summary>
    public static Pinning? OfThisProcess()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        int[] allowed = [.. ProcessorsOf(thread: 0)];
        return allowed.Length == 0 ? null : new Pinning(allowed);
    }

    /// <summary>Pins the calling thread, and those others that may work for it.</summary>
    public void Apply()
    {
        int self = CurrentThread();
        Pin(self, _processors[0]);
        ReadOnlySpan<int> others = _processors.Length > 1 ? _processors.AsSpan(1) : _processors;
        int place = 0;
        foreach (int thread in Workers().Where(t => t != self).Order())
        {
            Pin(thread, others[place++ % others.Length]);
        }
    }

    /// <summary>Lets the same threads use every processor again.</summary>
    public void Dispose()
    {
        foreach (int thread in Workers().Append(CurrentThread()))
        {
            Pin(thread, _processors);
        }
    }

    /// <summary>The processors a thread may use.</summary>
    /// <param name="thread">Its number in the system, 0 for the calling one.</param>
    internal static IReadOnlyList<int> ProcessorsOf(int thread)
    {
        ProcessorSet set = default;
        _ = GetAffinity(thread, (nuint)Unsafe.SizeOf<ProcessorSet>(), ref set);
        return [.. Enumerable.Range(0, ProcessorSet.Count).Where(i => set.Has(i))];
    }

    /// <summary>
    /// All threads but the first one, which waits, and those the runtime keeps for itself.
    /// </summary>
    internal static IEnumerable<int> Workers()
    {
        foreach (string task in Directory.EnumerateDirectories(Tasks))
        {
            int thread = int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture);
            if (thread != Environment.ProcessId && NameOf(task) is { } name
                && (name == PoolWorker || !name.StartsWith(".NET", StringComparison.Ordinal)))
            {
                yield return thread;
            }
        }
    }

    private static string? NameOf(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).Trim();
        }
        catch (IOException)
        {
            return null; // it has ended meanwhile
        }
    }

    // A thread that has ended meanwhile cannot be pinned, and need not be.
    private static void Pin(int thread, params ReadOnlySpan<int> processors)
    {
        ProcessorSet set = default;
        foreach (int processor in processors)
        {
            set.Add(processor);
        }

        _ = SetAffinity(thread, (nuint)Unsafe.SizeOf<ProcessorSet>(), ref set);
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int CurrentThread();

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint bytes, ref ProcessorSet set);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint bytes, ref ProcessorSet set);

    // The system's cpu_set_t: a bit for each of 1,024 processors.
    [InlineArray(Words)]
    private struct ProcessorSet
    {
        public const int Count = 64 * Words;
        private const int Words = 16;
        private ulong _first;

        public readonly bool Has(int processor) =>
            (((ReadOnlySpan<ulong>)this)[processor / 64] >> (processor % 64) & 1) != 0;

        public void Add(int processor) => ((Span<ulong>)this)[processor / 64] |= 1UL << (processor % 64);
    }
}
