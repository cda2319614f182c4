namespace NativeAttention.Cpu;

/// <summary>
/// The lowest rung: one query row at a time, two passes over its keys, plain scalar float32 arithmetic.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed unsafe class ReferenceKernel<T>(AttentionProblem problem) : CpuKernel<T>(problem)
    where T : unmanaged
{
    public override string Name => $"na_cpu_reference_{ElementName}";

    public override long Tiles => Problem.LseLength; // a tile is a row

    public override int ScratchFloats => checked(Problem.Shape.KeyLength + Problem.Shape.HeadDim
        + Problem.Shape.ValueHeadDim + Math.Max(Problem.Shape.HeadDim, Problem.Shape.ValueHeadDim));

    public override void Run(long tile, in TensorPointers<T> tensors, float* scratch)
    {
        AttentionShape shape = Problem.Shape;
        LayoutStrides strides = Problem.Strides;
        (long rest, long i) = Math.DivRem(tile, (long)shape.QueryLength);
        (long b, long h) = Math.DivRem(rest, (long)shape.QueryHeads);
        long kvHead = KeyValueHead((int)h);
        T* q = tensors.Query + (b * strides.Query.Batch) + (h * strides.Query.Head)
            + (i * strides.Query.Sequence);
        T* k = tensors.Key + (b * strides.Key.Batch) + (kvHead * strides.Key.Head);
        T* v = tensors.Value + (b * strides.Value.Batch) + (kvHead * strides.Value.Head);
        T* o = tensors.Output + (b * strides.Output.Batch) + (h * strides.Output.Head)
            + (i * strides.Output.Sequence);

        Row row = new(shape, scratch);
        ElementConvert.Widen(new ReadOnlySpan<T>(q, shape.HeadDim), row.Query);
        int begin = (int)Math.Clamp(i + Problem.Band.Left, 0, shape.KeyLength);
        int end = (int)Math.Clamp(i + Problem.Band.Right + 1, begin, shape.KeyLength);
        float max = Scores(row, k, strides.Key.Sequence, begin, end);
        float sum = Accumulate(row, v, strides.Value.Sequence, begin, end, max);
        Finish(row, o, sum);
        if (tensors.Lse != null)
        {
            tensors.Lse[tile] = LogSumExp(max * Log2E, sum);
        }
    }

    // s[j] = scale * q . k[j]; returns the largest.
    private float Scores(in Row row, T* keys, long stride, int begin, int end)
    {
        float max = float.NegativeInfinity;
        for (int j = begin; j < end; j++)
        {
            ElementConvert.Widen(new ReadOnlySpan<T>(keys + (j * stride), row.Query.Length), row.Vector);
            float dot = 0;
            for (int d = 0; d < row.Query.Length; d++)
            {
                dot += row.Query[d] * row.Vector[d];
            }

            row.Scores[j] = Problem.Scale * dot;
            max = MathF.Max(max, row.Scores[j]); // carries NaN
        }

        return max;
    }

    // o = sum_j exp(s[j] - max) v[j]; returns the sum of the exponentials.
    private static float Accumulate(in Row row, T* values, long stride, int begin, int end, float max)
    {
        row.Output.Clear();
        float sum = 0;
        for (int j = begin; j < end && !float.IsNegativeInfinity(max); j++)
        {
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
            row.Output[d] = sum == 0 ? 0 : row.Output[d] / sum;
        }

        ElementConvert.Narrow<T>(row.Output, new Span<T>(output, row.Output.Length));
    }

    // The scratch memory of one row, cut up.
    private readonly ref struct Row
    {
        public Row(AttentionShape shape, float* scratch)
        {
            Scores = new Span<float>(scratch, shape.KeyLength);
            Query = new Span<float>(scratch + shape.KeyLength, shape.HeadDim);
            Output = new Span<float>(scratch + shape.KeyLength + shape.HeadDim, shape.ValueHeadDim);
            Vector = new Span<float>(scratch + shape.KeyLength + shape.HeadDim + shape.ValueHeadDim,
                Math.Max(shape.HeadDim, shape.ValueHeadDim));
        }

        public Span<float> Scores { get; }

        public Span<float> Query { get; }

        public Span<float> Output { get; }

        public Span<float> Vector { get; }
    }
}
