using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Attention of few queries, which is bound by reading K and V: one pass over them serves all rows (queries
/// times heads of the group) of a tile. Per chunk of keys: scores, softmax along each row, and the sum of the
/// values, everything as the caller's memory has it, with nothing transposed or copied.
/// </summary>
/// <remarks>
/// Keys are split between tasks by <see cref="KeySplit"/>. A task leaves the state of its rows (output, m, l)
/// in shared memory, and the last to arrive merges them in the order of the keys: no thread waits for another,
/// and the result is the same whoever computed what. The width is at most the shorter head dim, so that tails
/// are vectors that overlap the one before.
/// </remarks>
internal sealed unsafe class DecodeKernel<T, TWidth, TVector> : CpuKernel<T>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>More rows would push K and V out of the first-level cache between their blocks.</summary>
    private const int MostRows = 32;

    /// <summary>
    /// Bytes of a strip: the distance of prefetching. 4 to 16 KiB are equal, and all blocks of rows find it in
    /// the first-level cache.
    /// </summary>
    private const int StripBytes = 16384;

    private const int MostStripKeys = 64;

    /// <summary>Most floats that wait to be merged: 1 GiB. Larger problems get fewer splits.</summary>
    private const long MostShared = 1L << 28;

    private readonly RowTiles rowTiles;
    private readonly TileSchedule schedule;
    private readonly KeySplit split;
    private readonly DecodePanels panels;
    private readonly int stripKeys;
    private readonly int groups;

    public DecodeKernel(AttentionProblem problem)
        : base(problem)
    {
        AttentionShape shape = problem.Shape;
        int group = shape.QueryHeads / shape.KeyValueHeads;
        int largest = Math.Max(shape.HeadDim, shape.ValueHeadDim);
        rowTiles = new RowTiles(shape.QueryLength, group, MostRows);
        schedule = new TileSchedule(
            shape.QueryLength, shape.KeyLength, problem.Band, rowTiles.Queries, KeySplit.ChunkKeys);
        stripKeys = (int)Math.Clamp(StripBytes / ((long)largest * sizeof(T)), 1, MostStripKeys);
        stripKeys = RoundUp(stripKeys, DecodeProducts<TWidth, TVector>.KeyBlock);
        panels = new DecodePanels(rowTiles.Rows, TWidth.Count, shape.HeadDim, shape.ValueHeadDim,
            WidensStrips ? stripKeys : 0);
        long tiles = (long)shape.Batch * shape.KeyValueHeads * rowTiles.HeadTiles * rowTiles.QueryTiles;
        split = new KeySplit(shape.KeyLength, tiles * StateFloats, MostShared);
        groups = checked((int)tiles);
    }

    public override string Name => $"na_cpu_decode_{ElementName}_{TWidth.Name}";

    public override long Tiles => (long)groups * split.Splits;

    public override int ScratchFloats => panels.Total;

    public override int SharedFloats =>
        split.Splits == 1 ? 0 : checked((int)((long)groups * split.Splits * StateFloats));

    public override int SharedCounters => split.Splits == 1 ? 0 : groups;

    // With one block of rows a 16-bit element is widened once anyway, in a register.
    private bool WidensStrips => typeof(T) != typeof(float) && rowTiles.Rows > TWidth.BlockVectors;

    private int StateFloats => rowTiles.Rows * panels.StateStride;

    public override void Run(long tile, in TensorPointers<T> tensors, float* scratch)
    {
        Task t = Locate(tile, tensors, scratch);
        Prologue(t);
        KeyTileRange range = schedule.KeyTiles(t.QueryTile);
        int end = Math.Min(range.End, (t.Split + 1) * split.Chunks);
        for (int n = Math.Max(range.Begin, t.Split * split.Chunks); n < end; n++)
        {
            Visit(t, n, range.IsFull(n));
        }

        if (split.Splits == 1)
        {
            Epilogue(t, t.States, tensors);
        }
        else if (Interlocked.Increment(ref tensors.Counters[t.Group]) == split.Splits)
        {
            // The increment orders this thread's reads after the others' writes.
            float* first = t.States - ((long)t.Split * StateFloats);
            Merge(t, first);
            Epilogue(t, first, tensors);
        }
    }

    // Splits outside, heads inside: where heads share a token's memory, its pages are touched once.
    private Task Locate(long tile, in TensorPointers<T> tensors, float* scratch)
    {
        AttentionShape shape = Problem.Shape;
        LayoutStrides strides = Problem.Strides;
        (long rest, long queryTile) = Math.DivRem(tile, (long)rowTiles.QueryTiles);
        (rest, long headTile) = Math.DivRem(rest, (long)rowTiles.HeadTiles);
        (rest, long kvHead) = Math.DivRem(rest, (long)shape.KeyValueHeads);
        (long b, long keySplit) = Math.DivRem(rest, (long)split.Splits);
        long group = (((((b * shape.KeyValueHeads) + kvHead) * rowTiles.HeadTiles) + headTile)
            * rowTiles.QueryTiles) + queryTile;
        long firstHead = (kvHead * (shape.QueryHeads / shape.KeyValueHeads)) + (headTile * rowTiles.Heads);
        int firstQuery = (int)queryTile * rowTiles.Queries;
        int heads = rowTiles.HeadsOf((int)headTile);
        int queries = Math.Min(rowTiles.Queries, shape.QueryLength - firstQuery);
        float* shared = tensors.Shared + (((group * split.Splits) + keySplit) * StateFloats);
        return new Task
        {
            Query = tensors.Query + (b * strides.Query.Batch) + (firstHead * strides.Query.Head)
                + (firstQuery * strides.Query.Sequence),
            Key = tensors.Key + (b * strides.Key.Batch) + (kvHead * strides.Key.Head),
            Value = tensors.Value + (b * strides.Value.Batch) + (kvHead * strides.Value.Head),
            Batch = b,
            FirstHead = firstHead,
            FirstQuery = firstQuery,
            Heads = heads,
            Rows = heads * queries,
            QueryTile = (int)queryTile,
            Split = (int)keySplit,
            Group = (int)group,
            Scratch = scratch,
            States = split.Splits == 1 ? scratch + panels.States : shared,
        };
    }

    // Queries times scale * log2(e), packed [block of rows][vector][row][lane]; m = -inf, l = 0, output 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Prologue(in Task t)
    {
        TensorStrides strides = Problem.Strides.Query;
        int dim = Problem.Shape.HeadDim, whole = dim / TWidth.Count * TWidth.Count;
        TVector factor = TWidth.Broadcast(Problem.Scale * Log2E);
        for (int r = 0; r < t.Rows; r++)
        {
            (int i, int h) = Math.DivRem(r, t.Heads);
            T* query = t.Query + (i * strides.Sequence) + (h * strides.Head);
            int inBlock = r % TWidth.BlockVectors, block = r - inBlock;
            int blockRows = Math.Min(TWidth.BlockVectors, t.Rows - block);
            float* packed = t.Scratch + panels.Query + ((nint)block * panels.QueryFloats) + (inBlock * TWidth.Count);
            for (nint d = 0; d < whole; d += TWidth.Count)
            {
                TWidth.Store(TWidth.Multiply(TWidth.Widen(query + d), factor), packed);
                packed += blockRows * TWidth.Count;
            }

            if (whole < dim)
            {
                TWidth.Store(TWidth.Multiply(TWidth.Widen(query + dim - TWidth.Count), factor), packed);
            }

            float* state = t.States + ((nint)r * panels.StateStride);
            new Span<float>(state, panels.OutputFloats).Clear();
            Maximum(state) = float.NegativeInfinity;
            Sum(state) = 0;
        }
    }

    private void Visit(in Task t, int chunk, bool full)
    {
        // The keys of the chunk that some row sees.
        int lastQuery = t.FirstQuery + (t.Rows / t.Heads) - 1;
        long firstKey = (long)chunk * KeySplit.ChunkKeys;
        long first = Math.Max(firstKey, t.FirstQuery + schedule.Band.Left);
        long end = Math.Min(Math.Min(firstKey + KeySplit.ChunkKeys, schedule.KeyLength),
            lastQuery + schedule.Band.Right + 1);
        int keys = (int)(end - first);
        if (keys <= 0)
        {
            return;
        }

        T* k = t.Key + (first * Problem.Strides.Key.Sequence);
        T* v = t.Value + (first * Problem.Strides.Value.Sequence);
        Scores(t, k, keys, v);

        // Here the scores lie as s[row][key], in base 2, for whatever changes a score before the softmax.
        if (!full)
        {
            Mask(t, first, keys);
        }

        Softmax(t, keys);
        Values(t, v, keys, k + (keys * Problem.Strides.Key.Sequence));
    }

    private void Scores(in Task t, T* rows, int keys, T* next)
    {
        nint stride = (nint)Problem.Strides.Key.Sequence;
        float* scores = t.Scratch + panels.Scores;
        for (int key = 0; key < keys; key += stripKeys)
        {
            KeyStrip<T> strip = Strip(rows, stride, key, keys, next);
            if (WidensStrips)
            {
                ScoreBlocks(t, scores + key, Widen(strip, Problem.Shape.HeadDim, t));
            }
            else
            {
                ScoreBlocks(t, scores + key, strip);
            }
        }
    }

    private void Values(in Task t, T* rows, int keys, T* next)
    {
        nint stride = (nint)Problem.Strides.Value.Sequence;
        float* weights = t.Scratch + panels.Scores;
        for (int key = 0; key < keys; key += stripKeys)
        {
            KeyStrip<T> strip = Strip(rows, stride, key, keys, next);
            if (WidensStrips)
            {
                ValueBlocks(t, weights + key, Widen(strip, Problem.Shape.ValueHeadDim, t));
            }
            else
            {
                ValueBlocks(t, weights + key, strip);
            }
        }
    }

    // What is read after the last strip begins at next.
    private KeyStrip<T> Strip(T* rows, nint stride, int key, int keys, T* next)
    {
        T* first = rows + (key * stride);
        int count = Math.Min(stripKeys, keys - key);
        return new KeyStrip<T>(first, stride, count, key + count < keys ? count * stride : (nint)(next - first));
    }

    // The strip as floats in scratch memory, for several blocks of rows.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private KeyStrip<float> Widen(in KeyStrip<T> strip, nint dim, in Task t)
    {
        float* target = t.Scratch + panels.Widened;
        for (nint key = 0; key < strip.Count; key++)
        {
            T* source = strip.Rows + (key * strip.Stride);
            float* row = target + (key * dim);
            nint d = 0;
            for (; d <= dim - TWidth.Count; d += TWidth.Count)
            {
                CachePrefetch.Line(source + d + strip.Ahead);
                TWidth.Store(TWidth.Widen(source + d), row + d);
            }

            if (d < dim)
            {
                TWidth.Store(TWidth.Widen(source + dim - TWidth.Count), row + dim - TWidth.Count);
            }
        }

        return new KeyStrip<float>(target, dim, strip.Count, 0);
    }

    private void ScoreBlocks<TElement>(in Task t, float* scores, KeyStrip<TElement> keys)
        where TElement : unmanaged
    {
        nint dim = Problem.Shape.HeadDim, stride = panels.ScoreStride;
        for (int row = 0; row < t.Rows; row += TWidth.BlockVectors)
        {
            float* q = t.Scratch + panels.Query + ((nint)row * panels.QueryFloats);
            float* s = scores + (row * stride);
            switch (Math.Min(TWidth.BlockVectors, t.Rows - row))
            {
                case 1: DecodeProducts<TWidth, TVector>.Scores<TElement, OneRow>(s, stride, q, keys, dim); break;
                case 2: DecodeProducts<TWidth, TVector>.Scores<TElement, TwoRows>(s, stride, q, keys, dim); break;
                case 3: DecodeProducts<TWidth, TVector>.Scores<TElement, ThreeRows>(s, stride, q, keys, dim); break;
                default: DecodeProducts<TWidth, TVector>.Scores<TElement, FourRows>(s, stride, q, keys, dim); break;
            }
        }
    }

    private void ValueBlocks<TElement>(in Task t, float* weights, KeyStrip<TElement> values)
        where TElement : unmanaged
    {
        for (int row = 0; row < t.Rows; row += TWidth.BlockVectors)
        {
            float* o = t.States + ((nint)row * panels.StateStride);
            float* p = weights + ((nint)row * panels.ScoreStride);
            switch (Math.Min(TWidth.BlockVectors, t.Rows - row))
            {
                case 1: ValueBlocks<TElement, OneRow>(o, p, values); break;
                case 2: ValueBlocks<TElement, TwoRows>(o, p, values); break;
                case 3: ValueBlocks<TElement, ThreeRows>(o, p, values); break;
                default: ValueBlocks<TElement, FourRows>(o, p, values); break;
            }
        }
    }

    // Blocks of 4 vectors, 2 and 1; the last vector may overlap in V, though not in the output.
    private void ValueBlocks<TElement, TRows>(float* output, float* weights, in KeyStrip<TElement> values)
        where TElement : unmanaged
        where TRows : struct, IRowCount
    {
        nint dim = Problem.Shape.ValueHeadDim, d = 0;
        for (; d <= dim - (4 * TWidth.Count); d += 4 * TWidth.Count)
        {
            ValueBlock<TElement, TRows, RowBlock4<TWidth, TVector>>(output + d, weights, values.From(d));
        }

        for (; d <= dim - (2 * TWidth.Count); d += 2 * TWidth.Count)
        {
            ValueBlock<TElement, TRows, RowBlock2<TWidth, TVector>>(output + d, weights, values.From(d));
        }

        for (; d < dim; d += TWidth.Count)
        {
            ValueBlock<TElement, TRows, RowBlock1<TWidth, TVector>>(
                output + d, weights, values.From(Math.Min(d, dim - TWidth.Count)));
        }
    }

    private void ValueBlock<TElement, TRows, TBlock>(float* output, float* weights, KeyStrip<TElement> values)
        where TElement : unmanaged
        where TRows : struct, IRowCount
        where TBlock : struct, IRowBlock<TBlock, TVector> =>
        DecodeProducts<TWidth, TVector>.Values<TElement, TRows, TBlock>(
            output, panels.StateStride, weights, panels.ScoreStride, values);

    // Hides what is outside the band of each row.
    private void Mask(in Task t, long first, int keys)
    {
        for (int r = 0; r < t.Rows; r++)
        {
            long query = t.FirstQuery + (r / t.Heads);
            Span<float> row = new(t.Scratch + panels.Scores + ((nint)r * panels.ScoreStride), keys);
            int begin = (int)Math.Clamp(query + schedule.Band.Left - first, 0, keys);
            int end = (int)Math.Clamp(query + schedule.Band.Right + 1 - first, begin, keys);
            row[..begin].Fill(float.NegativeInfinity);
            row[end..].Fill(float.NegativeInfinity);
        }
    }

    private void Softmax(in Task t, int keys)
    {
        int padded = RoundUp(keys, TWidth.Count);
        for (int r = 0; r < t.Rows; r++)
        {
            float* scores = t.Scratch + panels.Scores + ((nint)r * panels.ScoreStride);
            float* state = t.States + ((nint)r * panels.StateStride);
            new Span<float>(scores + keys, padded - keys).Fill(float.NegativeInfinity);
            float alpha = RowSoftmax<TWidth, TVector>.Update(scores, padded, ref Maximum(state), ref Sum(state));
            if (alpha != 1)
            {
                PartialMerge<TWidth, TVector>.Scale(state, alpha, panels.OutputFloats);
            }
        }
    }

    private void Merge(in Task t, float* first)
    {
        for (int r = 0; r < t.Rows; r++)
        {
            float* state = first + ((nint)r * panels.StateStride);
            PartialMerge<TWidth, TVector>.IntoFirst(state, (float*)Unsafe.AsPointer(ref Maximum(state)),
                (float*)Unsafe.AsPointer(ref Sum(state)), StateFloats, split.Splits, panels.OutputFloats);
        }
    }

    // o[d] = accumulated / l, or 0 where nothing was visible.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Epilogue(in Task t, float* states, in TensorPointers<T> tensors)
    {
        AttentionShape shape = Problem.Shape;
        TensorStrides strides = Problem.Strides.Output;
        int dim = shape.ValueHeadDim;
        Span<float> row = new(t.Scratch + panels.Row, dim);
        for (int r = 0; r < t.Rows; r++)
        {
            (int i, int h) = Math.DivRem(r, t.Heads);
            long head = t.FirstHead + h, query = t.FirstQuery + i;
            float* state = states + ((nint)r * panels.StateStride);
            TVector inverse = TWidth.Broadcast(Sum(state) == 0 ? 0 : 1 / Sum(state));
            for (nint d = 0; d < dim; d += TWidth.Count)
            {
                TWidth.Store(TWidth.Multiply(TWidth.Load(state + d), inverse),
                    t.Scratch + panels.Row + Math.Min(d, dim - TWidth.Count));
            }

            T* output = tensors.Output + (t.Batch * strides.Batch) + (head * strides.Head)
                + (query * strides.Sequence);
            ElementConvert.Narrow(row, new Span<T>(output, dim));
            if (tensors.Lse != null)
            {
                tensors.Lse[(((t.Batch * shape.QueryHeads) + head) * shape.QueryLength) + query] =
                    LogSumExp(Maximum(state), Sum(state));
            }
        }
    }

    private ref float Maximum(float* state) => ref state[panels.OutputFloats];

    private ref float Sum(float* state) => ref state[panels.OutputFloats + 1];

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    // One split of the keys for one tile of rows.
    private ref struct Task
    {
        public T* Query;
        public T* Key;
        public T* Value;
        public float* Scratch;
        public float* States;
        public long Batch;
        public long FirstHead;
        public int FirstQuery;
        public int Heads;
        public int Rows;
        public int QueryTile;
        public int Split;
        public int Group;
    }
}
