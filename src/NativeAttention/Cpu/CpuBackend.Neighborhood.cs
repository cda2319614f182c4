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
    /// of keys pass by).
    /// </summary>
    public static IReadOnlyList<string> NeighborhoodRungs { get; } = Array.AsReadOnly([Reference, Tiled]);

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
            512 => new MapTiledKernel<T, Width512, Vector512<float>>(problem),
            256 => new MapTiledKernel<T, Width256, Vector256<float>>(problem),
            128 => new MapTiledKernel<T, Width128, Vector128<float>>(problem),
            _ => new MapTiledKernel<T, WidthScalar, float>(problem),
        };
}
