namespace NativeAttention.Testing;

/// <summary>One test case of backward of dense attention; <see cref="AttentionCase"/> is for forward.</summary>
/// <param name="elementType">Element type.</param>
/// <param name="shape">Lengths.</param>
/// <param name="options">Mask, scale, layout: nothing that makes the problem other than plain.</param>
/// <param name="seed">Seed of the inputs.</param>
public sealed class DenseBackwardCase(ElementType elementType, AttentionShape shape, AttentionOptions? options = null,
    int seed = 1) : PairCase(elementType, seed)
{
    private readonly AttentionOptions options = options ?? AttentionOptions.Default;

    /// <summary>The problem.</summary>
    public AttentionProblem Problem => AttentionProblem.Create(ElementType, shape, options);

    /// <inheritdoc/>
    public override PairViews Views
    {
        get
        {
            var views = TensorView.Of(shape, options.Layout);
            return new PairViews(views.Query, views.Key, views.Value, views.Output, new(shape.Batch, shape.QueryHeads,
                shape.QueryLength, 1, TensorStrides.Bhsd(shape.QueryLength, shape.QueryHeads, 1)));
        }
    }

    /// <inheritdoc/>
    public override string ToString() => new AttentionCase(ElementType, shape, options, Seed)
        + (LseGradient ? ", LSE gradient" : "") + (QueryFactor == 1 ? "" : $", queries times {QueryFactor}")
        + (GradientFactor == 1 ? "" : $", dO times {GradientFactor}");

    private protected override PairInputs MakeInputs()
    {
        DensePairs pairs = new(shape, options.DiagonalOffset is int offset
            ? ReferenceAttention.Visible(options.Mask, offset)
            : ReferenceAttention.Visible(options.Mask, shape));
        float scale = options.Scale ?? (float)(1 / Math.Sqrt(shape.HeadDim));
        return new PairInputs(pairs, shape.HeadDim, shape.ValueHeadDim, scale,
            Random(ElementType, pairs.QueryRows * shape.HeadDim, 1, QueryFactor),
            Random(ElementType, pairs.KeyRows * shape.HeadDim, 2),
            Random(ElementType, pairs.KeyRows * shape.ValueHeadDim, 3), []);
    }

    private protected override bool TryForward<T>(AttentionBackend backend, PairBuffers<T> buffers, bool withLse)
    {
        if (!backend.CanRun(Problem, out _))
        {
            return false;
        }

        using HostAttentionPlan<T> plan = backend.PlanHost<T>(Problem);
        plan.Run(new AttentionInputs<T>(buffers.Query, buffers.Key, buffers.Value), buffers.Output,
            withLse ? buffers.Lse : default(Span<float>));
        return true;
    }

    private protected override HostBackwardPlan<T> PlanBackward<T>(AttentionBackend backend) =>
        backend.PlanBackward<T>(Problem);
}
