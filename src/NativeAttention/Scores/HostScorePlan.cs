namespace NativeAttention;

/// <summary>
/// A planned pass over the scores of a problem, over host memory: made once, run many times. One run at a time.
/// </summary>
/// <typeparam name="T">Element type of query, key and scores.</typeparam>
public abstract class HostScorePlan<T> : HostPlan<T>
    where T : unmanaged
{
    /// <summary>Makes a plan.</summary>
    /// <param name="problem">
    /// The validated problem; its element type must be that of <typeparamref name="T"/>, its layout not packed.
    /// </param>
    /// <param name="request">What to return.</param>
    /// <exception cref="ArgumentException">
    /// The problem has another element type or a packed layout; the request asks for nothing, or for a block
    /// side below 1.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    protected HostScorePlan(AttentionProblem problem, ScoreRequest request)
        : base(problem)
    {
        ScoreRules.CheckRequest(problem, request);
        Request = request;
    }

    /// <summary>What it returns.</summary>
    public ScoreRequest Request { get; }

    /// <summary>Runs the plan: checks the spans, then fills the results.</summary>
    /// <remarks>
    /// Spans may be longer than needed; what lies beyond is neither read nor written. A run that is cancelled
    /// leaves the results of each head finished or untouched.
    /// </remarks>
    /// <param name="inputs">
    /// Query, key and the operands that the options announced. The value is not read and may be empty.
    /// </param>
    /// <param name="lse">
    /// The log-sum-exp of an attention run with the same inputs, [batch, query heads, queries]; needed for
    /// probabilities and statistics, and else left empty.
    /// </param>
    /// <param name="results">What is asked for.</param>
    /// <param name="cancellationToken">Ends the run early.</param>
    /// <exception cref="ArgumentException">
    /// A span is missing, too short or was not asked for; an operand breaks a rule; a result overlaps another
    /// span. Nothing was written.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another run of this plan has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The plan is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The run was cancelled before it had computed everything.
    /// </exception>
    public void Run(in AttentionInputs<T> inputs, ReadOnlySpan<float> lse, in ScoreResults<T> results,
        CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            AttentionInputs<T> exact = ScoreRules.Check(Problem, Request, inputs, lse, results);
            cancellationToken.ThrowIfCancellationRequested();
            Execute(exact, lse, results, cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Runs on checked spans.</summary>
    /// <param name="inputs">Query, key and the announced operands.</param>
    /// <param name="lse">Log-sum-exp; empty if nothing needs it.</param>
    /// <param name="results">Where to write.</param>
    /// <param name="cancellationToken">To be looked at as often as is cheap.</param>
    protected abstract void Execute(in AttentionInputs<T> inputs, ReadOnlySpan<float> lse,
        in ScoreResults<T> results, CancellationToken cancellationToken);
}
