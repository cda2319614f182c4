using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;
using NativeAttention.Cpu;
using NativeAttention.Cpu.Backward;
using NativeAttention.Neighborhood;

namespace NativeAttention;

// Gradients.
public sealed partial class CpuBackend
{
    /// <summary>Two for each row of the output, and the bias with its parts.</summary>
    private const int MostSharedFloats = 2_000_000_000;

    /// <summary>
    /// The rungs of backward that <see cref="TuningHints.Rung"/> may name, from the one to compare with on:
    /// <c>reference</c> (one pair after another, scalar), <c>tiled</c> (products of panels).
    /// </summary>
    public static IReadOnlyList<string> BackwardRungs { get; } = Array.AsReadOnly([Reference, Tiled]);

    /// <inheritdoc/>
    public override bool CanRunBackward(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        reason = problem.PlainExceptWhy is string modifier ? $"its backward does not support {modifier}."
            : SharedAddress(problem) ?? WhyNotBackward(problem.Lowered);
        return reason is null;
    }

    /// <inheritdoc/>
    public override bool CanRunBackward(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        reason = SplitGroup(problem.Lowered) ?? WhyNotBackward(problem.Lowered);
        return reason is null;
    }

    /// <inheritdoc/>
    public override HostBackwardPlan<T> PlanBackward<T>(AttentionProblem problem)
    {
        if (!CanRunBackward(problem, out string? reason))
        {
            throw new NotSupportedException($"{Name}: {reason}");
        }

        return new CpuBackwardPlan<T>(problem, this);
    }

    /// <inheritdoc/>
    public override HostBackwardPlan<T> PlanBackward<T>(NeighborhoodProblem problem)
    {
        if (!CanRunBackward(problem, out string? reason))
        {
            throw new NotSupportedException($"{Name}: {reason}");
        }

        return new CpuBackwardPlan<T>(problem, this);
    }

    /// <summary>The backward kernel for a map that this backend can run.</summary>
    internal BackwardKernel<T> MakeBackward<T>(MapProblem problem)
        where T : unmanaged => problem.Tuning.Rung == Reference ? new ReferenceBackward<T>(problem) : vectorBits switch
        {
            512 => new TiledBackward<T, Width512, Vector512<float>>(problem),
            256 => new TiledBackward<T, Width256, Vector256<float>>(problem),
            128 => new TiledBackward<T, Width128, Vector128<float>>(problem),
            _ => new TiledBackward<T, WidthScalar, float>(problem),
        };

    private static string? WhyNotBackward(MapProblem problem)
    {
        string? rung = problem.Tuning.Rung;
        int largest = Math.Max(problem.HeadDim, problem.ValueHeadDim);
        Int128 rows = (Int128)problem.Batch * problem.QueryHeads * problem.QueryTokens;
        Int128 entries = (Int128)problem.QueryHeads * problem.BiasEntries;
        return rung is not null && !BackwardRungs.Contains(rung)
            ? $"it has no rung '{rung}' for backward: it has '{string.Join("', '", BackwardRungs)}'."
            : largest > MostHeadDim ? $"a head dim is {largest}: it supports head dims of 1 to {MostHeadDim}."
            : (2 * rows) + entries > MostSharedFloats
                ? $"{rows} rows of the output and {entries} entries of the bias are too many for its shared memory."
            : null;
    }

    // A gradient lies as its input: where elements of an input share an address, theirs would overwrite each other.
    private static string? SharedAddress(AttentionProblem problem) =>
        Shared("query", TensorExtents.Query(problem.Shape, problem.Strides))
        ?? Shared("key", TensorExtents.Key(problem.Shape, problem.Strides))
        ?? Shared("value", TensorExtents.Value(problem.Shape, problem.Strides));

    private static string? Shared(string name, TensorExtents extents) => StrideAliasing.Find(extents) is null
        ? null
        : $"two elements of the {name} may share an address by its strides, and so would their gradients: give every "
            + "element a place of its own.";

    private static string? SplitGroup(MapProblem problem)
    {
        foreach (NeighborhoodMap map in problem.Maps)
        {
            foreach (int head in map.Heads)
            {
                int first = head / problem.Group * problem.Group;
                if (!map.Heads.Contains(first))
                {
                    return $"query heads {first} and {head} share key/value head {head / problem.Group} but not the "
                        + "pattern: backward needs one pattern for all query heads of a key/value head.";
                }
            }
        }

        return null;
    }
}
