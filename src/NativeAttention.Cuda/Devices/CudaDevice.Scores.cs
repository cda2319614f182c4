using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Cuda;

// Passes over scores.
public sealed partial class CudaDevice
{
    /// <summary>Asks whether this device can return scores or statistics of a problem.</summary>
    /// <typeparam name="T">Element type of the tensors.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">What is computed; null for <see cref="AttentionOptions.Default"/>.</param>
    /// <param name="request">What to return.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    /// <exception cref="ArgumentException">The shape, the options or the request make no sense
    /// anywhere.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public bool CanScore<T>(AttentionShape shape, AttentionOptions? options, ScoreRequest request,
        [NotNullWhen(false)] out string? reason)
        where T : unmanaged
    {
        AttentionProblem problem = Problem<T>(shape, options);
        ScoreRules.CheckRequest(problem, request);
        return CanScore(problem, out reason);
    }

    /// <summary>
    /// Plans a pass over the scores of a problem: scores or probabilities for small problems, and statistics that
    /// never need the whole map. Disposed with the device, if not before.
    /// </summary>
    /// <typeparam name="T">Element type of the tensors.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">
    /// What is computed; null for <see cref="AttentionOptions.Default"/>. The layout must not be packed.
    /// </param>
    /// <param name="request">What to return.</param>
    /// <exception cref="ArgumentException">The shape, the options or the request make no sense
    /// anywhere.</exception>
    /// <exception cref="NotSupportedException">No kernel can do it on this device; the message has the
    /// reason.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused the kernel.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public ScorePlan<T> PlanScores<T>(AttentionShape shape, AttentionOptions? options, ScoreRequest request)
        where T : unmanaged
    {
        AttentionProblem problem = Problem<T>(shape, options);
        ScoreRules.CheckRequest(problem, request);
        return PlanScoreProblem<T>(problem, request);
    }

    /// <summary>Asks whether this device can return scores of a problem.</summary>
    internal bool CanScore(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        reason = ScorePlanner.Refusal(problem, Capability);
        return reason is null;
    }

    /// <summary>Plans a pass over the scores of a problem; the request was checked.</summary>
    internal ScorePlan<T> PlanScoreProblem<T>(AttentionProblem problem, ScoreRequest request)
        where T : unmanaged
    {
        if (ScorePlanner.Refusal(problem, Capability) is string reason)
        {
            throw new NotSupportedException(
                $"{this} cannot return scores of {DensePlanner.Describe(problem)}: {reason}.");
        }

        using Scope scope = Use();
        return new ScorePlan<T>(this, problem, request);
    }
}
