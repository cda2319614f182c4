using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

// Attention on maps of tokens.
public sealed partial class AttentionRuntime
{
    /// <summary>Neighborhood attention in one call: plans, runs and disposes.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="inputs">
    /// Query [batch, map, query heads, head dim], key and value [batch, map, key/value heads, dim], and what else shape
    /// and options have.
    /// </param>
    /// <param name="output">
    /// Receives [batch, map, query heads, value head dim]; must not overlap an input.
    /// </param>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">The pattern and the rest.</param>
    /// <param name="lse">
    /// Receives the natural-log log-sum-exp, [batch, map, query heads]; empty if not wanted.
    /// </param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <exception cref="ArgumentException">Shape, options or a span break a rule. Nothing was written.</exception>
    /// <exception cref="NotSupportedException">
    /// No backend can run it; the message has each one's reason.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The call was cancelled before it had computed everything.
    /// </exception>
    public void AttendNeighborhood<T>(in NeighborhoodInputs<T> inputs, Span<T> output, NeighborhoodShape shape,
        NeighborhoodOptions options, Span<float> lse = default, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        NeighborhoodProblem problem = NeighborhoodProblemOf<T>(shape, options);
        cancellationToken.ThrowIfCancellationRequested();
        using HostNeighborhoodPlan<T> plan = PlanNeighborhood<T>(problem);
        plan.Run(inputs, output, lse, cancellationToken);
    }

    /// <summary>Plans neighborhood attention on the first backend that can run it: for many runs.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">The pattern and the rest.</param>
    /// <returns>A plan, which the caller disposes before the runtime.</returns>
    /// <exception cref="ArgumentException">Shape or options break a rule.</exception>
    /// <exception cref="NotSupportedException">
    /// No backend can run it; the message has each one's reason.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    public HostNeighborhoodPlan<T> PlanNeighborhood<T>(NeighborhoodShape shape, NeighborhoodOptions options)
        where T : unmanaged => PlanNeighborhood<T>(NeighborhoodProblemOf<T>(shape, options));

    /// <summary>
    /// Asks whether any backend can run neighborhood attention, and why not; invalid problems are answered, not
    /// thrown.
    /// </summary>
    /// <typeparam name="T">Element type.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">The pattern and the rest.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    public bool CanRun<T>(NeighborhoodShape shape, NeighborhoodOptions options,
        [NotNullWhen(false)] out string? reason)
        where T : unmanaged
    {
        NeighborhoodProblem problem;
        try
        {
            problem = NeighborhoodProblemOf<T>(shape, options);
        }
        catch (Exception broken) when (broken is ArgumentException or NotSupportedException)
        {
            reason = broken.Message;
            return false;
        }

        return FirstThat((AttentionBackend b, [NotNullWhen(false)] out string? why) => b.CanRun(problem, out why),
            () => $"run neighborhood attention of {shape}", out reason) is not null;
    }

    private HostNeighborhoodPlan<T> PlanNeighborhood<T>(NeighborhoodProblem problem)
        where T : unmanaged
    {
        AttentionBackend backend = Required(
            (AttentionBackend b, [NotNullWhen(false)] out string? why) => b.CanRun(problem, out why),
            () => $"run neighborhood attention of {problem.Shape}", out string? refusals);
        HostNeighborhoodPlan<T> plan = backend.PlanNeighborhood<T>(problem);
        LogOnce(backend, plan.KernelName, refusals);
        return plan;
    }

    private NeighborhoodProblem NeighborhoodProblemOf<T>(NeighborhoodShape shape, NeighborhoodOptions options)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, this);
        return NeighborhoodProblem.Create(ElementTypes.Of<T>(), shape, options);
    }
}
