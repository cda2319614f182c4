namespace NativeAttention;

/// <summary>A planned problem over host memory: made once, run many times. One run at a time.</summary>
/// <remarks>
/// A plan may be used from any thread, but by one thread at a time: a second run that starts before the first
/// has ended is refused. Disposing is safe at any time; a run in progress ends first and the memory goes
/// then.
/// </remarks>
/// <typeparam name="T">Element type of query, key, value and output.</typeparam>
public abstract class HostAttentionPlan<T> : IDisposable
    where T : unmanaged
{
    private const int Idle = 0;
    private const int Running = 1;
    private const int Disposed = 2;
    private const int RunningDisposed = 3;
    private int state;

    /// <summary>Makes a plan for a problem.</summary>
    /// <param name="problem">
    /// The validated problem; its element type must be that of <typeparamref name="T"/>.
    /// </param>
    /// <exception cref="ArgumentException">The problem has another element type.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    protected HostAttentionPlan(AttentionProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (ElementTypes.Of<T>() != problem.ElementType)
        {
            throw new ArgumentException(
                $"The problem has elements of type {problem.ElementType}, but the plan was "
                + $"asked for {typeof(T)}.", nameof(problem));
        }

        Problem = problem;
    }

    /// <summary>The problem this plan runs.</summary>
    public AttentionProblem Problem { get; }

    /// <summary>Name of the kernel that was chosen.</summary>
    public abstract string KernelName { get; }

    /// <summary>Bytes of scratch memory the plan holds, on whatever device it runs.</summary>
    public abstract long WorkspaceBytes { get; }

    /// <summary>
    /// Runs the plan: checks the spans against the problem, then fills output and, if not empty, lse.
    /// </summary>
    /// <remarks>
    /// Spans may be longer than needed; what lies beyond is neither read nor written.
    /// <para>
    /// A run that is cancelled leaves every query row of the output, together with its log-sum-exp, either
    /// finished or untouched, writes nothing after it has thrown, and the plan may be run again. The CPU
    /// looks at the token between its tiles of a few dozen queries of one head, a GPU until its kernel is
    /// launched, so there all rows are untouched. A run that has computed everything returns as usual, even
    /// if it is cancelled meanwhile.
    /// </para>
    /// </remarks>
    /// <param name="query">Queries, laid out as the problem says.</param>
    /// <param name="key">Keys.</param>
    /// <param name="value">Values.</param>
    /// <param name="output">Receives the output; must not overlap an input.</param>
    /// <param name="lse">
    /// Receives the natural-log log-sum-exp, dense [batch, heads, query]; empty if not wanted.
    /// </param>
    /// <param name="cancellationToken">Ends the run early; see the remarks.</param>
    /// <exception cref="ArgumentException">
    /// A span is too short for its shape and strides, or output or lse overlap another span. Nothing was
    /// written.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another run of this plan has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The plan is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The run was cancelled before it had computed everything.
    /// </exception>
    public void Run(ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value, Span<T> output,
        Span<float> lse = default, CancellationToken cancellationToken = default) =>
        Run(new AttentionInputs<T>(query, key, value), output, lse, cancellationToken);

    /// <summary>
    /// Runs the plan with optional operands: checks the spans against the problem, then fills output and, if
    /// not empty, lse.
    /// </summary>
    /// <remarks>As of the other overload.</remarks>
    /// <param name="inputs">Query, key, value, and the operands that the options announced.</param>
    /// <param name="output">Receives the output; must not overlap an input.</param>
    /// <param name="lse">
    /// Receives the natural-log log-sum-exp, dense [batch, heads, query], or [heads, token] for packed
    /// layouts; empty if not wanted.
    /// </param>
    /// <param name="cancellationToken">Cancels the run.</param>
    /// <exception cref="ArgumentException">
    /// A span is too short for its shape and strides; an operand is missing, was not announced or has another
    /// type; a length is out of range; output or lse overlap another span. Nothing was written.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another run of this plan has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The plan is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The run was cancelled before it had computed everything.
    /// </exception>
    public void Run(in AttentionInputs<T> inputs, Span<T> output, Span<float> lse = default,
        CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            AttentionInputs<T> exact = SpanRules.Check<T>(Problem, inputs, output, lse);
            cancellationToken.ThrowIfCancellationRequested();
            Execute(exact, output[..(int)Problem.OutputStorageLength],
                lse.IsEmpty ? default : lse[..(int)Problem.LseLength], cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// Frees what the plan owns, as soon as no run is in progress. Further runs are refused.
    /// </summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        while (true)
        {
            int before = Volatile.Read(ref state);
            if (before is Disposed or RunningDisposed)
            {
                return;
            }

            // A run in progress sees the mark when it leaves, and releases then.
            int after = before == Idle ? Disposed : RunningDisposed;
            if (Interlocked.CompareExchange(ref state, after, before) == before)
            {
                if (after == Disposed)
                {
                    Release();
                }

                return;
            }
        }
    }

    /// <summary>Runs on checked spans, each exactly as long as the problem needs.</summary>
    /// <param name="inputs">Query, key, value and the announced operands.</param>
    /// <param name="output">Output.</param>
    /// <param name="lse">Log-sum-exp; empty if not wanted.</param>
    /// <param name="cancellationToken">
    /// To be looked at as often as is cheap; what a cancelled run may leave behind is said at
    /// <see cref="Run(ReadOnlySpan{T}, ReadOnlySpan{T}, ReadOnlySpan{T}, Span{T}, Span{float}, CancellationToken)"/>.
    /// </param>
    protected abstract void Execute(in AttentionInputs<T> inputs, Span<T> output, Span<float> lse,
        CancellationToken cancellationToken);

    /// <summary>Frees what the plan owns: called once, when no run is in progress.</summary>
    protected virtual void Release()
    {
    }

    private void Enter()
    {
        int before = Interlocked.CompareExchange(ref state, Running, Idle);
        ObjectDisposedException.ThrowIf(before is Disposed or RunningDisposed, this);
        if (before == Running)
        {
            throw new InvalidOperationException(
                "The plan is running already: use one plan per concurrent run (plans are cheap to make).");
        }
    }

    private void Leave()
    {
        if (Interlocked.CompareExchange(ref state, Idle, Running) == RunningDisposed)
        {
            // The plan was disposed meanwhile: nobody can enter any more, so this thread is the last.
            state = Disposed;
            Release();
        }
    }
}
