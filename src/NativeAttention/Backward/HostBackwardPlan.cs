using NativeAttention.Neighborhood;

namespace NativeAttention;

/// <summary>
/// A planned backward pass over host memory, of dense or of neighborhood attention: made once, run many times. One
/// run at a time. Deterministic: equal inputs give equal bits.
/// </summary>
/// <remarks>
/// The two-pass form of the FlashAttention backward (arXiv 2205.14135, 2307.08691): one pass owns keys and writes
/// the gradients of key and value, one owns queries and writes that of the query; both compute probabilities anew
/// from the log-sum-exp, and nothing is added up in varying order.
/// <para>
/// A backend says through <see cref="AttentionBackend.CanRunBackward(AttentionProblem, out string)"/> what it
/// cannot differentiate. Of attention that was merged from parts, each part's backward takes the merged output
/// and log-sum-exp.
/// </para>
/// </remarks>
/// <example>
/// One step of training: forward keeps output and log-sum-exp, backward reads them.
/// <code>
/// using AttentionRuntime runtime = new([CpuBackend.Default]);
/// AttentionShape shape = new(Batch: 2, QueryLength: 512, KeyLength: 512, QueryHeads: 8, KeyValueHeads: 2, HeadDim: 64);
/// runtime.Attend&lt;float&gt;(query, key, value, output, shape, AttentionOptions.Causal, lse: lse);
///
/// using HostBackwardPlan&lt;float&gt; plan = runtime.PlanBackward&lt;float&gt;(shape, AttentionOptions.Causal);
/// BackwardInputs&lt;float&gt; inputs = new()
/// {
///     Query = query,
///     Key = key,
///     Value = value,
///     Output = output,
///     Lse = lse,
///     OutputGradient = outputGradient,
/// };
/// plan.Run(inputs, new AttentionGradients&lt;float&gt;(queryGradient, keyGradient, valueGradient));
/// </code>
/// </example>
/// <typeparam name="T">Element type of all tensors but log-sum-exp and bias.</typeparam>
public abstract class HostBackwardPlan<T> : HostPlan
    where T : unmanaged
{
    private readonly BackwardSpans spans;

    /// <summary>Makes a plan for dense attention.</summary>
    /// <param name="problem">The forward problem.</param>
    /// <exception cref="ArgumentException">The problem has another element type.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    protected HostBackwardPlan(AttentionProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        RequireType<T>(problem.ElementType);
        spans = BackwardSpans.Of(problem);
        Lowered = problem.Lowered;
    }

    /// <summary>Makes a plan for neighborhood attention.</summary>
    /// <param name="problem">The forward problem.</param>
    /// <exception cref="ArgumentException">The problem has another element type.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    protected HostBackwardPlan(NeighborhoodProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        RequireType<T>(problem.ElementType);
        spans = BackwardSpans.Of(problem);
        Lowered = problem.Lowered;
    }

    /// <summary>The problem as kernels see it.</summary>
    private protected MapProblem Lowered { get; }

    /// <summary>Runs the plan: checks the spans against the problem, then fills the gradients.</summary>
    /// <remarks>
    /// A run that is cancelled leaves every row of each gradient either finished or untouched.
    /// </remarks>
    /// <param name="inputs">What forward read and wrote, and the gradient of the output.</param>
    /// <param name="gradients">Where to write; apart from all inputs and from each other.</param>
    /// <param name="cancellationToken">Ends the run early.</param>
    /// <exception cref="ArgumentException">
    /// A span is too short, missing or not part of the problem, or what is written overlaps another span. Nothing was
    /// written.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another run of this plan has not ended.</exception>
    /// <exception cref="ObjectDisposedException">The plan is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The run was cancelled before it had computed everything.
    /// </exception>
    public void Run(in BackwardInputs<T> inputs, in AttentionGradients<T> gradients,
        CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            BackwardInputs<T> exact = spans.Check(inputs, gradients, out AttentionGradients<T> written);
            cancellationToken.ThrowIfCancellationRequested();
            Execute(exact, written, cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Runs on checked spans, each exactly as long as the problem needs.</summary>
    /// <param name="inputs">What is read.</param>
    /// <param name="gradients">What is written.</param>
    /// <param name="cancellationToken">To be looked at as often as is cheap.</param>
    protected abstract void Execute(in BackwardInputs<T> inputs, in AttentionGradients<T> gradients,
        CancellationToken cancellationToken);
}
