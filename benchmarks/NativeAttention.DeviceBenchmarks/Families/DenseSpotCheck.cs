using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.Tool.Verification;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>
/// Compares a few rows of a dense problem with float64: the first, the last and some between. The inputs are
/// read from the pool of random numbers that they were filled from.
/// </summary>
internal sealed class DenseSpotCheck
{
    private const int LeastRows = 4;
    private const int LeastOutputs = 256; // the bound is sharp for so many
    private const int Seed = 3;
    private readonly AttentionProblem _problem;
    private readonly double[] _pool;
    private readonly List<(int Batch, int Head, int Query)> _rows = [];
    private readonly List<Float64Attention> _exact = [];

    public DenseSpotCheck(AttentionProblem problem, RandomPool random)
    {
        _problem = problem;
        _pool = random.Values(problem.ElementType);
        (QueryPlace, KeyPlace, ValuePlace) = (random.NextPlace(), random.NextPlace(), random.NextPlace());
        ChooseRows();
        List<(Float64Attention Exact, Float64Attention Dense)> parts = [];
        foreach ((int batch, int head, int query) in _rows)
        {
            parts.Add(Reference(batch, head, query));
            _exact.Add(parts[^1].Exact);
        }

        Bound = ErrorBound.Of(problem.ElementType, parts).Output;
    }

    /// <summary>Where the queries begin in the pool.</summary>
    public int QueryPlace { get; }

    /// <summary>Where the keys begin in the pool.</summary>
    public int KeyPlace { get; }

    /// <summary>Where the values begin in the pool.</summary>
    public int ValuePlace { get; }

    /// <summary>Largest error allowed.</summary>
    public double Bound { get; }

    /// <summary>
    /// Largest error of the chosen rows of an output; infinite when any element of it is not finite.
    /// </summary>
    public double MaxError<T>(ReadOnlySpan<T> output)
        where T : unmanaged
    {
        if (!Finite.All(output))
        {
            return double.PositiveInfinity;
        }

        AttentionShape s = _problem.Shape;
        double error = 0;
        for (int r = 0; r < _rows.Count; r++)
        {
            (int batch, int head, int query) = _rows[r];
            for (int d = 0; d < s.ValueHeadDim; d++)
            {
                long at = Offset(batch, s.QueryLength, query, s.QueryHeads, head, s.ValueHeadDim) + d;
                error = Math.Max(error, Math.Abs(Elements.ToDouble(output[(int)at]) - _exact[r].Output[d]));
            }
        }

        return error;
    }

    private void ChooseRows()
    {
        AttentionShape s = _problem.Shape;
        if ((long)s.Batch * s.QueryHeads * s.QueryLength == 0)
        {
            return;
        }

        Random random = new(Seed);
        _rows.Add((0, 0, 0));
        _rows.Add((s.Batch - 1, s.QueryHeads - 1, s.QueryLength - 1));
        while (_rows.Count < LeastRows || _rows.Count * s.ValueHeadDim < LeastOutputs)
        {
            _rows.Add((random.Next(s.Batch), random.Next(s.QueryHeads), random.Next(s.QueryLength)));
        }
    }

    // One query and the keys that it sees, as a problem of its own.
    private (Float64Attention Exact, Float64Attention Dense) Reference(int batch, int head, int query)
    {
        AttentionShape s = _problem.Shape;
        int keys = VisibleKeys(query);
        int keyHead = head / (s.QueryHeads / s.KeyValueHeads);
        double[] q = Read(QueryPlace, batch, s.QueryLength, query, 1, s.QueryHeads, head, s.HeadDim);
        double[] k = Read(KeyPlace, batch, s.KeyLength, 0, keys, s.KeyValueHeads, keyHead, s.HeadDim);
        double[] v = Read(ValuePlace, batch, s.KeyLength, 0, keys, s.KeyValueHeads, keyHead, s.ValueHeadDim);
        AttentionShape alone = new(1, 1, keys, 1, 1, s.HeadDim, s.ValueHeadDim);
        return (Compute(null), Compute(_problem.ElementType));

        Float64Attention Compute(ElementType? rounding) =>
            new Float64Attention(alone, AttentionMask.None, _problem.Scale, rounding).Compute(q, k, v);
    }

    private int VisibleKeys(int query)
    {
        AttentionShape s = _problem.Shape;
        AttentionMask mask = _problem.Options.Mask;
        long last = mask == AttentionMask.None ? s.KeyLength
            : mask == AttentionMask.CausalTopLeft ? query + 1L
            : mask == AttentionMask.Causal ? query + 1L + s.KeyLength - s.QueryLength
            : throw new NotSupportedException($"the float64 check does not know the mask '{mask}'");
        return (int)Math.Clamp(last, 0, s.KeyLength);
    }

    private long Offset(int batch, int length, int position, int heads, int head, int dim) =>
        _problem.Options.Layout == AttentionLayout.Bhsd
            ? ((((long)batch * heads) + head) * length + position) * dim
            : ((((long)batch * length) + position) * heads + head) * dim;

    // Consecutive positions of one head, out of a tensor that was filled from a place of the pool on.
    private double[] Read(
        int place, int batch, int length, int position, int count, int heads, int head, int dim)
    {
        double[] values = new double[count * dim];
        for (int i = 0; i < count; i++)
        {
            int from = (int)((place + Offset(batch, length, position + i, heads, head, dim)) % _pool.Length);
            for (int d = 0; d < dim; d++)
            {
                values[(i * dim) + d] = _pool[from];
                from = from + 1 == _pool.Length ? 0 : from + 1;
            }
        }

        return values;
    }
}
