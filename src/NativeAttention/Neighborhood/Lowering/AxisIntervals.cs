namespace NativeAttention.Neighborhood;

/// <summary>
/// What one axis of a pattern lowers to: for every query the interval of keys that it sees, and for every key
/// the interval of queries that see it. Kernels know nothing else of a pattern.
/// </summary>
/// <remarks>
/// Both bounds never fall from one query to the next. So the keys of a run of queries are one interval, and so
/// are the queries of a key: one sweep finds them for windows, strides, causal axes, cut or shifted edges,
/// blocks and bands alike. On a ring the intervals are unrolled: a bound may lie below 0 or beyond the length,
/// key j stands for key j modulo the length, and query i + L has the interval of query i, moved by the keys'
/// length.
/// </remarks>
internal sealed class AxisIntervals
{
    private AxisIntervals(int[] keyBegin, int[] keyEnd, int keys, bool wraps)
    {
        KeyBegin = keyBegin;
        KeyEnd = keyEnd;
        Keys = keys;
        Wraps = wraps;
        (QueryBegin, QueryEnd) = Invert();
    }

    /// <summary>Number of queries.</summary>
    public int Queries => KeyBegin.Length;

    /// <summary>Number of keys.</summary>
    public int Keys { get; }

    /// <summary>Whether the axis is a ring.</summary>
    public bool Wraps { get; }

    /// <summary>First key of each query.</summary>
    public int[] KeyBegin { get; }

    /// <summary>One past the last key of each query.</summary>
    public int[] KeyEnd { get; }

    /// <summary>First query of each key.</summary>
    public int[] QueryBegin { get; }

    /// <summary>One past the last query of each key.</summary>
    public int[] QueryEnd { get; }

    /// <summary>Pairs of a query and a key that it sees.</summary>
    public long Pairs
    {
        get
        {
            long pairs = 0;
            for (int i = 0; i < KeyBegin.Length; i++)
            {
                pairs += KeyEnd[i] - KeyBegin[i];
            }

            return pairs;
        }
    }

    /// <summary>Makes intervals from a rule.</summary>
    /// <param name="queries">Number of queries.</param>
    /// <param name="keys">Number of keys.</param>
    /// <param name="of">The keys of a query; empty when the end is not beyond the begin.</param>
    /// <param name="wraps">Whether the axis is a ring.</param>
    public static AxisIntervals Create(int queries, int keys, Func<int, (int Begin, int End)> of,
        bool wraps = false)
    {
        int[] begin = new int[queries], end = new int[queries];
        for (int i = 0; i < queries; i++)
        {
            (begin[i], end[i]) = of(i);
        }

        return new AxisIntervals(begin, end, keys, wraps);
    }

    /// <summary>Key intervals and query intervals changed over: the pattern seen from the keys.</summary>
    public AxisIntervals Transposed() => new(this);

    private AxisIntervals(AxisIntervals other)
    {
        KeyBegin = other.QueryBegin;
        KeyEnd = other.QueryEnd;
        QueryBegin = other.KeyBegin;
        QueryEnd = other.KeyEnd;
        Keys = other.Queries;
        Wraps = other.Wraps;
    }

    // Query i sees key j iff KeyBegin[i] <= j < KeyEnd[i]; neither bound falls, so those queries lie between the
    // first whose end is beyond j and the last whose begin is not. Both only move forward with j.
    private (int[] Begin, int[] End) Invert()
    {
        int[] begin = new int[Keys], end = new int[Keys];
        int first = Wraps ? -Queries : 0, last = Wraps ? 2 * Queries : Queries;
        int b = first, e = first;
        for (int j = 0; j < Keys; j++)
        {
            while (b < last && At(KeyEnd, b) <= j)
            {
                b++;
            }

            while (e < last && At(KeyBegin, e) <= j)
            {
                e++;
            }

            begin[j] = b;
            end[j] = Math.Max(b, e);
        }

        return (begin, end);
    }

    // The bound of an unrolled query.
    private int At(int[] bounds, int query)
    {
        int turns = query < 0 ? -1 : query >= Queries ? 1 : 0;
        return bounds[query - (turns * Queries)] + (turns * Keys);
    }
}
