namespace NativeAttention;

/// <summary>A plan over host memory for one attention problem.</summary>
/// <typeparam name="T">Element type of query, key, value and output.</typeparam>
public abstract class HostPlan<T> : HostPlan
    where T : unmanaged
{
    /// <summary>Makes a plan for a problem.</summary>
    /// <param name="problem">
    /// The validated problem; its element type must be that of <typeparamref name="T"/>.
    /// </param>
    /// <exception cref="ArgumentException">The problem has another element type.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    private protected HostPlan(AttentionProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        RequireType<T>(problem.ElementType);
        Problem = problem;
    }

    /// <summary>The problem this plan runs.</summary>
    public AttentionProblem Problem { get; }
}
