using System.Diagnostics.CodeAnalysis;
using NativeAttention.Neighborhood;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>
/// The slowest backend: it walks the lowered tables pair by pair, and finds tensors by the lowered strides. What it gets
/// right, the tables and strides have right; and it shows that cases notice a mistake.
/// </summary>
/// <param name="spoil">Makes a mistake in what was computed, before it is stored.</param>
internal sealed class LoweredBackend(Action<string, double[]>? spoil = null) : AttentionBackend
{
    public override string Name => "lowered";

    public override string Description => Name;

    public override bool CanRun(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        reason = "no forward of dense attention.";
        return false;
    }

    public override HostAttentionPlan<T> PlanHost<T>(AttentionProblem problem) => throw new NotSupportedException();

    public override bool CanRun(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason)
    {
        reason = null;
        return true;
    }

    public override HostNeighborhoodPlan<T> PlanNeighborhood<T>(NeighborhoodProblem problem) =>
        new ForwardPlan<T>(problem, spoil);

    public override HostBackwardPlan<T> PlanBackward<T>(AttentionProblem problem) => new BackwardPlan<T>(problem, spoil);

    public override HostBackwardPlan<T> PlanBackward<T>(NeighborhoodProblem problem) =>
        new BackwardPlan<T>(problem, spoil);

    public override void Dispose()
    {
    }

    private static PairInputs Gather<T>(MapProblem p, in NeighborhoodInputs<T> inputs, bool fromKeys)
        where T : unmanaged => new(new LoweredPairs(p, fromKeys), p.HeadDim, p.ValueHeadDim, p.Scale,
            Rows(p.Strides.Query, p.Batch, p.QueryTokens, p.QueryHeads, p.HeadDim).Gather(inputs.Query),
            [
                .. Rows(p.Strides.Key, p.Batch, p.KeyTokens, p.KeyValueHeads, p.HeadDim).Gather(inputs.Key),
                .. Extra(p, p.HeadDim).Gather(inputs.ExtraKey),
            ],
            [
                .. Rows(p.Strides.Value, p.Batch, p.KeyTokens, p.KeyValueHeads, p.ValueHeadDim).Gather(inputs.Value),
                .. Extra(p, p.ValueHeadDim).Gather(inputs.ExtraValue),
            ],
            Bias(p).Gather(inputs.RelativeBias));

    private static StridedRows Rows(TensorStrides strides, int batch, long tokens, int heads, int dim) =>
        new(strides, batch, (int)tokens, heads, dim);

    private static StridedRows Extra(MapProblem p, int dim) => Rows(
        new(0, (long)p.KeyValueHeads * dim, dim), 1, (long)p.Samples * p.ExtraKeys, p.KeyValueHeads, dim);

    private static StridedRows Bias(MapProblem p) => new(new(0, 1, p.BiasEntries), 1, (int)p.BiasEntries, p.QueryHeads, 1);

    private static StridedRows Lse(MapProblem p) => Rows(p.LseStrides, p.Batch, p.QueryTokens, p.QueryHeads, 1);

    /// <summary>Rows [heads, batch, tokens] of a tensor with strides.</summary>
    private readonly record struct StridedRows(TensorStrides Strides, int Batch, int Tokens, int Heads, int Dim)
    {
        public double[] Gather<T>(ReadOnlySpan<T> storage)
            where T : unmanaged
        {
            double[] rows = new double[Heads * Batch * Tokens * Dim];
            for (int i = 0; i < rows.Length && !storage.IsEmpty; i++)
            {
                rows[i] = Elements.ToDouble(storage[Offset(i)]);
            }

            return rows;
        }

        public void Scatter<T>(ReadOnlySpan<double> rows, Span<T> storage)
            where T : unmanaged
        {
            for (int i = 0; i < rows.Length; i++)
            {
                storage[Offset(i)] = Elements.FromDouble<T>(rows[i]);
            }
        }

        private int Offset(int i)
        {
            (int row, int d) = Math.DivRem(i, Dim);
            (row, int token) = Math.DivRem(row, Tokens);
            (int head, int b) = Math.DivRem(row, Batch);
            return (int)((b * Strides.Batch) + (token * Strides.Sequence) + (head * Strides.Head) + d);
        }
    }

    private sealed class ForwardPlan<T>(NeighborhoodProblem problem, Action<string, double[]>? spoil)
        : HostNeighborhoodPlan<T>(problem)
        where T : unmanaged
    {
        public override string KernelName => "lowered";

        public override long WorkspaceBytes => 0;

        protected override void Execute(in NeighborhoodInputs<T> inputs, Span<T> output, Span<float> lse,
            CancellationToken cancellationToken)
        {
            MapProblem p = Problem.Lowered;
            AttentionReference result = PairAttention.Forward(
                Gather(p, inputs, fromKeys: false), new PlainPrecision(p.ElementType));
            spoil?.Invoke("output", result.Output);
            spoil?.Invoke("lse", result.Lse);
            Rows(p.Strides.Output, p.Batch, p.QueryTokens, p.QueryHeads, p.ValueHeadDim).Scatter(result.Output, output);
            if (!lse.IsEmpty)
            {
                Lse(p).Scatter(result.Lse, lse);
            }
        }
    }

    private sealed class BackwardPlan<T> : HostBackwardPlan<T>
        where T : unmanaged
    {
        private readonly Action<string, double[]>? spoil;

        public BackwardPlan(AttentionProblem problem, Action<string, double[]>? spoil)
            : base(problem) => this.spoil = spoil;

        public BackwardPlan(NeighborhoodProblem problem, Action<string, double[]>? spoil)
            : base(problem) => this.spoil = spoil;

        public override string KernelName => "lowered";

        public override long WorkspaceBytes => 0;

        protected override void Execute(in BackwardInputs<T> inputs, in AttentionGradients<T> gradients,
            CancellationToken cancellationToken)
        {
            MapProblem p = Lowered;
            NeighborhoodInputs<T> forward = new(inputs.Query, inputs.Key, inputs.Value)
            {
                ExtraKey = inputs.ExtraKey,
                ExtraValue = inputs.ExtraValue,
                RelativeBias = inputs.RelativeBias,
            };
            StridedRows output = Rows(p.Strides.Output, p.Batch, p.QueryTokens, p.QueryHeads, p.ValueHeadDim);
            PairGradients g = PairAttention.Backward(Gather(p, forward, fromKeys: true), output.Gather(inputs.Output),
                Lse(p).Gather(inputs.Lse), output.Gather(inputs.OutputGradient), Lse(p).Gather(inputs.LseGradient),
                new PlainPrecision(p.ElementType));
            Spoil(g);
            StridedRows key = Rows(p.Strides.Key, p.Batch, p.KeyTokens, p.KeyValueHeads, p.HeadDim);
            StridedRows value = Rows(p.Strides.Value, p.Batch, p.KeyTokens, p.KeyValueHeads, p.ValueHeadDim);
            int keys = p.Batch * (int)p.KeyTokens * p.KeyValueHeads;
            Rows(p.Strides.Query, p.Batch, p.QueryTokens, p.QueryHeads, p.HeadDim).Scatter(g.Query.Values, gradients.Query);
            key.Scatter(g.Key.Values.AsSpan(0, keys * p.HeadDim), gradients.Key);
            value.Scatter(g.Value.Values.AsSpan(0, keys * p.ValueHeadDim), gradients.Value);
            Extra(p, p.HeadDim).Scatter(g.Key.Values.AsSpan(keys * p.HeadDim), gradients.ExtraKey);
            Extra(p, p.ValueHeadDim).Scatter(g.Value.Values.AsSpan(keys * p.ValueHeadDim), gradients.ExtraValue);
            Bias(p).Scatter(g.Bias.Values, gradients.RelativeBias);
        }

        private void Spoil(PairGradients g)
        {
            spoil?.Invoke("dQ", g.Query.Values);
            spoil?.Invoke("dK", g.Key.Values);
            spoil?.Invoke("dV", g.Value.Values);
            spoil?.Invoke("dBias", g.Bias.Values);
        }
    }
}
