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
        where T : unmanaged
    {
        AttentionProblem problem =
            AttentionProblem.Create(ElementTypes.Of<T>(), shape, options ?? AttentionOptions.Default);
        return CanRunBackward(problem, out string? reason)
            ? PlanProblem<T>(MapProblem.Of(problem), OperandAxes.OrderOf(problem.Options.Layout), $"{shape}")
            : throw new NotSupportedException($"{this} cannot run backward of {shape}: {reason}.");
    }

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
        where T : unmanaged =>
        PlanProblem<T>(NeighborhoodProblem.Create(ElementTypes.Of<T>(), shape, options).Lowered, AxisOrder.Storage,
            $"{shape}");

    /// <summary>Asks whether this device can run backward of dense attention.</summary>
    internal bool CanRunBackward(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        if (problem.PlainExceptWhy is string modifier)
        {
            reason = $"backward does not know {modifier}";
            return false;
        }

        MapProblem lowered = MapProblem.Of(problem);
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

    /// <summary>Plans backward of a lowered problem.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="order">Where the strides of tensors come from.</param>
    /// <param name="description">The lengths, for messages.</param>
    internal BackwardPlan<T> PlanProblem<T>(MapProblem problem, AxisOrder order, string description)
        where T : unmanaged
    {
        if (!BackwardKernels.TryChoose(problem, this, out BackwardKernels? kernels, out string reason))
        {
            throw new NotSupportedException($"{this} cannot run backward of {description}: {reason}.");
        }

        using Scope scope = Use();
        BackwardPlan<T> plan = new(this, problem, order, kernels);
        Journal.KernelsChosen($"backward of {problem.ElementType} attention, {description},", kernels.Names, reason);
        return plan;
    }
}
