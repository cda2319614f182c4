namespace NativeAttention;

/// <summary>A planned problem over host memory: made once, run many times. One run at a time.</summary>
/// <typeparam name="T">Element type of query, key, value and output.</typeparam>
public abstract class HostAttentionPlan<T> : HostPlan<T>
    where T : unmanaged
{
    /// <summary>Makes a plan for a problem.</summary>
    /// <param name="problem">
    /// The validated problem; its element type must be that of <typeparamref name="T"/>.
    /// </param>
    /// <exception cref="ArgumentException">The problem has another element type.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    protected HostAttentionPlan(AttentionProblem problem)
        : base(problem)
    {
    }

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
}
