using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;
using NativeAttention.Cpu;
using NativeAttention.Cpu.Maps;
using NativeAttention.Neighborhood;

namespace NativeAttention;

// Attention on maps of tokens.
public sealed partial class CpuBackend
{
    /// <summary>
    /// The rungs of neighborhood attention that <see cref="TuningHints.Rung"/> may name, from the one to compare with
    /// on: <c>reference</c> (one query at a time, scalar), <c>tiled</c> (boxes of queries in the lanes of vectors, boxes
    /// of keys pass by), <c>stencil</c> (neighbouring queries of a row in a vector, and keys at one offset from them).
    /// Without a choice it is the one of the latter two that has less to compute.
    /// </summary>
    public static IReadOnlyList<string> NeighborhoodRungs { get; } = Array.AsReadOnly([Reference, Tiled, Stencil]);

    private const string Stencil = "stencil";

    /// <inheritdoc/>
    public override bool CanRun(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        string? rung = problem.Options.Tuning.Rung;
        int largest = Math.Max(problem.Shape.HeadDim, problem.Shape.ValueHeadDim);
        reason = rung is not null && !NeighborhoodRungs.Contains(rung)
            ? $"it has no rung '{rung}' for maps: it has '{string.Join("', '", NeighborhoodRungs)}'."
            : largest > MostHeadDim ? $"a head dim is {largest}: it supports head dims of 1 to {MostHeadDim}."
            : rung == Reference && MapReferenceKernel<float>.MostKeys(problem.Lowered) > Array.MaxLength - (4 * MostHeadDim)
                ? $"a query sees too many keys for the scratch memory of its rung '{Reference}'."
            : rung == Stencil && vectorBits == 0 ? $"its rung '{Stencil}' needs vectors, and the processor has none."
            : null;
        return reason is null;
    }

    /// <inheritdoc/>
    public override HostNeighborhoodPlan<T> PlanNeighborhood<T>(NeighborhoodProblem problem)
    {
        if (!CanRun(problem, out string? reason))
        {
            throw new NotSupportedException($"{Name}: {reason}");
        }

        return new CpuNeighborhoodPlan<T>(problem, MakeKernel<T>(problem.Lowered));
    }

    /// <summary>The kernel for a map that this backend can run.</summary>
    internal MapKernel<T> MakeKernel<T>(MapProblem problem)
        where T : unmanaged => problem.Tuning.Rung == Reference ? new MapReferenceKernel<T>(problem) : vectorBits switch
        {
            512 => MakeKernel<T, Width512, Vector512<float>>(problem),
            256 => MakeKernel<T, Width256, Vector256<float>>(problem),
            128 => MakeKernel<T, Width128, Vector128<float>>(problem),
            _ => new MapTiledKernel<T, WidthScalar, float>(problem),
        };

    // Both serve every map: the one that computes less is faster.
    private static MapKernel<T> MakeKernel<T, TWidth, TVector>(MapProblem problem)
        where T : unmanaged
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct =>
        (problem.Tuning.Rung ?? (MapStencilKernel<T, TWidth, TVector>.Cost(problem)
            < MapTiledKernel<T, TWidth, TVector>.Cost(problem) ? Stencil : Tiled)) == Stencil
            ? new MapStencilKernel<T, TWidth, TVector>(problem)
            : new MapTiledKernel<T, TWidth, TVector>(problem);
}
