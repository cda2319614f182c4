using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Cpu;

/// <summary>
/// Attention of few queries, which is bound by reading K and V: one pass over them serves all rows (queries
/// times heads of the group) of a tile. Per chunk of keys: scores, softmax along each row, and the sum of
/// the values, everything as the caller's memory has it, with nothing transposed or copied.
/// </summary>
/// <remarks>
/// Keys are split between tiles by <see cref="KeySplit"/>. A tile leaves the state of its rows (output, m,
/// l) in shared memory, and the last to arrive merges them in the order of the keys: no thread waits for
/// another, and the result is the same whoever computed what. The width is at most the shorter head dim, so
/// that tails are vectors that overlap the one before.
/// </remarks>
internal sealed unsafe class DecodeKernel<T, TWidth, TVector> : CpuKernel<T>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>More rows would push K and V out of the first-level cache between their blocks.</summary>
    private const int MostRows = 32;

    /// <summary>Tiles for each processor below which heads are rather tiles of their own.</summary>
    private const int LeastTiles = 4;

    /// <summary>Most floats that wait to be merged: 1 GiB. Larger problems get fewer splits.</summary>
    private const long MostShared = 1L << 28;

    private readonly RowTiles rowTiles;
    private readonly TileSchedule schedule;
    private readonly bool modified;
    private readonly float queryUnit;
    private readonly KeySplit split;
    private readonly DecodePanels panels;
    private readonly StripLengths keyLengths;
    private readonly StripLengths valueLengths;
    private readonly int tileHeads;

    public DecodeKernel(AttentionProblem problem)
        : base(problem)
    {
        AttentionShape shape = problem.Shape;
        int group = shape.QueryHeads / shape.KeyValueHeads;
        modified = !problem.IsPlain;
        queryUnit = QueryUnit(problem);
        rowTiles = new RowTiles(shape.QueryLength, group, MostRows);
        schedule = new TileSchedule(
            shape.QueryLength, shape.KeyLength, problem.Band, rowTiles.Queries, KeySplit.ChunkKeys);
        int stateStride = DecodePanels.StateStrideOf(shape.ValueHeadDim, PairedElements<T, TWidth, TVector>.Span);
        long rows = (long)shape.Batch * shape.KeyValueHeads * rowTiles.Tiles * rowTiles.Rows;
        split = new KeySplit(shape.KeyLength, rows * stateStride, MostShared);
        tileHeads = HeadsInterleaved(problem.Strides)
            ? Math.Min(shape.KeyValueHeads, MostRows / rowTiles.Rows)
            : 1;
        while (tileHeads > 1 && Tiles < LeastTiles * Environment.ProcessorCount)
        {
            tileHeads = (tileHeads + 1) / 2;
        }

        long keyBytes = Math.Max(problem.Strides.Key.Sequence, problem.Strides.Value.Sequence) * sizeof(T);
        int streamKeys = StripLengths.KeysOfStream(keyBytes);
        keyLengths = new StripLengths(streamKeys, shape.HeadDim, sizeof(T), tileHeads);
        valueLengths = new StripLengths(streamKeys, shape.ValueHeadDim, sizeof(T), tileHeads);
        int stripRows = KeyStreams.MostStreams * tileHeads * Math.Max(keyLengths.Steps, valueLengths.Steps);
        panels = new DecodePanels(rowTiles.Rows, PairedElements<T, TWidth, TVector>.Span, shape.HeadDim,
            shape.ValueHeadDim, MayWidenStrips ? stripRows : 0);
    }

    public override string Name => $"na_cpu_decode_{ElementName}_{TWidth.Name}";

    public override long Tiles => Groups * split.Splits;

    public override int ScratchFloats => checked(panels.Heads + (tileHeads * panels.HeadFloats));

    public override int SharedFloats =>
        split.Splits == 1 ? 0 : checked((int)(Tiles * tileHeads * panels.StateFloats));

    public override int SharedCounters => split.Splits == 1 ? 0 : checked((int)Groups);

    // Tiles along the key/value heads.
    private int HeadTiles => (Problem.Shape.KeyValueHeads + tileHeads - 1) / tileHeads;

    // Tiles that differ in their keys alone: their results are merged.
    private long Groups => (long)Problem.Shape.Batch * HeadTiles * rowTiles.Tiles;

    // With one block of rows a 16-bit element is widened once anyway, in a register.
    private bool WidensStrips => typeof(T) != typeof(float) && rowTiles.Rows > TWidth.BlockVectors;

    private bool MayWidenStrips => WidensStrips || Overlaps || PairedElements<T, TWidth, TVector>.MayBeLarger;

    private bool Overlaps => Problem.Shape.HeadDim % PairedElements<T, TWidth, TVector>.Span != 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(long tile, in TensorPointers<T> tensors, float* scratch)
    {
        Tile t = Locate(tile, tensors, scratch);
        if (t.Rows <= 0)
        {
            return; // a sequence with fewer queries than others
        }

        for (int head = 0; head < t.KeyValueHeads; head++)
        {
            Prologue(t, head, tensors);
        }

        int begin = t.Split * split.Chunks, end = begin + split.Chunks;
        for (KeyTileWalk walk = t.Schedule.Walk(t.QueryTile); !walk.IsDone;)
        {
            KeyTileVisit visit = walk.Take();
            if (visit.Tile >= begin && visit.Tile < end)
            {
                Visit(t, visit, tensors);
            }
        }

        for (int head = 0; split.Splits > 1 && head < t.KeyValueHeads; head++)
        {
            long bytes = panels.StateFloats * sizeof(float);
            Buffer.MemoryCopy(States(t, head), SharedStates(t, head, t.Split), bytes, bytes);
        }

        // The increment orders the last thread's reads after the others' writes.
        if (split.Splits == 1 || Interlocked.Increment(ref tensors.Counters[t.Group]) == split.Splits)
        {
            for (int head = 0; head < t.KeyValueHeads; head++)
            {
                Epilogue(t, head, tensors);
            }
        }
    }

    // Splits outside, heads inside: where heads share a token's memory, its pages are touched once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Tile Locate(long tile, in TensorPointers<T> tensors, float* scratch)
    {
        AttentionShape shape = Problem.Shape;
        LayoutStrides strides = Problem.Strides;
        (long rest, long queryTile) = Math.DivRem(tile, (long)rowTiles.QueryTiles);
        (rest, long rowHeadTile) = Math.DivRem(rest, (long)rowTiles.HeadTiles);
        (rest, long headTile) = Math.DivRem(rest, (long)HeadTiles);
        (long b, long keySplit) = Math.DivRem(rest, (long)split.Splits);
        long group = (((((b * HeadTiles) + headTile) * rowTiles.HeadTiles) + rowHeadTile)
            * rowTiles.QueryTiles) + queryTile;
        int kvHead = (int)headTile * tileHeads;
        int firstHead = (kvHead * rowTiles.Group) + ((int)rowHeadTile * rowTiles.Heads);
        int firstQuery = (int)queryTile * rowTiles.Queries;
        int heads = rowTiles.HeadsOf((int)rowHeadTile);
        float* states = tensors.Shared + (group * split.Splits * tileHeads * panels.StateFloats);
        SequenceBounds sequence = tensors.Sequence(shape, b);
        return new Tile
        {
            Query = tensors.Query + At(strides.Query, b, sequence.QueryBegin + firstQuery, firstHead),
            Key = tensors.Key + At(strides.Key, b, sequence.KeyBegin, kvHead),
            Value = tensors.Value + At(strides.Value, b, sequence.KeyBegin, kvHead),
            Sequence = sequence,
            Schedule = modified ? schedule.Of(Problem, sequence) : schedule,
            Scratch = scratch,
            Panels = scratch + panels.Heads,
            SharedStates = states,
            Batch = b,
            FirstHead = firstHead,
            FirstQuery = firstQuery,
            Heads = heads,
            Rows = heads * Math.Min(rowTiles.Queries, sequence.QueryLength - firstQuery),
            KeyValueHeads = Math.Min(tileHeads, shape.KeyValueHeads - kvHead),
            QueryTile = (int)queryTile,
            Split = (int)keySplit,
            Group = (int)group,
        };
    }

    // The states of one head in this split, which are the thread's own: what the processor prefetches for
    // writing, beyond the end of what it writes again and again, would be taken from another thread.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float* States(in Tile t, int head) => Panels(t, head) + panels.States;

    // Where they wait to be merged.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float* SharedStates(in Tile t, int head, int keySplit) =>
        t.SharedStates + (((nint)(keySplit * tileHeads) + head) * panels.StateFloats);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float* Panels(in Tile t, int head) => t.Panels + ((nint)head * panels.HeadFloats);

    // What queries are multiplied by, so that products with elements divided by their unit are not subnormal
    // numbers, which cost some processors a hundred cycles each: 2^48, unless it might make the largest Half
    // overflow.
    private static float QueryUnit(AttentionProblem problem)
    {
        const float Most = 1L << 60;
        return PairedElements<T, TWidth, TVector>.Unit == 1 || MathF.Abs(problem.Scale * Log2E) > Most
            || problem.Options.Operands.QueryTemperature is not null ? 1 : 1L << 48;
    }

    // Queries times scale * log2(e), packed [block of rows][vector][row][lane]; m = -inf, l = 0, output 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Prologue(in Tile t, int kvHead, in TensorPointers<T> tensors)
    {
        TensorStrides strides = Problem.Strides.Query;
        T* queries = t.Query + ((nint)kvHead * rowTiles.Group * strides.Head);
        TVector unit = TWidth.Broadcast(PairedElements<T, TWidth, TVector>.Unit);
        for (int r = 0; r < t.Rows; r++)
        {
            (int i, int h) = Math.DivRem(r, t.Heads);
            float temperature = modified ? Modifiers(t, kvHead, r, tensors).Temperature : 1;
            TVector factor = TWidth.Broadcast(Problem.Scale * Log2E * temperature * queryUnit);
            int inBlock = r % TWidth.BlockVectors, block = r - inBlock;
            nint stride = Math.Min(TWidth.BlockVectors, t.Rows - block) * TWidth.Count;
            float* packed = Panels(t, kvHead) + ((nint)block * panels.QueryFloats) + (inBlock * TWidth.Count);
            PairedElements<T, TWidth, TVector>.WidenRow(queries + (i * strides.Sequence) + (h * strides.Head), Problem.Shape.HeadDim,
                once: true, packed, stride, ahead: 0);
            for (int vector = 0; vector < panels.QueryFloats / TWidth.Count; vector++)
            {
                TWidth.Store(TWidth.Multiply(TWidth.Multiply(TWidth.Load(packed), unit), factor), packed);
                packed += stride;
            }

            float* state = States(t, kvHead) + ((nint)r * panels.StateStride);
            new Span<float>(state, panels.OutputFloats).Clear();
            Maximum(state) = float.NegativeInfinity;
            Sum(state) = 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Visit(in Tile t, KeyTileVisit visit, in TensorPointers<T> tensors)
    {
        // The keys of the chunk that some row sees, or all of them where the prefix is.
        int lastQuery = t.FirstQuery + (t.Rows / t.Heads) - 1;
        long first = (long)visit.Tile * KeySplit.ChunkKeys;
        long end = Math.Min(first + KeySplit.ChunkKeys, t.Schedule.KeyLength);
        if (first >= t.Schedule.PrefixKeys)
        {
            first = Math.Max(first, t.FirstQuery + t.Schedule.Band.Left);
            end = Math.Min(end, lastQuery + t.Schedule.Band.Right + 1);
        }

        int keys = (int)(end - first);
        if (keys <= 0)
        {
            return;
        }

        TensorStrides keyStrides = Problem.Strides.Key, valueStrides = Problem.Strides.Value;
        T* k = t.Key + (first * keyStrides.Sequence), v = t.Value + (first * valueStrides.Sequence);
        if (!ScoreStrips(t, k, v, keys, WidensStrips))
        {
            ScoreStrips(t, k, v, keys, widen: true);
        }

        for (int head = 0; head < t.KeyValueHeads; head++)
        {
            Weigh(t, head, visit, first, keys, tensors);
        }

        T* next = k + (keys * keyStrides.Sequence);
        for (ReadStrips<T> s = new(v, valueStrides, keys, t.KeyValueHeads, valueLengths, next); s.MoveNext();)
        {
            if (WidensStrips)
            {
                ValueBlocks(
                    t, s.FirstScore, Widen(s.Current, Problem.Shape.ValueHeadDim, false, t), panels.OutputFloats);
            }
            else
            {
                ValueBlocks(t, s.FirstScore, s.Current, Problem.Shape.ValueHeadDim);
            }
        }
    }

    // The scores of a chunk; false where they must be computed again from widened strips.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool ScoreStrips(in Tile t, T* k, T* next, int keys, bool widen)
    {
        nint dim = Problem.Shape.HeadDim;
        bool read = true;
        for (ReadStrips<T> s = new(k, Problem.Strides.Key, keys, t.KeyValueHeads, keyLengths, next); s.MoveNext();)
        {
            if (widen)
            {
                ScoreBlocks(t, s.FirstScore, Widen(s.Current, dim, true, t), panels.QueryFloats);
            }
            else
            {
                read &= ScoreBlocks(t, s.FirstScore, s.Current, dim);
            }
        }

        for (int head = 0; Overlaps && !widen && read && head < t.KeyValueHeads; head++)
        {
            read = AreNumbers(t, head, keys);
        }

        return read;
    }

    // An infinite element that two spans have makes NaN of the zeros that the query has in the second.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool AreNumbers(in Tile t, int head, int keys)
    {
        float sum = 0;
        for (int r = 0; r < t.Rows; r++)
        {
            sum += DecodeProducts<TWidth, TVector>.SumOfZeros(ScoreRow(t, head, r), keys);
        }

        return sum == 0;
    }

    // What becomes of the scores of a chunk before they weigh the values.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Weigh(in Tile t, int head, KeyTileVisit visit, long first, int keys, in TensorPointers<T> tensors)
    {
        Scale(t, head, keys, PairedElements<T, TWidth, TVector>.Unit / queryUnit);
        for (int r = 0; (modified || !visit.Full) && r < t.Rows; r++)
        {
            float* scores = ScoreRow(t, head, r), ordered = t.Scratch + panels.Ordered;
            Reorder(scores, ordered, keys, toKeys: true);
            if (modified)
            {
                Modifiers(t, head, r, tensors).ApplyRow<TWidth, TVector>(
                    ordered, first, keys, t.Scratch + panels.Terms);
            }

            if (!visit.Full)
            {
                Mask(t, r, new Span<float>(ordered, keys), first);
            }

            Reorder(scores, ordered, keys, toKeys: false);
        }

        Softmax(t, head, keys);
        Scale(t, head, keys, PairedElements<T, TWidth, TVector>.Unit);
    }

    // Between the order in which keys are read and their own.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Reorder(float* scores, float* ordered, int keys, bool toKeys)
    {
        for (KeyStreams s = KeyStreams.At(0, keys, keyLengths.StreamKeys); s.First < keys;
            s = KeyStreams.At(s.End, keys, keyLengths.StreamKeys))
        {
            // The last few keys are in their order; with the others there are four whole streams.
            FourRows streams = FourRows.At(ordered + s.First, s.Steps);
            if (s.Count < KeyStreams.MostStreams)
            {
                int bytes = s.Count * sizeof(float);
                Buffer.MemoryCopy((toKeys ? scores : ordered) + s.First, (toKeys ? ordered : scores) + s.First, bytes, bytes);
            }
            else if (toKeys)
            {
                Transposition.FromLanes(scores + s.First, KeyStreams.MostStreams, Vector128<float>.One, streams, s.Steps);
            }
            else
            {
                Transposition.ToLanes(streams, s.Steps, scores + s.First, KeyStreams.MostStreams, 1, 1);
            }
        }
    }

    // Makes up for elements that were read divided by their unit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Scale(in Tile t, int head, int keys, float factor)
    {
        for (int r = 0; factor != 1 && r < t.Rows; r++)
        {
            PartialMerge<TWidth, TVector>.Scale(ScoreRow(t, head, r), factor, RoundUp(keys, TWidth.Count));
        }
    }

    // The strip as floats in scratch memory, for several blocks of rows or where it is not finite.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ReadStrip<float> Widen(in ReadStrip<T> strip, nint dim, bool once, in Tile t)
    {
        float* target = t.Scratch + panels.Widened;
        nint rowFloats = RoundUp((int)dim, PairedElements<T, TWidth, TVector>.Span);
        for (nint row = 0; row < strip.Heads * strip.Streams; row++)
        {
            (nint head, nint stream) = Math.DivRem(row, strip.Streams);
            T* source = strip.Rows + (head * strip.HeadStride) + (stream * strip.Apart);
            for (nint step = 0; step < strip.Steps; step++)
            {
                PairedElements<T, TWidth, TVector>.WidenRow(source, dim, once, target, TWidth.Count, strip.Ahead);
                source += strip.Stride;
                target += rowFloats;
            }
        }

        return new ReadStrip<float>
        {
            Rows = t.Scratch + panels.Widened,
            Streams = strip.Streams,
            Apart = strip.Steps * rowFloats,
            Steps = strip.Steps,
            Stride = rowFloats,
            Heads = strip.Heads,
            HeadStride = strip.Streams * strip.Steps * rowFloats,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool ScoreBlocks<TElement>(in Tile t, int first, in ReadStrip<TElement> keys, nint dim)
        where TElement : unmanaged
    {
        bool read = true;
        for (int row = 0; row < t.Rows; row += TWidth.BlockVectors)
        {
            float* q = t.Panels + ((nint)row * panels.QueryFloats), s = ScoreRow(t, 0, row) + first;
            read &= Math.Min(TWidth.BlockVectors, t.Rows - row) switch
            {
                1 => Scores<TElement, Rows1>(s, q, keys, dim),
                2 => Scores<TElement, Rows2>(s, q, keys, dim),
                3 => Scores<TElement, Rows3>(s, q, keys, dim),
                _ => Scores<TElement, Rows4>(s, q, keys, dim),
            };
        }

        return read;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Scores<TElement, TRows>(float* scores, float* queries,
        in ReadStrip<TElement> keys, nint dim)
        where TElement : unmanaged
        where TRows : struct, IRowCount => DecodeProducts<TWidth, TVector>.Scores<TElement, TRows>(
            scores, DecodePanels.ScoreStride, queries, panels.HeadFloats, keys, dim);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ValueBlocks<TElement>(in Tile t, int first, in ReadStrip<TElement> values, nint dim)
        where TElement : unmanaged
    {
        float* states = States(t, 0);
        for (int row = 0; row < t.Rows; row += TWidth.BlockVectors)
        {
            float* o = states + ((nint)row * panels.StateStride);
            float* p = ScoreRow(t, 0, row) + first;
            switch (Math.Min(TWidth.BlockVectors, t.Rows - row))
            {
                case 1: ValueBlocks<TElement, Rows1>(o, p, values, dim); break;
                case 2: ValueBlocks<TElement, Rows2>(o, p, values, dim); break;
                case 3: ValueBlocks<TElement, Rows3>(o, p, values, dim); break;
                default: ValueBlocks<TElement, Rows4>(o, p, values, dim); break;
            }
        }
    }

    // Blocks of 4 vectors, 3, 2 and 1; the last may overlap in V, though not in the output.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ValueBlocks<TElement, TRows>(float* output, float* weights, in ReadStrip<TElement> values, nint dim)
        where TElement : unmanaged
        where TRows : struct, IRowCount
    {
        nint quads = dim / (4 * TWidth.Count), d = quads * 4 * TWidth.Count;
        if (quads > 0)
        {
            ValueBlock<TElement, TRows, RowBlock4<TWidth, TVector>>(output, weights, values, quads);
        }

        if (PairedElements<TElement, TWidth, TVector>.Paired)
        {
            for (; d < dim; d += 2 * TWidth.Count)
            {
                ValueBlock<TElement, TRows, RowBlock2<TWidth, TVector>>(
                    output + d, weights, values.From(Math.Min(d, dim - (2 * TWidth.Count))));
            }

            return;
        }

        for (; d <= dim - (3 * TWidth.Count); d += 3 * TWidth.Count)
        {
            ValueBlock<TElement, TRows, RowBlock3<TWidth, TVector>>(output + d, weights, values.From(d));
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ValueBlock<TElement, TRows, TBlock>(float* output, float* weights, in ReadStrip<TElement> values,
        nint blocks = 1)
        where TElement : unmanaged
        where TRows : struct, IRowCount
        where TBlock : struct, IRowBlock<TBlock, TVector> =>
        DecodeProducts<TWidth, TVector>.Values<TElement, TRows, TBlock>(
            output, panels.StateStride, weights, DecodePanels.ScoreStride, panels.HeadFloats, values, blocks);

    // Hides what is outside the band of a row, but for the prefix.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mask(in Tile t, int row, Span<float> scores, long first)
    {
        TileSchedule s = t.Schedule;
        long query = t.FirstQuery + (row / t.Heads);
        int prefix = s.PrefixKeys == 0 ? 0
            : (int)Math.Clamp(Math.Min(s.PrefixKeys, query + s.PrefixRight + 1) - first, 0, scores.Length);
        int begin = (int)Math.Clamp(query + s.Band.Left - first, 0, scores.Length);
        int end = (int)Math.Clamp(query + s.Band.Right + 1 - first, begin, scores.Length);
        scores[Math.Min(prefix, begin)..begin].Fill(float.NegativeInfinity);
        scores[Math.Max(prefix, end)..].Fill(float.NegativeInfinity);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Softmax(in Tile t, int head, int keys)
    {
        int padded = RoundUp(keys, TWidth.Count);
        for (int r = 0; r < t.Rows; r++)
        {
            float* scores = ScoreRow(t, head, r);
            float* state = States(t, head) + ((nint)r * panels.StateStride);
            new Span<float>(scores + keys, padded - keys).Fill(float.NegativeInfinity);
            float alpha =
                RowSoftmax<TWidth, TVector>.Update(scores, padded, ref Maximum(state), ref Sum(state));
            if (alpha != 1)
            {
                PartialMerge<TWidth, TVector>.Scale(state, alpha, panels.OutputFloats);
            }
        }
    }

    // o[d] = accumulated over all splits / l, or 0 where nothing was visible.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Epilogue(in Tile t, int kvHead, in TensorPointers<T> tensors)
    {
        AttentionShape shape = Problem.Shape;
        TensorStrides strides = Problem.Strides.Output;
        int dim = shape.ValueHeadDim;
        float* states = split.Splits == 1 ? States(t, kvHead) : SharedStates(t, kvHead, keySplit: 0);
        for (int r = 0; r < t.Rows; r++)
        {
            float* state = states + ((nint)r * panels.StateStride);
            PartialMerge<TWidth, TVector>.IntoFirst(state, panels.OutputFloats, split.Splits,
                (nint)tileHeads * panels.StateFloats);
            float factor = modified ? Modifiers(t, kvHead, r, tensors).Finish(ref Maximum(state), ref Sum(state)) : 1;
            TVector inverse = TWidth.Broadcast(Sum(state) == 0 ? 0 : factor / Sum(state));
            for (nint d = 0; d < dim; d += PairedElements<T, TWidth, TVector>.Span)
            {
                PairedElements<T, TWidth, TVector>.StoreInOrder(TWidth.Multiply(TWidth.Load(state + d), inverse),
                    TWidth.Multiply(TWidth.Load(state + d + PairedElements<T, TWidth, TVector>.Span - TWidth.Count), inverse),
                    t.Scratch + Math.Min(d, dim - PairedElements<T, TWidth, TVector>.Span));
            }

            (int i, int h) = Math.DivRem(r, t.Heads);
            long head = t.FirstHead + (kvHead * rowTiles.Group) + h, query = t.FirstQuery + i;
            T* output = tensors.Output + At(strides, t.Batch, t.Sequence.QueryBegin + query, head);
            ElementConvert.Narrow(new ReadOnlySpan<float>(t.Scratch, dim), new Span<T>(output, dim));
            if (tensors.Lse != null)
            {
                tensors.Lse[Problem.LseOffset((int)t.Batch, (int)head, t.Sequence) + query] =
                    LogSumExp.FromBase2(Maximum(state), Sum(state));
            }
        }
    }

    // What changes the scores of a row of a key/value head.
    private ScoreModifiers<T> Modifiers(in Tile t, int kvHead, int row, in TensorPointers<T> tensors)
    {
        (int i, int h) = Math.DivRem(row, t.Heads);
        return new ScoreModifiers<T>(Problem, tensors, t.Sequence, t.Batch,
            t.FirstHead + (kvHead * rowTiles.Group) + h, t.FirstQuery + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float* ScoreRow(in Tile t, int head, int row) =>
        Panels(t, head) + panels.Scores + ((nint)row * DecodePanels.ScoreStride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref float Maximum(float* state) => ref state[panels.OutputFloats];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref float Sum(float* state) => ref state[panels.OutputFloats + 1];

    // Whether the heads of a token lie together.
    private static bool HeadsInterleaved(in LayoutStrides strides) => strides.Key.Head < strides.Key.Sequence;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    // One split of the keys of a few neighbouring heads, for one tile of rows.
    private ref struct Tile
    {
        public T* Query;
        public T* Key;
        public T* Value;
        public float* Scratch;
        public float* Panels;
        public float* SharedStates;
        public SequenceBounds Sequence;
        public TileSchedule Schedule;
        public long Batch;
        public int FirstHead;
        public int FirstQuery;
        public int Heads;
        public int Rows;
        public int KeyValueHeads;
        public int QueryTile;
        public int Split;
        public int Group;
    }
}
