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
/// Rungs: <c>tiled</c> (the default; flash attention in vectors) and <c>reference</c> (one row at a time,
/// scalar, meant to be read and compared with). Threads come from the pool;
/// <see cref="TuningHints.MaxThreads"/> limits them. A run of a plan allocates no managed memory. Safe to use
/// from many threads at once.
/// </remarks>
public sealed class CpuBackend : AttentionBackend
{
    /// <summary>Largest head dim: scratch memory is proportional to it.</summary>
    private const int MostHeadDim = 1 << 20;

    private const string Tiled = "tiled";
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
    public static IReadOnlyList<string> Rungs { get; } = Array.AsReadOnly([Reference, Tiled]);

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
            ? $"it has no rung '{rung}': it has '{string.Join("' and '", Rungs)}'."
            : largest > MostHeadDim ? $"a head dim is {largest}: it supports head dims of 1 to {MostHeadDim}."
            : rung == Reference && shape.KeyLength > Array.MaxLength - (4 * MostHeadDim)
                ? $"{shape.KeyLength} keys are too many for the scratch memory of its rung '{Reference}'."
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

    /// <summary>Does nothing: there is nothing to free.</summary>
    public override void Dispose()
    {
    }

    /// <summary>The kernel for a problem that this backend can run.</summary>
    internal CpuKernel<T> MakeKernel<T>(AttentionProblem problem)
        where T : unmanaged => problem.Options.Tuning.Rung == Reference
            ? new ReferenceKernel<T>(problem)
            : MakeTiled<T>(problem);

    private CpuKernel<T> MakeTiled<T>(AttentionProblem problem)
        where T : unmanaged => vectorBits switch
        {
            512 => new TiledKernel<T, Width512, Vector512<float>>(problem),
            256 => new TiledKernel<T, Width256, Vector256<float>>(problem),
            128 => new TiledKernel<T, Width128, Vector128<float>>(problem),
            _ => new TiledKernel<T, WidthScalar, float>(problem),
        };

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
