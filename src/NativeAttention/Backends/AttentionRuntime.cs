using Microsoft.Extensions.Logging;

namespace NativeAttention;

/// <summary>The entry point: given backends in order of preference, it runs each problem on the first that can.</summary>
public sealed class AttentionRuntime : IDisposable
{
    /// <summary>Makes a runtime; null entries (backends that could not be opened) are skipped. It owns the backends.</summary>
    public AttentionRuntime(IEnumerable<AttentionBackend?> backends, ILoggerFactory? loggers = null) =>
        throw new NotImplementedException();

    /// <summary>The backends, in order of preference.</summary>
    public IReadOnlyList<AttentionBackend> Backends => throw new NotImplementedException();

    /// <summary>Runs one problem over host spans: validate, choose, plan, run, dispose.</summary>
    public void Attend<T>(ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value, Span<T> output,
        AttentionShape shape, AttentionOptions? options = null, Span<float> lse = default)
        where T : unmanaged => throw new NotImplementedException();

    /// <summary>Plans a problem on the first backend that can run it.</summary>
    public HostAttentionPlan<T> Plan<T>(AttentionShape shape, AttentionOptions? options = null)
        where T : unmanaged => throw new NotImplementedException();

    /// <summary>Asks whether any backend can run a problem, and why not.</summary>
    public bool CanRun<T>(AttentionShape shape, AttentionOptions? options, out string? reason)
        where T : unmanaged => throw new NotImplementedException();

    /// <summary>Disposes the backends.</summary>
    public void Dispose() => throw new NotImplementedException();
}
