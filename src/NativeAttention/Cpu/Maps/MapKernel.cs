using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// A way to compute attention of a map on the CPU, cut into independent tiles. A kernel is immutable: what
/// changes during a run is the caller's tensors and the scratch memory of each thread.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
internal abstract unsafe class MapKernel<T>(MapProblem problem)
    where T : unmanaged
{
    /// <summary>Name for logs and plans.</summary>
    public abstract string Name { get; }

    /// <summary>Number of tiles; each writes its own part of the output.</summary>
    public abstract long Tiles { get; }

    /// <summary>Floats of scratch memory that a thread needs.</summary>
    public abstract int ScratchFloats { get; }

    /// <summary>The problem.</summary>
    protected MapProblem Problem { get; } = problem;

    /// <summary>Computes one tile.</summary>
    public abstract void Run(long tile, in MapPointers<T> tensors, float* scratch);
}
