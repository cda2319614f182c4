using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Backward;

/// <summary>
/// A way to compute the gradients of one problem on the CPU: phases that follow each other, each cut into
/// independent units. A kernel is immutable, and its units do not depend on the number of threads.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
internal abstract unsafe class BackwardKernel<T>(MapProblem problem)
    where T : unmanaged
{
    /// <summary>Name for logs and plans.</summary>
    public abstract string Name { get; }

    /// <summary>Number of units of each phase; a phase begins when the one before it has ended.</summary>
    public abstract long[] Phases { get; }

    /// <summary>Floats of scratch memory that a thread needs.</summary>
    public abstract int ScratchFloats { get; }

    /// <summary>Floats of memory that phases leave for each other. Not cleared.</summary>
    public virtual int SharedFloats => 0;

    /// <summary>The problem.</summary>
    protected MapProblem Problem { get; } = problem;

    /// <summary>Computes one unit.</summary>
    public abstract void Run(int phase, long unit, in BackwardPointers<T> tensors, float* scratch);

    /// <summary>The queries of a head, and the gradients of their outputs.</summary>
    protected SideVectors<T> Queries(in BackwardPointers<T> tensors, long batch, int head) => new()
    {
        First = tensors.Query + At(Problem.Strides.Query, batch, head),
        FirstStride = Problem.Strides.Query.Sequence,
        Second = tensors.OutputGradient + At(Problem.Strides.Output, batch, head),
        SecondStride = Problem.Strides.Output.Sequence,
    };

    /// <summary>The keys and values of a key/value head.</summary>
    protected SideVectors<T> Keys(T* key, T* value, long batch, int head) => new()
    {
        First = key + At(Problem.Strides.Key, batch, head),
        FirstStride = Problem.Strides.Key.Sequence,
        Second = value + At(Problem.Strides.Value, batch, head),
        SecondStride = Problem.Strides.Value.Sequence,
    };

    /// <summary>The extra keys and values of a sample and a key/value head.</summary>
    protected SideVectors<T> Extra(T* key, T* value, long sample, int head)
    {
        long first = (sample * Problem.ExtraKeys * Problem.KeyValueHeads) + head;
        return new SideVectors<T>
        {
            First = key + (first * Problem.HeadDim),
            FirstStride = (long)Problem.KeyValueHeads * Problem.HeadDim,
            Second = value + (first * Problem.ValueHeadDim),
            SecondStride = (long)Problem.KeyValueHeads * Problem.ValueHeadDim,
        };
    }

    /// <summary>The bias of a query head, or the gradient of it; null when there is none.</summary>
    protected float* BiasOf(float* bias, int head) => Problem.HasBias ? bias + (head * Problem.BiasEntries) : null;

    /// <summary>Offset of a head.</summary>
    protected static long At(TensorStrides strides, long batch, long head) =>
        (batch * strides.Batch) + (head * strides.Head);
}
