namespace NativeAttention.Cpu;

/// <summary>
/// The lowest rung: one query row at a time, two passes over its keys, plain scalar float32 arithmetic. It
/// knows every modifier.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed unsafe class ReferenceKernel<T>(AttentionProblem problem) : CpuKernel<T>(problem)
    where T : unmanaged
{
    public override string Name => $"na_cpu_reference_{ElementName}";

    // A tile is a row.
    public override long Tiles =>
        (long)Problem.Shape.Batch * Problem.Shape.QueryHeads * Problem.Shape.QueryLength;

    public override int ScratchFloats => checked(Problem.Shape.KeyLength + Problem.Shape.HeadDim
        + Problem.Shape.ValueHeadDim + Math.Max(Problem.Shape.HeadDim, Problem.Shape.ValueHeadDim));

    public override void Run(long tile, in TensorPointers<T> tensors, float* scratch)
    {
        AttentionShape shape = Problem.Shape;
        (long rest, long i) = Math.DivRem(tile, (long)shape.QueryLength);
        (long b, long h) = Math.DivRem(rest, (long)shape.QueryHeads);
        SequenceBounds sequence = tensors.Sequence(shape, b);
        if (i >= sequence.QueryLength)
        {
            return;
        }

        LayoutStrides strides = Problem.Strides;
        Row row = new(shape, scratch, new ScoreModifiers<T>(Problem, tensors, sequence, b, h, i));
        T* q = tensors.Query + At(strides.Query, b, sequence.QueryBegin + i, h);
        T* k = tensors.Key + At(strides.Key, b, sequence.KeyBegin, KeyValueHead((int)h));
        T* v = tensors.Value + At(strides.Value, b, sequence.KeyBegin, ValueHead((int)h));
        T* o = tensors.Output + At(strides.Output, b, sequence.QueryBegin + i, h);

        ElementConvert.Widen(new ReadOnlySpan<T>(q, shape.HeadDim), row.Query);
        float max = Scores(row, k, strides.Key.Sequence, sequence.KeyLength);
        float sum = Accumulate(row, v, strides.Value.Sequence, sequence.KeyLength, max);
        Finish(row, o, sum);
        if (tensors.Lse != null)
        {
            tensors.Lse[Problem.LseOffset((int)b, (int)h, sequence) + i] = LogSumExp.FromBase2(max * Log2E, sum);
        }
    }

    // s[j] of the row, minus infinity where it sees nothing; returns the largest, the sink included.
    private static float Scores(in Row row, T* keys, long stride, int count)
    {
        float max = row.Modifiers.Sink;
        for (int j = 0; j < count; j++)
        {
            float score = float.NegativeInfinity;
            if (row.Modifiers.Sees(j))
            {
                ElementConvert.Widen(new ReadOnlySpan<T>(keys + (j * stride), row.Query.Length), row.Vector);
                float dot = 0;
                for (int d = 0; d < row.Query.Length; d++)
                {
                    dot += row.Query[d] * row.Vector[d];
                }

                score = row.Modifiers.Apply(dot, j);
            }

            row.Scores[j] = score;
            max = MathF.Max(max, score); // carries NaN
        }

        return max;
    }

    // o = sum_j exp(s[j] - max) v[j]; returns the sum of the exponentials, the sink's included. The value of a
    // key that the row does not see is not read.
    private static float Accumulate(in Row row, T* values, long stride, int count, float max)
    {
        row.Output.Clear();
        if (float.IsNegativeInfinity(max))
        {
            return 0;
        }

        float sum = MathF.Exp(row.Modifiers.Sink - max);
        for (int j = 0; j < count; j++)
        {
            if (float.IsNegativeInfinity(row.Scores[j]))
            {
                continue;
            }

            ElementConvert.Widen(new ReadOnlySpan<T>(values + (j * stride), row.Output.Length), row.Vector);
            float p = MathF.Exp(row.Scores[j] - max);
            sum += p;
            for (int d = 0; d < row.Output.Length; d++)
            {
                row.Output[d] += p * row.Vector[d];
            }
        }

        return sum;
    }

    private static void Finish(in Row row, T* output, float sum)
    {
        for (int d = 0; d < row.Output.Length; d++)
        {
            row.Output[d] = sum == 0 ? 0 : row.Output[d] / sum * row.Modifiers.Gate;
        }

        ElementConvert.Narrow<T>(row.Output, new Span<T>(output, row.Output.Length));
    }

    // The scratch memory of one row, cut up, and what changes its scores.
    private readonly ref struct Row
    {
        public Row(AttentionShape shape, float* scratch, ScoreModifiers<T> modifiers)
        {
            Scores = new Span<float>(scratch, shape.KeyLength);
            Query = new Span<float>(scratch + shape.KeyLength, shape.HeadDim);
            Output = new Span<float>(scratch + shape.KeyLength + shape.HeadDim, shape.ValueHeadDim);
            Vector = new Span<float>(scratch + shape.KeyLength + shape.HeadDim + shape.ValueHeadDim,
                Math.Max(shape.HeadDim, shape.ValueHeadDim));
            Modifiers = modifiers;
        }

        public Span<float> Scores { get; }

        public Span<float> Query { get; }

        public Span<float> Output { get; }

        public Span<float> Vector { get; }

        public ScoreModifiers<T> Modifiers { get; }
    }
}
