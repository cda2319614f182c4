using NativeAttention.Bindings;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>One operand of backward: how long its axes are, and how it is taken from a view.</summary>
/// <param name="Axes">Batch, tokens, heads and dim.</param>
/// <param name="Map">The axes of the map that its tokens lie on; null for a sequence.</param>
internal readonly record struct BackwardOperand(TensorAxes Axes, MapAxes? Map = null)
{
    /// <summary>Checks a view and takes address and strides from it.</summary>
    /// <param name="view">The view.</param>
    /// <param name="argument">Its name.</param>
    /// <param name="asStorage">Whether it is storage for the strides of the problem.</param>
    /// <exception cref="ArgumentException">The view does not fit; the message says what would.</exception>
    public TensorRef Bind<T>(in DeviceView<T> view, string argument, bool asStorage)
        where T : unmanaged =>
        asStorage ? (Axes with { Order = AxisOrder.Storage }).Bind(view, argument)
        : Map is null ? Axes.Bind(view, argument)
        : Map.Bind(view, argument);
}

/// <summary>The operands of backward.</summary>
/// <param name="Query">Queries, and their gradient.</param>
/// <param name="Key">Keys, and their gradient.</param>
/// <param name="Value">Values, and their gradient.</param>
/// <param name="Output">Output, and its gradient.</param>
/// <param name="ExtraKey">Additional keys, and their gradient.</param>
/// <param name="ExtraValue">Additional values, and their gradient.</param>
/// <param name="LseDims">Dims of the log-sum-exp, which is dense.</param>
/// <param name="LseCount">Elements of the log-sum-exp.</param>
/// <param name="BiasCount">Elements of the bias, dense; 0 when there is none.</param>
internal sealed record BackwardAxes(BackwardOperand Query, BackwardOperand Key, BackwardOperand Value,
    BackwardOperand Output, BackwardOperand ExtraKey, BackwardOperand ExtraValue, int[] LseDims, long LseCount,
    long BiasCount)
{
    /// <summary>The operands of dense attention.</summary>
    public static BackwardAxes Of(AttentionProblem problem, MapProblem lowered)
    {
        AxisOrder order = OperandAxes.OrderOf(problem.Options.Layout);
        AttentionShape s = problem.Shape;
        return Of(lowered, order) with { LseDims = [s.Batch, s.QueryHeads, s.QueryLength] };
    }

    /// <summary>The operands of neighborhood attention.</summary>
    public static BackwardAxes Of(NeighborhoodProblem problem)
    {
        BackwardAxes axes = Of(problem.Lowered, AxisOrder.Bshd);
        return axes with
        {
            Query = axes.Query with { Map = MapAxes.Query(problem) },
            Key = axes.Key with { Map = MapAxes.Key(problem) },
            Value = axes.Value with { Map = MapAxes.Value(problem) },
            Output = axes.Output with { Map = MapAxes.Output(problem) },
            LseDims = [.. MapAxes.Output(problem).Dims[..^1]],
        };
    }

    // Tokens and samples fit 32 bits: others are refused.
    private static BackwardAxes Of(MapProblem p, AxisOrder order)
    {
        int queries = (int)p.QueryTokens, keys = (int)p.KeyTokens;
        return new BackwardAxes(
            new(new(p.Batch, queries, p.QueryHeads, p.HeadDim, p.Strides.Query, order)),
            new(new(p.Batch, keys, p.KeyValueHeads, p.HeadDim, p.Strides.Key, order)),
            new(new(p.Batch, keys, p.KeyValueHeads, p.ValueHeadDim, p.Strides.Value, order)),
            new(new(p.Batch, queries, p.QueryHeads, p.ValueHeadDim, p.Strides.Output, order)),
            Extra(p.HeadDim), Extra(p.ValueHeadDim), [], (long)p.Batch * queries * p.QueryHeads,
            p.BiasEntries * p.QueryHeads);

        BackwardOperand Extra(int dim) => new(new(p.Samples, p.ExtraKeys, p.KeyValueHeads, dim,
            TensorStrides.Bshd(p.ExtraKeys, p.KeyValueHeads, dim), AxisOrder.Bshd));
    }
}
