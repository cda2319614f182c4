using NativeAttention.Benchmarks.Problems;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>
/// Some rows of the gradients of a case in float64, to compare with: of queries the first, the last and some between,
/// of keys the same. Output and log-sum-exp are inputs of backward and taken as they are, so a row costs no softmax of
/// others.
/// </summary>
/// <param name="case">The case: default layout, no modifier.</param>
/// <param name="query">The element of the query at a place of its storage.</param>
/// <param name="key">The same of the key.</param>
/// <param name="value">The same of the value.</param>
/// <param name="output">The same of the output of forward.</param>
/// <param name="lse">Its log-sum-exp, which on a map has heads last.</param>
/// <param name="outputGradient">The same of the gradient of the output.</param>
internal sealed class GradientReferences(BenchCase @case, Func<long, double> query, Func<long, double> key,
    Func<long, double> value, Func<long, double> output, float[] lse, Func<long, double> outputGradient)
{
    private const int Rows = 8;
    private const int Seed = 4;

    private readonly DenseProblem _problem = @case.Problem;
    private readonly LayoutStrides _strides = @case.Problem.Problem.Strides;
    private readonly AttentionShape _shape = @case.Shape;
    private readonly double _scale = @case.Options.Scale ?? 1 / Math.Sqrt(@case.Shape.HeadDim);
    private double _scoreMagnitude;

    private int Group => _shape.QueryHeads / _shape.KeyValueHeads;

    /// <summary>Compares rows of the gradients: the accuracy of the worst of the three by its bound.</summary>
    /// <param name="gradients">The elements of those of query, key and value, at places of their storage.</param>
    public Accuracy Compare(IReadOnlyList<Func<long, double>> gradients)
    {
        Random random = new(Seed);
        (int Batch, int Head, int Row)[] queries = [.. Choose(random, _shape.QueryHeads, _shape.QueryLength)];
        (int Batch, int Head, int Row)[] keys = [.. Choose(random, _shape.KeyValueHeads, _shape.KeyLength)];
        List<Part> ofQueries = [.. queries.Select(OfQuery)], ofKeys = [.. OfKeys(keys)];
        Accuracy[] all =
        [
            Of(ofQueries, g => g.Query, gradients[0], Places(_strides.Query, queries)),
            Of(ofKeys, g => g.Key, gradients[1], Places(_strides.Key, keys)),
            Of(ofKeys, g => g.Value, gradients[2], Places(_strides.Value, keys)),
        ];
        // A NaN is worse than any number.
        return all.MaxBy(a => double.IsNaN(a.MaxError) ? double.PositiveInfinity : a.MaxError / a.Bound);
    }

    private IEnumerable<(int Batch, int Head, int Row)> Choose(Random random, int heads, int length) =>
        Enumerable.Range(0, Rows - 2)
            .Select(_ => (random.Next(_shape.Batch), random.Next(heads), random.Next(length)))
            .Prepend((_shape.Batch - 1, heads - 1, length - 1))
            .Prepend((0, 0, 0));

    private int[] KeysOf(int batch, int head, int query) =>
        new RowScores(_problem, OperandValues.None, batch, head, query, @case.Map is { } map ? map.Keys : null).Keys;

    // One query and the keys that it sees, as a problem of its own.
    private Part OfQuery((int Batch, int Head, int Row) at) => Compute([at],
        [.. KeysOf(at.Batch, at.Head, at.Row).Select(k => (at.Batch, at.Head / Group, k))]);

    // One key and the queries of all heads of its group that see it.
    private IEnumerable<Part> OfKeys((int Batch, int Head, int Row)[] keys)
    {
        List<int>[] seenBy = [.. keys.Select(_ => new List<int>())];
        for (int query = 0; query < _shape.QueryLength; query++)
        {
            int[] seen = KeysOf(0, 0, query); // those of every sequence and head: there are no modifiers
            for (int n = 0; n < keys.Length; n++)
            {
                if (seen.Contains(keys[n].Row))
                {
                    seenBy[n].Add(query);
                }
            }
        }

        return keys.Select((k, n) => Compute([.. from head in Enumerable.Range(k.Head * Group, Group)
                                                 from q in seenBy[n]
                                                 select (k.Batch, head, q)], [k]));
    }

    private Part Compute((int Batch, int Head, int Row)[] queries, (int Batch, int Head, int Row)[] keys)
    {
        int dim = _shape.HeadDim, valueDim = _shape.ValueHeadDim;
        AttentionShape alone = new(1, queries.Length, keys.Length, 1, 1, dim, valueDim);
        double[] q = StoredRows.Read(query, Places(_strides.Query, queries), dim);
        double[] k = StoredRows.Read(key, Places(_strides.Key, keys), dim);
        double[] v = StoredRows.Read(value, Places(_strides.Value, keys), valueDim);
        double[] above = StoredRows.Read(outputGradient, Places(_strides.Output, queries), valueDim);
        Float64Attention forward = new(alone, AttentionMask.None, _scale)
        {
            Probabilities = new double[queries.Length * keys.Length],
        };
        StoredRows.Read(output, Places(_strides.Output, queries), valueDim).CopyTo(forward.Output, 0);
        for (int n = 0; n < forward.Probabilities.Length; n++)
        {
            (int row, int j) = Math.DivRem(n, keys.Length);
            double score = Score(q.AsSpan(row * dim, dim), k.AsSpan(j * dim, dim));
            forward.Probabilities[n] = Math.Exp(score - lse[LsePlace(queries[row])]);
        }

        return new Part(Gradients(null), Gradients(@case.Type));

        Float64Gradients Gradients(ElementType? rounding) =>
            new Float64Gradients(alone, _scale, rounding).Compute(q, k, v, forward, above);
    }

    private double Score(ReadOnlySpan<double> q, ReadOnlySpan<double> k)
    {
        double dot = Float64Vectors.Dot(q, k, out double magnitude);
        _scoreMagnitude = Math.Max(_scoreMagnitude, Math.Abs(_scale) * magnitude);
        return _scale * dot;
    }

    private Accuracy Of(IReadOnlyList<Part> parts, Func<Float64Gradients, Float64Gradient> which,
        Func<long, double> actual, long[] places)
    {
        Float64Gradient exact = Join(parts.Select(p => which(p.Exact))), plain = Join(parts.Select(p => which(p.Plain)));
        double[] rows = StoredRows.Read(actual, places, exact.Values.Length / places.Length);
        ErrorMeasure error = ErrorMeasure.Of(rows, exact);
        return new Accuracy(error.MaxOutput, error.RelativeOutput,
            ErrorBound.Of(@case.Type, exact, plain, _scoreMagnitude).Output);
    }

    private static Float64Gradient Join(IEnumerable<Float64Gradient> rows) =>
        new([.. rows.SelectMany(r => r.Values)], [.. rows.SelectMany(r => r.Absolute)]);

    private static long[] Places(TensorStrides strides, (int Batch, int Head, int Row)[] rows) =>
        [.. rows.Select(r => StoredRows.Place(strides, r.Batch, r.Row, r.Head))];

    private long LsePlace((int Batch, int Head, int Row) at) => @case.Map is not null
        ? ((((long)at.Batch * _shape.QueryLength) + at.Row) * _shape.QueryHeads) + at.Head
        : ((((long)at.Batch * _shape.QueryHeads) + at.Head) * _shape.QueryLength) + at.Row;

    /// <summary>Gradients of some rows, in float64 and with the roundings of the element type.</summary>
    private sealed record Part(Float64Gradients Exact, Float64Gradients Plain);
}
