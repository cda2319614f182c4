using System.Runtime.CompilerServices;
using NativeAttention.Bindings;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>
/// The parameters of the neighborhood kernels: what the problem fixes is filled in once, what the tensors bring
/// at every run.
/// </summary>
internal static class NeighborhoodOperands
{
    private const ulong VectorBytes = 16;

    /// <summary>Everything a problem fixes, but for the map.</summary>
    public static NeighborhoodParams Template(MapProblem problem) => new()
    {
        LseBatchStride = problem.LseStrides.Batch,
        LseTokenStride = problem.LseStrides.Sequence,
        LseHeadStride = problem.LseStrides.Head,
        BiasHeadStride = problem.BiasEntries,
        BiasWindows = problem.HasBias ? MapTables.Of(problem.Maps[0].Windows) : default,
        HeadGroup = problem.Group,
        HeadDim = problem.HeadDim,
        ValueHeadDim = problem.ValueHeadDim,
        ExtraKeys = problem.ExtraKeys,
        Scale = problem.Scale,
    };

    /// <summary>What may be copied and stored in larger pieces, from addresses and strides of this run.</summary>
    public static uint Flags(in NeighborhoodParams p, MapProblem problem)
    {
        uint bytes = (uint)ElementTypes.SizeInBytes(problem.ElementType);
        int batch = problem.Batch, queryHeads = problem.QueryHeads, keyHeads = problem.KeyValueHeads;
        ulong rows = ((ulong)p.HeadDim * bytes) | ((ulong)p.ValueHeadDim * bytes);
        ulong loads = rows
            | DenseOperands.Bits(p.Query, batch, queryHeads, bytes)
            | DenseOperands.Bits(p.Key, batch, keyHeads, bytes)
            | DenseOperands.Bits(p.Value, batch, keyHeads, bytes)
            | DenseOperands.Bits(p.ExtraKey, problem.Samples, keyHeads, bytes)
            | DenseOperands.Bits(p.ExtraValue, problem.Samples, keyHeads, bytes);
        TensorRef output = Unsafe.BitCast<MutableTensorRef, TensorRef>(p.Output);
        ulong stores = DenseOperands.Bits(output, batch, queryHeads, bytes) | ((ulong)p.ValueHeadDim * bytes);
        DenseFlags flags = loads % VectorBytes == 0 ? DenseFlags.DenseVectorLoads : DenseFlags.None;
        flags |= stores % (2 * bytes) == 0 ? DenseFlags.DensePairStores : DenseFlags.None;
        return (uint)flags;
    }
}
