using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

// Gradients.
public sealed partial class AttentionRuntime
{
    /// <summary>
    /// Plans backward of dense attention on the first backend that can run it. Deterministic: equal inputs give
    /// equal bits.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="shape">The lengths of the forward problem.</param>
    /// <param name="options">
    /// Mask without prefix, scale and layout of the forward problem; null for <see cref="AttentionOptions.Default"/>.
    /// </param>
    /// <returns>A plan, which the caller disposes before the runtime.</returns>
    /// <exception cref="ArgumentException">Shape or options break a rule.</exception>
    /// <exception cref="NotSupportedException">
    /// No backend can run it, for example because of a modifier; the message has each one's reason.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    public HostBackwardPlan<T> PlanBackward<T>(AttentionShape shape, AttentionOptions? options = null)
        where T : unmanaged
    {
        AttentionProblem problem = Problem<T>(shape, options);
        AttentionBackend backend = Required(
            (AttentionBackend b, [NotNullWhen(false)] out string? why) => b.CanRunBackward(problem, out why),
            () => $"run backward of {shape}", out string? refusals);
        HostBackwardPlan<T> plan = backend.PlanBackward<T>(problem);
        LogOnce(backend, plan.KernelName, refusals);
        return plan;
    }

    /// <summary>
    /// Plans backward of neighborhood attention on the first backend that can run it. Deterministic: equal inputs
    /// give equal bits.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="shape">The lengths of the forward problem.</param>
    /// <param name="options">The options of the forward problem.</param>
    /// <returns>A plan, which the caller disposes before the runtime.</returns>
    /// <exception cref="ArgumentException">Shape or options break a rule.</exception>
    /// <exception cref="NotSupportedException">
    /// No backend can run it; the message has each one's reason.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    public HostBackwardPlan<T> PlanBackward<T>(NeighborhoodShape shape, NeighborhoodOptions options)
        where T : unmanaged
    {
        NeighborhoodProblem problem = NeighborhoodProblemOf<T>(shape, options);
        AttentionBackend backend = Required(
            (AttentionBackend b, [NotNullWhen(false)] out string? why) => b.CanRunBackward(problem, out why),
            () => $"run backward of neighborhood attention of {shape}", out string? refusals);
        HostBackwardPlan<T> plan = backend.PlanBackward<T>(problem);
        LogOnce(backend, plan.KernelName, refusals);
        return plan;
    }
}
