namespace NativeAttention;

/// <summary>A planned problem over host memory: made once, run many times. One run at a time.</summary>
/// <typeparam name="T">Element type of query, key, value and output.</typeparam>
public abstract class HostAttentionPlan<T> : IDisposable
    where T : unmanaged
{
    /// <summary>Makes a plan for a problem.</summary>
    protected HostAttentionPlan(AttentionProblem problem) => Problem = problem;

    /// <summary>The problem this plan runs.</summary>
    public AttentionProblem Problem { get; }

    /// <summary>Name of the kernel that was chosen.</summary>
    public abstract string KernelName { get; }

    /// <summary>Bytes of scratch memory the plan holds, on whatever device it runs.</summary>
    public abstract long WorkspaceBytes { get; }

    /// <summary>Runs the plan: checks the spans against the problem, then fills output and, if not empty, lse.</summary>
    /// <param name="query">Queries, laid out as the problem says.</param>
    /// <param name="key">Keys.</param>
    /// <param name="value">Values.</param>
    /// <param name="output">Receives the output; must not overlap an input.</param>
    /// <param name="lse">Receives the natural-log log-sum-exp, dense [batch, heads, query]; empty if not wanted.</param>
    public void Run(ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value, Span<T> output,
        Span<float> lse = default)
    {
        Execute(query, key, value, output, lse);
    }

    /// <summary>Runs on checked spans.</summary>
    protected abstract void Execute(ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value, Span<T> output,
        Span<float> lse);

    /// <summary>Frees what the plan owns.</summary>
    public abstract void Dispose();
}
