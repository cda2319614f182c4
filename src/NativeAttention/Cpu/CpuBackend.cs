using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using NativeAttention.Cpu;

namespace NativeAttention;

/// <summary>
/// Attention on the processor, by its vector instructions, on all its cores: every feature, every element
/// type, any head dim. It needs nothing but .NET, and is the last resort of a runtime.
/// </summary>
/// <remarks>
/// Rungs: <c>tiled</c> (flash attention in vectors), <c>decode</c> (chosen for few queries: one pass over K and
/// V for all heads of a group, keys split between threads) and <c>reference</c> (one row at a time, scalar,
/// meant to be read and compared with). Threads come from the pool;
/// <see cref="TuningHints.MaxThreads"/> limits them. A run of a plan allocates no managed memory. Safe to use
/// from many threads at once.
/// </remarks>
public sealed partial class CpuBackend : AttentionBackend
{
    /// <summary>Largest head dim: scratch memory is proportional to it.</summary>
    private const int MostHeadDim = 1 << 20;

    private const string Tiled = "tiled";
    private const string Decode = "decode";
    private const string Reference = "reference";
    private readonly int vectorBits;

    /// <summary>Makes a backend with the widest vectors of this processor.</summary>
    public CpuBackend()
        : this(WidestVectorBits())
    {
    }

    /// <summary>
    /// Makes a backend with vectors of a given width, 0 for scalars: for tests of every path.
    /// </summary>
    internal CpuBackend(int vectorBits) => this.vectorBits = vectorBits;

    /// <summary>
    /// The rungs that <see cref="TuningHints.Rung"/> may name, from the one to compare with to the fastest.
    /// </summary>
    public static IReadOnlyList<string> Rungs { get; } = Array.AsReadOnly([Reference, Tiled, Decode]);

    /// <summary>A shared instance. Disposing it does nothing, so that every runtime may own it.</summary>
    public static CpuBackend Default { get; } = new();

    /// <inheritdoc/>
    public override string Name => "cpu";

    /// <inheritdoc/>
    public override string Description => $"{Environment.ProcessorCount} processors, {InstructionSet()}";

    /// <inheritdoc/>
    public override bool CanRun(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        AttentionShape shape = problem.Shape;
        string? rung = problem.Options.Tuning.Rung;
        int largest = Math.Max(shape.HeadDim, shape.ValueHeadDim);
        reason = rung is not null && !Rungs.Contains(rung)
            ? $"it has no rung '{rung}': it has '{string.Join("', '", Rungs)}'."
            : largest > MostHeadDim ? $"a head dim is {largest}: it supports head dims of 1 to {MostHeadDim}."
            : rung == Reference && shape.KeyLength > Array.MaxLength - (4 * MostHeadDim)
                ? $"{shape.KeyLength} keys are too many for the scratch memory of its rung '{Reference}'."
            : rung == Decode && shape.ValueHeads != shape.KeyValueHeads
                ? $"its rung '{Decode}' needs as many value heads as key heads, and there are {shape.ValueHeads} "
                    + $"and {shape.KeyValueHeads}: leave the rung out, or use '{Tiled}'."
            : null;
        return reason is null;
    }

    /// <inheritdoc/>
    public override HostAttentionPlan<T> PlanHost<T>(AttentionProblem problem)
    {
        if (!CanRun(problem, out string? reason))
        {
            throw new NotSupportedException($"{Name}: {reason}");
        }

        return new CpuPlan<T>(problem, MakeKernel<T>(problem));
    }

    /// <inheritdoc/>
    public override bool CanScore(AttentionProblem problem, ScoreRequest request,
        [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(request);
        reason = ScoreRules.RungRefusal(problem) is string refusal
            ? refusal + "."
            : problem.Shape.HeadDim > MostHeadDim
                ? $"the head dim is {problem.Shape.HeadDim}: it supports head dims of 1 to {MostHeadDim}."
            : null;
        return reason is null;
    }

    /// <inheritdoc/>
    public override HostScorePlan<T> PlanScores<T>(AttentionProblem problem, ScoreRequest request)
    {
        if (!CanScore(problem, request, out string? reason))
        {
            throw new NotSupportedException($"{Name}: {reason}");
        }

        return new CpuScorePlan<T>(problem, request, vectorBits switch
        {
            512 => new ScoreKernel<T, Width512, Vector512<float>>(problem, request),
            256 => new ScoreKernel<T, Width256, Vector256<float>>(problem, request),
            128 => new ScoreKernel<T, Width128, Vector128<float>>(problem, request),
            _ => new ScoreKernel<T, WidthScalar, float>(problem, request),
        });
    }

    /// <summary>Does nothing: there is nothing to free.</summary>
    public override void Dispose()
    {
    }

    /// <summary>The kernel for a problem that this backend can run.</summary>
    internal CpuKernel<T> MakeKernel<T>(AttentionProblem problem)
        where T : unmanaged => (problem.Options.Tuning.Rung ?? FasterRung(problem)) switch
        {
            Reference => new ReferenceKernel<T>(problem),
            Decode => MakeDecode<T>(problem),
            _ => MakeTiled<T>(problem),
        };

    // The tiled kernel lays queries across the lanes, and few of them leave most idle.
    private string FasterRung(AttentionProblem problem)
    {
        int lanes = DecodeLanes(problem);
        return lanes > 1 && 2 * (long)problem.Shape.QueryLength <= lanes
            && problem.Shape.ValueHeads == problem.Shape.KeyValueHeads ? Decode : Tiled;
    }

    private CpuKernel<T> MakeTiled<T>(AttentionProblem problem)
        where T : unmanaged => vectorBits switch
        {
            512 => new TiledKernel<T, Width512, Vector512<float>>(problem),
            256 => new TiledKernel<T, Width256, Vector256<float>>(problem),
            128 => new TiledKernel<T, Width128, Vector128<float>>(problem),
            _ => new TiledKernel<T, WidthScalar, float>(problem),
        };

    private CpuKernel<T> MakeDecode<T>(AttentionProblem problem)
        where T : unmanaged => DecodeLanes(problem) switch
        {
            16 => new DecodeKernel<T, Width512, Vector512<float>>(problem),
            8 => new DecodeKernel<T, Width256, Vector256<float>>(problem),
            4 => new DecodeKernel<T, Width128, Vector128<float>>(problem),
            _ => new DecodeKernel<T, WidthScalar, float>(problem),
        };

    // Its vectors, which take two elements of 16 bits in a lane, are no longer than a head.
    private int DecodeLanes(AttentionProblem problem)
    {
        AttentionShape shape = problem.Shape;
        int perLane = problem.ElementType == ElementType.Float32 ? 1 : 2;
        int shorter = Math.Min(vectorBits / 32, Math.Min(shape.HeadDim, shape.ValueHeadDim) / perLane);
        return shorter >= 16 ? 16 : shorter >= 8 ? 8 : shorter >= 4 ? 4 : 1;
    }

    private static int WidestVectorBits() => Vector512.IsHardwareAccelerated ? 512
        : Vector256.IsHardwareAccelerated ? 256
        : Vector128.IsHardwareAccelerated ? 128
        : 0;

    private string InstructionSet() => vectorBits switch
    {
        512 => "512-bit vectors (AVX-512)",
        256 => Fma.IsSupported ? "256-bit vectors (AVX2, FMA)" : "256-bit vectors (AVX2)",
        128 => "128-bit vectors",
        _ => "no vector instructions",
    };
}
