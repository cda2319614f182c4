using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>The tensors of a run as one box of queries sees them: rows of token 0 of its batch index and heads.</summary>
internal readonly unsafe ref struct BoxTensors<T>
    where T : unmanaged
{
    /// <summary>Finds the tensors of a box.</summary>
    public BoxTensors(MapProblem problem, in MapPointers<T> tensors, in QueryBox box)
    {
        LayoutStrides strides = problem.Strides;
        int keyHead = box.Head / problem.Group;
        Query = tensors.Query + At(strides.Query, box.Batch, box.Head);
        Key = tensors.Key + At(strides.Key, box.Batch, keyHead);
        Value = tensors.Value + At(strides.Value, box.Batch, keyHead);
        Output = tensors.Output + At(strides.Output, box.Batch, box.Head);
        Lse = tensors.Lse == null ? null : tensors.Lse + At(problem.LseStrides, box.Batch, box.Head);

        // A batch has one index for each sample, or one index with all samples in it.
        long extra = ((box.Batch + box.Section.Sample) * problem.ExtraKeys * problem.KeyValueHeads) + keyHead;
        ExtraKey = tensors.ExtraKey + (extra * problem.HeadDim);
        ExtraValue = tensors.ExtraValue + (extra * problem.ValueHeadDim);
        Bias = problem.HasBias ? tensors.RelativeBias + (box.Head * problem.BiasEntries) : null;
    }

    public T* Query { get; }

    public T* Key { get; }

    public T* Value { get; }

    public T* Output { get; }

    /// <summary>Null when it is not wanted.</summary>
    public float* Lse { get; }

    /// <summary>The first extra key; the next lies all key/value heads further.</summary>
    public T* ExtraKey { get; }

    public T* ExtraValue { get; }

    /// <summary>The bias of the head; null when there is none.</summary>
    public float* Bias { get; }

    private static long At(TensorStrides strides, long batch, long head) =>
        (batch * strides.Batch) + (head * strides.Head);
}
