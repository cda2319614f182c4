using NativeAttention.Tool.Verification;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>
/// Compares some rows of an output with float64: the first, the last and some between. What is fast and
/// wrong, or right for another mask, does not pass for a result.
/// </summary>
internal static class RowCheck
{
    private const int LeastRows = 4;
    private const int LeastOutputs = 256; // the bound is sharp for so many
    private const int Seed = 3;

    /// <summary>Compares.</summary>
    /// <typeparam name="T">Element type of the inputs.</typeparam>
    /// <typeparam name="TOutput">Element type of the output.</typeparam>
    /// <param name="case">The case.</param>
    /// <param name="operands">Its inputs.</param>
    /// <param name="output">[batch, queries, query heads, value head dim].</param>
    public static Accuracy Of<T, TOutput>(BenchCase @case, Operands<T> operands, ReadOnlySpan<TOutput> output)
        where T : unmanaged
        where TOutput : unmanaged
    {
        AttentionShape s = @case.Shape;
        List<(Float64Attention Exact, Float64Attention Dense)> parts = [];
        double largest = 0, error = 0, norm = 0;
        foreach ((int batch, int head, int query) in Rows(@case))
        {
            parts.Add(Reference(@case, operands, batch, head, query));
            int start = Offset(batch, s.QueryLength, query, s.QueryHeads, head, s.ValueHeadDim);
            for (int d = 0; d < s.ValueHeadDim; d++)
            {
                double right = parts[^1].Exact.Output[d];
                double difference = Elements.ToDouble(output[start + d]) - right;
                largest = Math.Max(largest, Math.Abs(difference)); // a NaN stays one
                error += difference * difference;
                norm += right * right;
            }
        }

        return new Accuracy(largest, Math.Sqrt(error / norm), ErrorBound.Of(@case.Type, parts).Output);
    }

    // The first of all, the last of the last sequence, and some between.
    private static IEnumerable<(int Batch, int Head, int Query)> Rows(BenchCase @case)
    {
        AttentionShape s = @case.Shape;
        Random random = new(Seed);
        int count = Math.Max(LeastRows, LeastOutputs / s.ValueHeadDim);
        return Enumerable.Range(0, count - 2)
            .Select(_ => random.Next(s.Batch))
            .Select(b => (b, random.Next(s.QueryHeads), random.Next(@case.Lengths(b).Queries)))
            .Prepend((s.Batch - 1, s.QueryHeads - 1, @case.Lengths(s.Batch - 1).Queries - 1))
            .Prepend((0, 0, 0));
    }

    // One query and the keys that it sees, as a problem of its own.
    private static (Float64Attention Exact, Float64Attention Dense) Reference<T>(
        BenchCase @case, Operands<T> operands, int batch, int head, int query)
        where T : unmanaged
    {
        AttentionShape s = @case.Shape;
        RowScores row = new(@case, operands.Optional, batch, head, query);
        int keyHead = head / (s.QueryHeads / s.KeyValueHeads);
        double[] q = Read(operands.Query, batch, s.QueryLength, [query], s.QueryHeads, head, s.HeadDim);
        double[] k = Read(operands.Key, batch, s.KeyLength, row.Keys, s.KeyValueHeads, keyHead, s.HeadDim);
        double[] v =
            Read(operands.Value, batch, s.KeyLength, row.Keys, s.KeyValueHeads, keyHead, s.ValueHeadDim);
        AttentionShape alone = new(1, 1, row.Keys.Length, 1, 1, s.HeadDim, s.ValueHeadDim);
        return (Compute(null), Compute(@case.Type));

        Float64Attention Compute(ElementType? rounding) =>
            new Float64Attention(alone, AttentionMask.None, row.Scale, rounding, row).Compute(q, k, v);
    }

    // Positions of one head.
    private static double[] Read<T>(
        T[] tensor, int batch, int length, int[] positions, int heads, int head, int dim)
        where T : unmanaged
    {
        double[] values = new double[positions.Length * dim];
        for (int i = 0; i < positions.Length; i++)
        {
            ReadOnlySpan<T> row = tensor.AsSpan(Offset(batch, length, positions[i], heads, head, dim), dim);
            Span<double> target = values.AsSpan(i * dim, dim);
            for (int d = 0; d < row.Length; d++)
            {
                target[d] = Elements.ToDouble(row[d]);
            }
        }

        return values;
    }

    private static int Offset(int batch, int length, int position, int heads, int head, int dim) =>
        ((((batch * length) + position) * heads) + head) * dim;
}
