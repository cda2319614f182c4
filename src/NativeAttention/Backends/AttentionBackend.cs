using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

/// <summary>
/// Something that can run attention: the CPU, a GPU, an emulated GPU. It plans a problem or says why it
/// cannot.
/// </summary>
public abstract class AttentionBackend : IDisposable
{
    /// <summary>
    /// Short name, as used by <c>NATTN_DEVICE</c>: <c>cpu</c>, <c>emulator</c>, <c>cuda:0</c>.
    /// </summary>
    public abstract string Name { get; }

    /// <summary>
    /// What it is, for people: processor or GPU name, instruction set or compute capability.
    /// </summary>
    public abstract string Description { get; }

    /// <summary>Asks whether this backend can run a problem, without throwing.</summary>
    /// <param name="problem">A validated problem.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    public abstract bool CanRun(AttentionProblem problem, [NotNullWhen(false)] out string? reason);

    /// <summary>Plans a problem for tensors in host memory.</summary>
    /// <typeparam name="T">Element type; must match <see cref="AttentionProblem.ElementType"/>.</typeparam>
    /// <param name="problem">A validated problem.</param>
    /// <exception cref="NotSupportedException">
    /// The backend cannot run it; the message has the reason of <see cref="CanRun(AttentionProblem, out string)"/>.
    /// </exception>
    public abstract HostAttentionPlan<T> PlanHost<T>(AttentionProblem problem)
        where T : unmanaged;

    /// <summary>
    /// Asks whether this backend can return scores or statistics of a problem, without throwing.
    /// </summary>
    /// <param name="problem">A validated problem.</param>
    /// <param name="request">What to return.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    public virtual bool CanScore(AttentionProblem problem, ScoreRequest request,
        [NotNullWhen(false)] out string? reason)
    {
        reason = "it has no pass over the scores.";
        return false;
    }

    /// <summary>Plans a pass over the scores of a problem, for tensors in host memory.</summary>
    /// <typeparam name="T">Element type; must match <see cref="AttentionProblem.ElementType"/>.</typeparam>
    /// <param name="problem">A validated problem.</param>
    /// <param name="request">What to return.</param>
    /// <exception cref="NotSupportedException">
    /// The backend cannot; the message has the reason of <see cref="CanScore"/>.
    /// </exception>
    /// <exception cref="ArgumentException">The request breaks a rule.</exception>
    public virtual HostScorePlan<T> PlanScores<T>(AttentionProblem problem, ScoreRequest request)
        where T : unmanaged
    {
        CanScore(problem, request, out string? reason);
        throw new NotSupportedException($"{Name}: {reason}");
    }

    /// <summary>Asks whether this backend can run neighborhood attention of a problem, without throwing.</summary>
    /// <param name="problem">A validated problem.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    public virtual bool CanRun(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason)
    {
        reason = "it has no neighborhood attention.";
        return false;
    }

    /// <summary>Plans neighborhood attention, for tensors in host memory.</summary>
    /// <typeparam name="T">Element type; must match <see cref="NeighborhoodProblem.ElementType"/>.</typeparam>
    /// <param name="problem">A validated problem.</param>
    /// <exception cref="NotSupportedException">The backend cannot; the message has the reason.</exception>
    public virtual HostNeighborhoodPlan<T> PlanNeighborhood<T>(NeighborhoodProblem problem)
        where T : unmanaged
    {
        CanRun(problem, out string? reason);
        throw new NotSupportedException($"{Name}: {reason}");
    }

    /// <summary>Asks whether this backend can run backward of dense attention, without throwing.</summary>
    /// <param name="problem">The validated forward problem.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    public virtual bool CanRunBackward(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        reason = "it has no backward.";
        return false;
    }

    /// <summary>Plans backward of dense attention, for tensors in host memory.</summary>
    /// <typeparam name="T">Element type; must match <see cref="AttentionProblem.ElementType"/>.</typeparam>
    /// <param name="problem">The validated forward problem.</param>
    /// <exception cref="NotSupportedException">The backend cannot; the message has the reason.</exception>
    public virtual HostBackwardPlan<T> PlanBackward<T>(AttentionProblem problem)
        where T : unmanaged
    {
        CanRunBackward(problem, out string? reason);
        throw new NotSupportedException($"{Name}: {reason}");
    }

    /// <summary>Asks whether this backend can run backward of neighborhood attention, without throwing.</summary>
    /// <param name="problem">The validated forward problem.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    public virtual bool CanRunBackward(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason)
    {
        reason = "it has no backward.";
        return false;
    }

    /// <summary>Plans backward of neighborhood attention, for tensors in host memory.</summary>
    /// <typeparam name="T">Element type; must match <see cref="NeighborhoodProblem.ElementType"/>.</typeparam>
    /// <param name="problem">The validated forward problem.</param>
    /// <exception cref="NotSupportedException">The backend cannot; the message has the reason.</exception>
    public virtual HostBackwardPlan<T> PlanBackward<T>(NeighborhoodProblem problem)
        where T : unmanaged
    {
        CanRunBackward(problem, out string? reason);
        throw new NotSupportedException($"{Name}: {reason}");
    }

    /// <summary>Frees what the backend owns.</summary>
    public abstract void Dispose();
}
