using NativeAttention.Neighborhood;

namespace NativeAttention;

/// <summary>A planned neighborhood problem over host memory: made once, run many times. One run at a time.</summary>
/// <typeparam name="T">Element type of query, key, value and output.</typeparam>
public abstract class HostNeighborhoodPlan<T> : HostPlan
    where T : unmanaged
{
    /// <summary>Makes a plan for a problem.</summary>
    /// <param name="problem">
    /// The validated problem; its element type must be that of <typeparamref name="T"/>.
    /// </param>
    /// <exception cref="ArgumentException">The problem has another element type.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    protected HostNeighborhoodPlan(NeighborhoodProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        RequireType<T>(problem.ElementType);
        Problem = problem;
    }

    /// <summary>The problem this plan runs.</summary>
    public NeighborhoodProblem Problem { get; }

    /// <summary>Runs the plan on inputs without extra keys and bias.</summary>
    /// <remarks>As of the other overload.</remarks>
    /// <param name="query">[batch, map of queries, query heads, head dim].</param>
    /// <param name="key">[batch, map of keys, key/value heads, head dim].</param>
    /// <param name="value">[batch, map of keys, key/value heads, value head dim].</param>
    /// <param name="output">
    /// Receives [batch, map of queries, query heads, value head dim]; must not overlap an input.
    /// </param>
    /// <param name="lse">
    /// Receives the natural-log log-sum-exp, [batch, map of queries, query heads]; empty if not wanted.
    /// </param>
    /// <param name="cancellationToken">Ends the run early.</param>
    /// <exception cref="ArgumentException">A span breaks a rule. Nothing was written.</exception>
    /// <exception cref="InvalidOperationException">Another run of this plan has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The plan is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The run was cancelled before it had computed everything.
    /// </exception>
    public void Run(ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value, Span<T> output,
        Span<float> lse = default, CancellationToken cancellationToken = default) =>
        Run(new NeighborhoodInputs<T>(query, key, value), output, lse, cancellationToken);

    /// <summary>
    /// Runs the plan: checks the spans against the problem, then fills output and, if not empty, lse.
    /// </summary>
    /// <remarks>
    /// Spans may be longer than needed; what lies beyond is neither read nor written. A run that is cancelled
    /// leaves every row of the output, together with its log-sum-exp, either finished or untouched.
    /// </remarks>
    /// <param name="inputs">Query, key, value, and what else the problem has.</param>
    /// <param name="output">
    /// Receives [batch, map of queries, query heads, value head dim]; must not overlap an input.
    /// </param>
    /// <param name="lse">
    /// Receives the natural-log log-sum-exp, [batch, map of queries, query heads]; empty if not wanted.
    /// </param>
    /// <param name="cancellationToken">Ends the run early.</param>
    /// <exception cref="ArgumentException">
    /// A span is too short, missing or not part of the problem, or output or lse overlap another span. Nothing was
    /// written.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another run of this plan has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The plan is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The run was cancelled before it had computed everything.
    /// </exception>
    public void Run(in NeighborhoodInputs<T> inputs, Span<T> output, Span<float> lse = default,
        CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            NeighborhoodInputs<T> exact = NeighborhoodSpans.Check(Problem, inputs, output, lse);
            cancellationToken.ThrowIfCancellationRequested();
            Execute(exact, output[..(int)Problem.OutputLength],
                lse.IsEmpty ? default : lse[..(int)Problem.LseLength], cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Runs on checked spans, each exactly as long as the problem needs.</summary>
    /// <param name="inputs">Query, key, value, and what else the problem has.</param>
    /// <param name="output">Output.</param>
    /// <param name="lse">Log-sum-exp; empty if not wanted.</param>
    /// <param name="cancellationToken">To be looked at as often as is cheap.</param>
    protected abstract void Execute(in NeighborhoodInputs<T> inputs, Span<T> output, Span<float> lse,
        CancellationToken cancellationToken);
}
