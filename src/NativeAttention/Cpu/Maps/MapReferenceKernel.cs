using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Maps;

/// <summary>
/// The lowest rung: one query at a time, two passes over the keys that it sees, plain scalar float32 arithmetic.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed unsafe class MapReferenceKernel<T>(MapProblem problem) : MapKernel<T>(problem)
    where T : unmanaged
{
    private readonly MapTiles tiles = new(problem, _ => new Extents(1, 1, 1));
    private readonly int mostKeys = checked((int)MostKeys(problem));

    public override string Name => $"na_cpu_map_reference_{KernelNames.Element<T>()}";

    // A tile is a query.
    public override long Tiles => tiles.Count;

    public override int ScratchFloats => checked(mostKeys + Problem.HeadDim + Problem.ValueHeadDim
        + Math.Max(Problem.HeadDim, Problem.ValueHeadDim));

    /// <summary>Most keys that a query of a problem sees.</summary>
    public static long MostKeys(MapProblem problem) => problem.ExtraKeys + problem.Maps.Max(map =>
        map.Sections.Max(section => section.Axes.Aggregate(1L, (product, axis) => product * Longest(axis))));

    public override void Run(long tile, in MapPointers<T> tensors, float* scratch)
    {
        QueryBox box = tiles.Locate(tile);
        BoxTensors<T> t = new(Problem, tensors, box);
        BoxRuns query = box.Queries;
        query.MoveNext();
        Row row = new(Problem, scratch, mostKeys);
        TokenRows<T>.Read(t.Query + (query.Token * Problem.Strides.Query.Sequence), 0, 1, Problem.HeadDim, row.Query);

        float max = Scores(row, box, t);
        float sum = Accumulate(row, box, t, max);
        for (int d = 0; d < Problem.ValueHeadDim; d++)
        {
            row.Output[d] = sum == 0 ? 0 : row.Output[d] / sum;
        }

        TokenRows<T>.Scatter(row.Output, Problem.ValueHeadDim, box.Queries, t.Output, Problem.Strides.Output.Sequence);
        if (t.Lse != null)
        {
            t.Lse[query.Token * Problem.LseStrides.Sequence] = LogSumExp.FromBase2(max * LogSumExp.Log2E, sum);
        }
    }

    // s[n] = scale q . k[n] + bias, for every key of the query and then for the extra ones; returns the largest.
    private float Scores(in Row row, in QueryBox box, in BoxTensors<T> t)
    {
        float max = float.NegativeInfinity;
        int keys = 0;
        for (KeyWalk walk = new(box); walk.MoveNext();)
        {
            float score = Problem.Scale * Dot(row, t.Key + (walk.Token * Problem.Strides.Key.Sequence));
            if (t.Bias != null)
            {
                score += t.Bias[new RelativeBias(box.Map.Windows).Index(walk.DeltaZ, walk.DeltaY, walk.DeltaX)];
            }

            row.Scores[keys++] = score;
            max = MathF.Max(max, score); // carries NaN
        }

        for (int n = 0; n < Problem.ExtraKeys; n++)
        {
            float score = Problem.Scale * Dot(row, t.ExtraKey + ((long)n * Problem.KeyValueHeads * Problem.HeadDim));
            row.Scores[keys++] = score;
            max = MathF.Max(max, score);
        }

        return max;
    }

    // o = sum_n exp(s[n] - max) v[n]; returns the sum of the exponentials.
    private float Accumulate(in Row row, in QueryBox box, in BoxTensors<T> t, float max)
    {
        new Span<float>(row.Output, Problem.ValueHeadDim).Clear();
        if (float.IsNegativeInfinity(max))
        {
            return 0;
        }

        float sum = 0;
        int key = 0;
        for (KeyWalk walk = new(box); walk.MoveNext();)
        {
            sum += Add(row, MathF.Exp(row.Scores[key++] - max), t.Value + (walk.Token * Problem.Strides.Value.Sequence));
        }

        for (int n = 0; n < Problem.ExtraKeys; n++)
        {
            sum += Add(row, MathF.Exp(row.Scores[key++] - max),
                t.ExtraValue + ((long)n * Problem.KeyValueHeads * Problem.ValueHeadDim));
        }

        return sum;
    }

    private float Dot(in Row row, T* key)
    {
        TokenRows<T>.Read(key, 0, 1, Problem.HeadDim, row.Vector);
        float dot = 0;
        for (int d = 0; d < Problem.HeadDim; d++)
        {
            dot += row.Query[d] * row.Vector[d];
        }

        return dot;
    }

    private float Add(in Row row, float p, T* value)
    {
        TokenRows<T>.Read(value, 0, 1, Problem.ValueHeadDim, row.Vector);
        for (int d = 0; d < Problem.ValueHeadDim; d++)
        {
            row.Output[d] += p * row.Vector[d];
        }

        return p;
    }

    private static int Longest(AxisIntervals axis)
    {
        int longest = 0;
        for (int i = 0; i < axis.Queries; i++)
        {
            longest = Math.Max(longest, axis.KeyEnd[i] - axis.KeyBegin[i]);
        }

        return longest;
    }

    // The keys that one query sees.
    private ref struct KeyWalk
    {
        private readonly QueryBox box;
        private readonly AxisTiles zs;
        private readonly AxisTiles ys;
        private readonly AxisTiles xs;
        private int z;
        private int y;
        private int x;

        public KeyWalk(in QueryBox box)
        {
            this.box = box;
            (zs, ys, xs) = (box.Keys(0), box.Keys(1), box.Keys(2));
            (z, y, x) = (zs.KeyBegin, ys.KeyBegin, xs.KeyBegin - 1);
        }

        public readonly int DeltaZ => z - box.First.Z;

        public readonly int DeltaY => y - box.First.Y;

        public readonly int DeltaX => x - box.First.X;

        public readonly long Token => box.Section.KeyTokens.At(BoxRuns.Within(z, box.Section.Keys.Z),
            BoxRuns.Within(y, box.Section.Keys.Y), BoxRuns.Within(x, box.Section.Keys.X));

        public bool MoveNext()
        {
            do
            {
                if (++x >= xs.KeyEnd)
                {
                    x = xs.KeyBegin;
                    if (++y >= ys.KeyEnd)
                    {
                        y = ys.KeyBegin;
                        z++;
                    }
                }

                if (z >= zs.KeyEnd || ys.KeyEnd <= ys.KeyBegin || xs.KeyEnd <= xs.KeyBegin)
                {
                    return false;
                }
            }
            while (box.Map.MostDistance is int most
                && Square(DeltaZ) + Square(DeltaY) + Square(DeltaX) > most);
            return true;
        }

        private static long Square(int x) => (long)x * x;
    }

    // The scratch memory of one query, cut up.
    private readonly ref struct Row(MapProblem problem, float* scratch, int keys)
    {
        public float* Scores { get; } = scratch;

        public float* Query { get; } = scratch + keys;

        public float* Output { get; } = scratch + keys + problem.HeadDim;

        public float* Vector { get; } = scratch + keys + problem.HeadDim + problem.ValueHeadDim;
    }
}
