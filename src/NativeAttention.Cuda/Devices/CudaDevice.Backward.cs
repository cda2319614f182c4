using System.Diagnostics.CodeAnalysis;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

// Gradients.
public sealed partial class CudaDevice
{
    /// <summary>
    /// Plans backward of dense attention: chooses and loads the kernels. Disposed with the device, if not before.
    /// </summary>
    /// <typeparam name="T">Element type of the tensors.</typeparam>
    /// <param name="shape">The lengths of the forward problem.</param>
    /// <param name="options">
    /// Mask without prefix, scale and layout of the forward problem; null for <see cref="AttentionOptions.Default"/>.
    /// </param>
    /// <exception cref="ArgumentException">The shape or the options make no sense anywhere.</exception>
    /// <exception cref="NotSupportedException">
    /// No kernel can run it on this device, for example because of a modifier; the message has the reason.
    /// </exception>
    /// <exception cref="Bindings.CudaException">Out of memory, or the driver refused a kernel.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public BackwardPlan<T> PlanBackward<T>(AttentionShape shape, AttentionOptions? options = null)
        where T : unmanaged => PlanBackward<T>(
            AttentionProblem.Create(ElementTypes.Of<T>(), shape, options ?? AttentionOptions.Default));

    /// <summary>
    /// Plans backward of neighborhood attention: chooses and loads the kernels, and writes the tables of the pattern.
    /// Disposed with the device, if not before.
    /// </summary>
    /// <typeparam name="T">Element type of the tensors.</typeparam>
    /// <param name="shape">The lengths of the forward problem.</param>
    /// <param name="options">The options of the forward problem.</param>
    /// <exception cref="ArgumentException">The shape or the options break a rule.</exception>
    /// <exception cref="NotSupportedException">
    /// No kernel can run it on this device; the message has the reason.
    /// </exception>
    /// <exception cref="Bindings.CudaException">Out of memory, or the driver refused a kernel.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public BackwardPlan<T> PlanBackward<T>(NeighborhoodShape shape, NeighborhoodOptions options)
        where T : unmanaged => PlanBackward<T>(NeighborhoodProblem.Create(ElementTypes.Of<T>(), shape, options));

    /// <summary>Plans backward of a problem of dense attention.</summary>
    internal BackwardPlan<T> PlanBackward<T>(AttentionProblem problem)
        where T : unmanaged
    {
        if (!CanRunBackward(problem, out string? reason))
        {
            throw new NotSupportedException($"{this} cannot run backward of {DensePlanner.Describe(problem)}: {reason}.");
        }

        MapProblem lowered = problem.Lowered;
        return PlanBackward<T>(lowered, BackwardAxes.Of(problem, lowered), DensePlanner.Describe(problem));
    }

    /// <summary>Plans backward of a problem of neighborhood attention.</summary>
    internal BackwardPlan<T> PlanBackward<T>(NeighborhoodProblem problem)
        where T : unmanaged =>
        PlanBackward<T>(problem.Lowered, BackwardAxes.Of(problem), $"neighborhood attention of {problem.Shape}");

    /// <summary>Asks whether this device can run backward of dense attention.</summary>
    internal bool CanRunBackward(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        if (problem.PlainExceptWhy is string modifier)
        {
            reason = $"backward does not know {modifier}";
            return false;
        }

        MapProblem lowered = problem.Lowered;
        AttentionShape s = problem.Shape;
        reason = Shared("query", TensorExtents.Query(s, lowered.Strides)) ?? Shared("key", TensorExtents.Key(s, lowered.Strides))
            ?? Shared("value", TensorExtents.Value(s, lowered.Strides));
        return reason is null && CanRunBackward(lowered, out reason);
    }

    /// <summary>Asks whether this device can run backward of a lowered problem.</summary>
    internal bool CanRunBackward(MapProblem problem, [NotNullWhen(false)] out string? reason)
    {
        bool can = BackwardKernels.TryChoose(problem, this, out _, out string why);
        reason = can ? null : why;
        return can;
    }

    // A gradient lies as its tensor does, and every element of it is written.
    private static string? Shared(string tensor, TensorExtents extents) => StrideAliasing.Find(extents) is string collision
        ? $"the gradient of the {tensor} would be laid out by strides {extents.Strides}, which let two elements share an "
          + $"address: {collision}"
        : null;

    private BackwardPlan<T> PlanBackward<T>(MapProblem problem, BackwardAxes axes, string description)
        where T : unmanaged
    {
        if (!BackwardKernels.TryChoose(problem, this, out BackwardKernels? kernels, out string reason))
        {
            throw new NotSupportedException($"{this} cannot run backward of {description}: {reason}.");
        }

        using Scope scope = Use();
        BackwardPlan<T> plan = new(this, problem, axes, kernels);
        Journal.KernelChosen($"backward of {description}", string.Join(" + ", kernels.Names), reason);
        return plan;
    }
}
