using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>The operands of backward: how long their axes are, and where strides come from.</summary>
/// <param name="Query">Queries, and their gradient.</param>
/// <param name="Key">Keys, and their gradient.</param>
/// <param name="Value">Values, and their gradient.</param>
/// <param name="Output">Output, and its gradient.</param>
/// <param name="ExtraKey">Additional keys, and their gradient.</param>
/// <param name="ExtraValue">Additional values, and their gradient.</param>
/// <param name="LseCount">Elements of the log-sum-exp, dense.</param>
/// <param name="BiasCount">Elements of the bias, dense; 0 when there is none.</param>
internal sealed record BackwardAxes(TensorAxes Query, TensorAxes Key, TensorAxes Value, TensorAxes Output,
    TensorAxes ExtraKey, TensorAxes ExtraValue, long LseCount, long BiasCount)
{
    /// <summary>The operands of a problem.</summary>
    /// <param name="p">The problem.</param>
    /// <param name="order">Where the strides of tensors with a batch and a sequence come from.</param>
    public static BackwardAxes Of(MapProblem p, AxisOrder order)
    {
        // Tokens and samples fit 32 bits: others are refused.
        int queries = (int)p.QueryTokens, keys = (int)p.KeyTokens, samples = p.Batch * p.SamplesOfIndex;
        return new BackwardAxes(
            new(p.Batch, queries, p.QueryHeads, p.HeadDim, p.Strides.Query, order),
            new(p.Batch, keys, p.KeyValueHeads, p.HeadDim, p.Strides.Key, order),
            new(p.Batch, keys, p.KeyValueHeads, p.ValueHeadDim, p.Strides.Value, order),
            new(p.Batch, queries, p.QueryHeads, p.ValueHeadDim, p.Strides.Output, order),
            Extra(p.HeadDim), Extra(p.ValueHeadDim), (long)p.Batch * queries * p.QueryHeads,
            p.BiasEntries * p.QueryHeads);

        TensorAxes Extra(int dim) => new(samples, p.ExtraKeys, p.KeyValueHeads, dim,
            new TensorStrides((long)p.ExtraKeys * p.KeyValueHeads * dim, (long)p.KeyValueHeads * dim, dim),
            AxisOrder.Storage);
    }
}
