using NativeAttention.Cpu.Maps;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cpu.Backward;

/// <summary>
/// The lowest rung of backward: one key or one query at a time, and one pair after another, in plain scalar float32
/// arithmetic.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed unsafe class ReferenceBackward<T> : BackwardKernel<T>
    where T : unmanaged
{
    private readonly BackwardTiles tiles;

    public ReferenceBackward(MapProblem problem)
        : base(problem)
    {
        tiles = new BackwardTiles(problem, _ => new Extents(1, 1, 1));
        Phases = [ExtraUnits + tiles.Keys.Count + tiles.Queries.Count + (problem.HasBias ? problem.QueryHeads : 0)];
    }

    public override string Name => $"na_cpu_backward_reference_{KernelNames.Element<T>()}";

    // A unit is an extra key, a key, a query, or the bias of a head.
    public override long[] Phases { get; }

    public override int ScratchFloats => checked(Problem.HeadDim + Problem.ValueHeadDim);

    private long ExtraUnits => tiles.ExtraTiles(1);

    public override void Run(int phase, long unit, in BackwardPointers<T> tensors, float* scratch)
    {
        new Span<float>(scratch, ScratchFloats).Clear();
        if (unit < ExtraUnits)
        {
            RunExtraKey(tiles.Extra(unit, 1), tensors, scratch);
            return;
        }

        unit -= ExtraUnits;
        if (unit < tiles.Keys.Count)
        {
            RunKey(tiles.Keys.Locate(unit), tensors, scratch);
            return;
        }

        unit -= tiles.Keys.Count;
        if (unit < tiles.Queries.Count)
        {
            RunQuery(tiles.Queries.Locate(unit), tensors, scratch);
            return;
        }

        RunBias((int)(unit - tiles.Queries.Count), tensors);
    }

    private void RunExtraKey(in ExtraTile extra, in BackwardPointers<T> tensors, float* sums)
    {
        SideVectors<T> keys = Extra(tensors.ExtraKey, tensors.ExtraValue, extra.Sample, extra.Head);
        for (int head = extra.Head * Problem.Group; head < (extra.Head + 1) * Problem.Group; head++)
        {
            SideVectors<T> queries = Queries(tensors, extra.Batch, head);
            for (long query = extra.FirstQuery; query < extra.FirstQuery + extra.Queries; query++)
            {
                Pair pair = Of(tensors, extra.Batch, head, queries, query, keys, extra.First, 0);
                AddToKey(pair, queries, query, sums);
            }
        }

        SideVectors<T> gradients =
            Extra(tensors.ExtraKeyGradient, tensors.ExtraValueGradient, extra.Sample, extra.Head);
        WriteKey(gradients, extra.First, sums);
    }

    private void RunKey(in QueryBox box, in BackwardPointers<T> tensors, float* sums)
    {
        SideVectors<T> keys = Keys(tensors.Key, tensors.Value, box.Batch, box.Head);
        long key = TokenOf(box);
        for (int head = box.Head * Problem.Group; head < (box.Head + 1) * Problem.Group; head++)
        {
            SideVectors<T> queries = Queries(tensors, box.Batch, head);
            float* bias = BiasOf(tensors.RelativeBias, head);
            for (KeyWalk walk = new(box); walk.MoveNext();) // of queries: the section's roles are changed over
            {
                float added = bias == null ? 0 : bias[Entry(box, -walk.DeltaZ, -walk.DeltaY, -walk.DeltaX)];
                Pair pair = Of(tensors, box.Batch, head, queries, walk.Token, keys, key, added);
                AddToKey(pair, queries, walk.Token, sums);
            }
        }

        WriteKey(Keys(tensors.KeyGradient, tensors.ValueGradient, box.Batch, box.Head), key, sums);
    }

    private void RunQuery(in QueryBox box, in BackwardPointers<T> tensors, float* sum)
    {
        int head = box.Head / Problem.Group;
        SideVectors<T> queries = Queries(tensors, box.Batch, box.Head);
        SideVectors<T> keys = Keys(tensors.Key, tensors.Value, box.Batch, head);
        SideVectors<T> extra = Extra(tensors.ExtraKey, tensors.ExtraValue, box.Batch + box.Section.Sample, head);
        float* bias = BiasOf(tensors.RelativeBias, box.Head);
        long query = TokenOf(box);
        for (KeyWalk walk = new(box); walk.MoveNext();)
        {
            float added = bias == null ? 0 : bias[Entry(box, walk.DeltaZ, walk.DeltaY, walk.DeltaX)];
            Pair pair = Of(tensors, box.Batch, box.Head, queries, query, keys, walk.Token, added);
            Add(Problem.Scale * pair.Slope, keys.First + (walk.Token * keys.FirstStride), Problem.HeadDim, sum);
        }

        for (int n = 0; n < Problem.ExtraKeys; n++)
        {
            Pair pair = Of(tensors, box.Batch, box.Head, queries, query, extra, n, 0);
            Add(Problem.Scale * pair.Slope, extra.First + (n * extra.FirstStride), Problem.HeadDim, sum);
        }

        T* gradient = tensors.QueryGradient + At(Problem.Strides.Query, box.Batch, box.Head);
        Write(sum, Problem.HeadDim, gradient + (query * Problem.Strides.Query.Sequence));
    }

    private void RunBias(int head, in BackwardPointers<T> tensors)
    {
        float* bias = BiasOf(tensors.RelativeBias, head), sums = BiasOf(tensors.RelativeBiasGradient, head);
        new Span<float>(sums, (int)Problem.BiasEntries).Clear();
        for (long n = 0; n < tiles.Queries.OfHead(head); n++)
        {
            QueryBox box = tiles.Queries.Locate(tiles.Queries.Number(head, n));
            SideVectors<T> queries = Queries(tensors, box.Batch, head);
            SideVectors<T> keys = Keys(tensors.Key, tensors.Value, box.Batch, head / Problem.Group);
            for (KeyWalk walk = new(box); walk.MoveNext();)
            {
                long entry = Entry(box, walk.DeltaZ, walk.DeltaY, walk.DeltaX);
                sums[entry] += Of(
                    tensors, box.Batch, head, queries, TokenOf(box), keys, walk.Token, bias[entry]).Slope;
            }
        }
    }

    // p = exp(s - lse) and ds = p (dO . v - delta), where delta = dO . O - dLSE.
    private Pair Of(in BackwardPointers<T> tensors, long batch, int head, in SideVectors<T> queries, long query,
        in SideVectors<T> keys, long key, float bias)
    {
        long at = Problem.LseOffset(batch, query, head);
        float lse = tensors.Lse[at];
        if (float.IsNegativeInfinity(lse))
        {
            return default; // the query saw nothing
        }

        T* slope = queries.Second + (query * queries.SecondStride);
        T* output = tensors.Output + At(Problem.Strides.Output, batch, head)
            + (query * Problem.Strides.Output.Sequence);
        float score = (Problem.Scale * Dot(queries.First + (query * queries.FirstStride),
            keys.First + (key * keys.FirstStride), Problem.HeadDim)) + bias;
        float delta = Dot(slope, output, Problem.ValueHeadDim)
            - (tensors.LseGradient == null ? 0 : tensors.LseGradient[at]);
        float p = MathF.Exp(MathF.Min(score - lse, 0)); // above 0 by rounding only
        return new Pair(p, p * (Dot(slope, keys.Second + (key * keys.SecondStride), Problem.ValueHeadDim) - delta));
    }

    private void AddToKey(Pair pair, in SideVectors<T> queries, long query, float* sums)
    {
        Add(Problem.Scale * pair.Slope, queries.First + (query * queries.FirstStride), Problem.HeadDim, sums);
        Add(pair.Probability, queries.Second + (query * queries.SecondStride), Problem.ValueHeadDim,
            sums + Problem.HeadDim);
    }

    private void WriteKey(in SideVectors<T> gradients, long key, float* sums)
    {
        Write(sums, Problem.HeadDim, gradients.First + (key * gradients.FirstStride));
        Write(sums + Problem.HeadDim, Problem.ValueHeadDim, gradients.Second + (key * gradients.SecondStride));
    }

    private static long Entry(in QueryBox box, int z, int y, int x) => new RelativeBias(box.Map.Windows).Index(z, y, x);

    private static long TokenOf(in QueryBox box)
    {
        BoxRuns runs = box.Queries;
        runs.MoveNext();
        return runs.Token;
    }

    private static float Dot(T* a, T* b, int length)
    {
        float dot = 0;
        for (int d = 0; d < length; d++)
        {
            dot += WidthScalar.Widen(a + d) * WidthScalar.Widen(b + d);
        }

        return dot;
    }

    private static void Add(float factor, T* vector, int length, float* sum)
    {
        for (int d = 0; d < length; d++)
        {
            sum[d] += factor * WidthScalar.Widen(vector + d);
        }
    }

    private static void Write(float* sum, int length, T* row) =>
        ElementConvert.Narrow(new ReadOnlySpan<float>(sum, length), new Span<T>(row, length));

    private readonly record struct Pair(float Probability, float Slope);
}
