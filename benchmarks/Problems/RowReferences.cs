using NativeAttention.Tool.Verification;

namespace NativeAttention.Benchmarks.Problems;

/// <summary>
/// Some rows of a problem in float64, to compare outputs with: the first, the last and some between. What is fast
/// and wrong, or right for another mask, does not pass for a result.
/// </summary>
internal sealed class RowReferences
{
    private const int LeastRows = 4;
    private const int LeastOutputs = 256; // the bound is sharp for so many
    private const int Seed = 3;
    private readonly DenseProblem _problem;
    private readonly OperandValues _operands;
    private readonly (Func<long, double> Query, Func<long, double> Key, Func<long, double> Value) _inputs;
    private readonly Func<int, int[]>? _keysOf;
    private readonly List<(long Place, Float64Attention Exact)> _rows = [];

    /// <summary>Computes the rows.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="operands">Its optional operands.</param>
    /// <param name="query">The element of the query at a place of its storage.</param>
    /// <param name="key">The same of the key.</param>
    /// <param name="value">The same of the value.</param>
    /// <param name="keysOf">The keys of a query where they lie on a map; null where the mask says it.</param>
    public RowReferences(DenseProblem problem, OperandValues operands, Func<long, double> query,
        Func<long, double> key, Func<long, double> value, Func<int, int[]>? keysOf = null)
    {
        (_problem, _operands, _inputs, _keysOf) = (problem, operands, (query, key, value), keysOf);
        List<(Float64Attention Exact, Float64Attention Dense)> parts = [];
        foreach ((int batch, int head, int row) in ChooseRows())
        {
            parts.Add(Reference(batch, head, row));
            long place = Place(problem.Problem.Strides.Output, batch, problem.Starts[batch].Query, row, head);
            _rows.Add((place, parts[^1].Exact));
        }

        Bound = ErrorBound.Of(problem.Problem.ElementType, parts).Output;
    }

    /// <summary>Largest absolute error that <c>nattn verify</c> would allow.</summary>
    public double Bound { get; }

    /// <summary>Compares the rows of an output.</summary>
    /// <typeparam name="T">Element type of the output.</typeparam>
    /// <param name="output">The output, as the problem lays it out.</param>
    public Accuracy Compare<T>(ReadOnlySpan<T> output)
        where T : unmanaged
    {
        double largest = 0, error = 0, norm = 0;
        foreach ((long place, Float64Attention exact) in _rows)
        {
            for (int d = 0; d < exact.Output.Length; d++)
            {
                double difference = Elements.ToDouble(output[(int)place + d]) - exact.Output[d];
                largest = Math.Max(largest, Math.Abs(difference)); // a NaN stays one
                error += difference * difference;
                norm += exact.Output[d] * exact.Output[d];
            }
        }

        return new Accuracy(largest, Math.Sqrt(error / norm), Bound);
    }

    private IEnumerable<(int Batch, int Head, int Query)> ChooseRows()
    {
        AttentionShape s = _problem.Shape;
        int[] filled = [.. Enumerable.Range(0, s.Batch).Where(b => _problem.Lengths(b).Queries > 0)];
        if (filled.Length == 0)
        {
            return [];
        }

        Random random = new(Seed);
        int count = Math.Max(LeastRows, (LeastOutputs + s.ValueHeadDim - 1) / s.ValueHeadDim);
        int last = filled[^1];
        return Enumerable.Range(0, count - 2)
            .Select(_ => filled[random.Next(filled.Length)])
            .Select(b => (b, random.Next(s.QueryHeads), random.Next(_problem.Lengths(b).Queries)))
            .Prepend((last, s.QueryHeads - 1, _problem.Lengths(last).Queries - 1))
            .Prepend((filled[0], 0, 0));
    }

    // One query and the keys that it sees, as a problem of its own.
    private (Float64Attention Exact, Float64Attention Dense) Reference(int batch, int head, int query)
    {
        AttentionShape s = _problem.Shape;
        LayoutStrides strides = _problem.Problem.Strides;
        RowScores row = new(_problem, _operands, batch, head, query, _keysOf);
        (int queryStart, int keyStart) = _problem.Starts[batch];
        int keyHead = head / (s.QueryHeads / s.KeyValueHeads);
        double[] q = StoredRows.Read(_inputs.Query, [Place(strides.Query, batch, queryStart, query, head)], s.HeadDim);
        double[] k = StoredRows.Read(_inputs.Key,
            [.. row.Keys.Select(j => Place(strides.Key, batch, keyStart, j, keyHead))], s.HeadDim);
        double[] v = StoredRows.Read(_inputs.Value,
            [.. row.Keys.Select(j => Place(strides.Value, batch, keyStart, j, keyHead))], s.ValueHeadDim);
        AttentionShape alone = new(1, 1, row.Keys.Length, 1, 1, s.HeadDim, s.ValueHeadDim);
        return (Compute(null), Compute(_problem.Problem.ElementType));

        Float64Attention Compute(ElementType? rounding) =>
            new Float64Attention(alone, AttentionMask.None, row.Scale, rounding, row).Compute(q, k, v);
    }

    // Sequences of a packed layout begin where the one before ends, those of others a batch stride apart.
    private long Place(TensorStrides strides, int batch, int start, int position, int head) =>
        StoredRows.Place(strides, batch, position + (_problem.Packed is null ? 0L : start), head);
}
