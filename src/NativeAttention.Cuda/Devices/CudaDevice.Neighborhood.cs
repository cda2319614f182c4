using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Cuda;

// Attention on maps of tokens.
public sealed partial class CudaDevice
{
    /// <summary>Asks whether this device can run neighborhood attention.</summary>
    /// <typeparam name="T">Element type of the tensors.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">The pattern and the rest.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    /// <exception cref="ArgumentException">The shape or the options make no sense anywhere.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public bool CanRun<T>(NeighborhoodShape shape, NeighborhoodOptions options,
        [NotNullWhen(false)] out string? reason)
        where T : unmanaged =>
        CanRun(NeighborhoodProblem.Create(ElementTypes.Of<T>(), shape, options), out reason);

    /// <summary>
    /// Plans neighborhood attention: chooses kernel and tiles, and puts the patterns' tables on the device. Disposed
    /// with the device, if not before.
    /// </summary>
    /// <typeparam name="T">Element type of the tensors.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">The pattern and the rest.</param>
    /// <exception cref="ArgumentException">The shape or the options make no sense anywhere.</exception>
    /// <exception cref="NotSupportedException">No kernel can run it on this device; the message has the
    /// reason.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused the kernel, or is out of memory.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public NeighborhoodPlan<T> PlanNeighborhood<T>(NeighborhoodShape shape, NeighborhoodOptions options)
        where T : unmanaged =>
        PlanProblem<T>(NeighborhoodProblem.Create(ElementTypes.Of<T>(), shape, options));

    /// <summary>Asks whether this device can run a problem.</summary>
    internal bool CanRun(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason)
    {
        bool can = NeighborhoodPlanner.TryChoose(problem.Lowered, Capability, MaxSharedBytes, out _, out string why);
        reason = can ? null : why;
        return can;
    }

    /// <summary>Plans a problem.</summary>
    internal NeighborhoodPlan<T> PlanProblem<T>(NeighborhoodProblem problem)
        where T : unmanaged
    {
        string what = $"{problem.ElementType} neighborhood attention of {problem.Shape}";
        if (!NeighborhoodPlanner.TryChoose(problem.Lowered, Capability, MaxSharedBytes,
            out NeighborhoodChoice? choice, out string reason))
        {
            throw new NotSupportedException($"{this} cannot run {what}: {reason}.");
        }

        using Scope scope = Use();
        NeighborhoodPlan<T> plan = new(this, problem, choice);
        Journal.KernelChosen(what, choice.Kernel.Name, reason);
        return plan;
    }
}
