namespace NativeAttention.Cpu;

/// <summary>
/// A way to compute one problem on the CPU, cut into independent tiles. A kernel is immutable: what changes
/// during a run is the caller's tensors and the scratch memory of each thread.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
internal abstract class CpuKernel<T>(AttentionProblem problem)
    where T : unmanaged
{
    /// <summary>log2(e): scores times this may be exponentiated in base 2.</summary>
    protected const float Log2E = LogSumExp.Log2E;

    /// <summary>Name for logs and plans.</summary>
    public abstract string Name { get; }

    /// <summary>Number of tiles; each writes its own part of the output.</summary>
    public abstract long Tiles { get; }

    /// <summary>Floats of scratch memory that a thread needs.</summary>
    public abstract int ScratchFloats { get; }

    /// <summary>
    /// Floats of memory that all threads of a run share: what tiles leave for each other. Not cleared.
    /// </summary>
    public virtual int SharedFloats => 0;

    /// <summary>Counters that all threads of a run share: 0 when it begins.</summary>
    public virtual int SharedCounters => 0;

    /// <summary>The problem.</summary>
    protected AttentionProblem Problem { get; } = problem;

    /// <summary>Computes one tile.</summary>
    public abstract unsafe void Run(long tile, in TensorPointers<T> tensors, float* scratch);

    /// <summary>Short name of the element type in kernel names.</summary>
    protected static string ElementName => KernelNames.Element<T>();

    /// <summary>
    /// The key head that a query head reads, and the value head where there are as many.
    /// </summary>
    protected int KeyValueHead(int head) =>
        head / (Problem.Shape.QueryHeads / Problem.Shape.KeyValueHeads);

    /// <summary>Offset of a token's vector.</summary>
    protected static long At(TensorStrides strides, long batch, long token, long head) =>
        (batch * strides.Batch) + (token * strides.Sequence) + (head * strides.Head);

    /// <summary>The value head that a query head reads.</summary>
    protected int ValueHead(int head) => head / (Problem.Shape.QueryHeads / Problem.Shape.ValueHeads);
}
