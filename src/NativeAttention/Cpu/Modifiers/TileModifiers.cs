using System.Runtime.CompilerServices;

namespace NativeAttention.Cpu;

/// <summary>
/// Everything that changes the scores of a tile between the two products, and its queries and outputs before
/// and after: made only for problems that have such a thing, so that the others do not pay for it.
/// </summary>
/// <remarks>
/// Order: temperature (on the queries), soft cap, bias, key log-weight, ALiBi, boolean mask, and the band with
/// its prefix. Operands that differ between queries are brought into a panel of the tile's shape first; those
/// that do not are one number for a key.
/// </remarks>
internal sealed unsafe class TileModifiers<T, TWidth, TVector>
    where T : unmanaged
    where TWidth : struct, IVectorWidth<TVector>
    where TVector : struct
{
    private const float Log2E = 1.4426950408889634f;
    private readonly AttentionProblem problem;
    private readonly AttentionOperands operands;
    private readonly int lanes;
    private readonly int keyTile;

    /// <summary>Modifiers of a problem for tiles of a size.</summary>
    public TileModifiers(AttentionProblem problem, int lanes, int keyTile)
    {
        this.problem = problem;
        operands = problem.Options.Operands;
        this.lanes = lanes;
        this.keyTile = keyTile;
    }

    /// <summary>Floats of scratch memory: a panel, four rows of keys, a row of lanes.</summary>
    public int ScratchFloats => checked((keyTile * lanes) + (Transposition.Rows * keyTile) + lanes);

    /// <summary>Finds the operands of a tile.</summary>
    /// <param name="tensors">Operands of the run.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="b">Its index.</param>
    /// <param name="h">Query head.</param>
    /// <param name="firstRow">First query of the tile.</param>
    /// <param name="rows">Queries of the tile.</param>
    public TileOperands Locate(in TensorPointers<T> tensors, in SequenceBounds sequence, long b, long h,
        long firstRow, int rows)
    {
        long offset = problem.DiagonalOffset(sequence.QueryLength, sequence.KeyLength);
        long token = sequence.QueryBegin + firstRow;
        TileOperands tile = new()
        {
            Visibility = problem.Options.Mask.Lower(offset),
            Diagonal = firstRow + offset,
            Rows = rows,
            Sink = operands.Sinks is OperandStrides sinks
                ? tensors.Sinks[sinks.Head * h] * Log2E
                : float.NegativeInfinity,
        };
        if (operands.Bias is BiasForm bias)
        {
            tile.Bias = tensors.Bias
                + (bias.Strides.Offset(b, h, firstRow) * ElementTypes.SizeInBytes(bias.ElementType));
        }

        if (operands.Mask is OperandStrides mask)
        {
            tile.Mask = (byte*)tensors.Mask + mask.Offset(b, h, firstRow);
        }

        if (operands.AlibiSlopes is OperandStrides slopes)
        {
            tile.Slope = tensors.AlibiSlopes[slopes.Offset(b, h, 0)] * Log2E;
        }

        if (operands.KeyLogWeight is OperandStrides weight)
        {
            long keyHead = h / (problem.Shape.QueryHeads / problem.Shape.KeyValueHeads);
            tile.KeyLogWeight = tensors.KeyLogWeight + weight.Offset(b, keyHead, 0)
                + (sequence.KeyBegin * weight.Key);
        }

        if (operands.QueryTemperature is OperandStrides temperature)
        {
            tile.Temperature = tensors.QueryTemperature + temperature.Offset(b, h, token);
        }

        if (operands.HeadGate is OperandStrides gate)
        {
            tile.Gate = tensors.HeadGate + gate.Offset(b, h, token);
        }

        return tile;
    }

    /// <summary>Multiplies packed queries, [dim][lane], with their temperatures.</summary>
    public void ScaleQueries(in TileOperands tile, float* queries, int dim, float* scratch)
    {
        if (operands.QueryTemperature is OperandStrides strides)
        {
            float* row = LaneRow(scratch);
            FillLanes(tile.Temperature, strides.Query, tile.Rows, row);
            TileTerms<TWidth, TVector>.Scale(queries, dim, lanes, row);
        }
    }

    /// <summary>Changes the scores of a tile.</summary>
    /// <param name="tile">The tile of queries.</param>
    /// <param name="scores">[key][lane], in base-2 units.</param>
    /// <param name="firstKey">First key of the tile, in its sequence.</param>
    /// <param name="keys">Keys of the tile.</param>
    /// <param name="scratch">Memory of <see cref="ScratchFloats"/>.</param>
    public void Apply(in TileOperands tile, float* scores, long firstKey, int keys, float* scratch)
    {
        ApplySoftCap(scores, keys);
        ApplyTerms(tile, scores, firstKey, keys, scratch);
    }

    /// <summary>The first part of <see cref="Apply"/>: the soft cap.</summary>
    public void ApplySoftCap(float* scores, int keys)
    {
        if (problem.Options.SoftCap is float cap)
        {
            TileTerms<TWidth, TVector>.SoftCap(scores, keys * lanes, cap * Log2E);
        }
    }

    /// <summary>The rest of <see cref="Apply"/>: what is added, and the boolean mask.</summary>
    public void ApplyTerms(in TileOperands tile, float* scores, long firstKey, int keys, float* scratch)
    {
        if (operands.Bias is BiasForm bias)
        {
            AddBias(tile, bias, scores, firstKey, keys, scratch);
        }

        if (operands.KeyLogWeight is OperandStrides weight)
        {
            float* terms = KeyRows(scratch);
            float* first = tile.KeyLogWeight + (firstKey * weight.Key);
            for (int key = 0; key < keys; key++)
            {
                terms[key] = first[key * weight.Key] * Log2E;
            }

            TileTerms<TWidth, TVector>.AddKeys(scores, keys, lanes, terms);
        }

        if (tile.Slope != 0)
        {
            TileTerms<TWidth, TVector>.Alibi(scores, keys, lanes, tile.Slope, tile.Diagonal - firstKey);
        }

        if (operands.Mask is OperandStrides mask)
        {
            Hide(tile, mask, scores, firstKey, keys, scratch);
        }
    }

    /// <summary>
    /// Takes the sink into the softmax state of every lane, and multiplies the factors on the outputs, which are
    /// 1 before, with what the sink's maximum and the gates ask for.
    /// </summary>
    public void Finish(in TileOperands tile, float* maxima, float* sums, float* factors)
    {
        for (int lane = 0; lane < tile.Rows; lane++)
        {
            factors[lane] = SoftmaxSink.Take(tile.Sink, ref maxima[lane], ref sums[lane]);
        }

        if (operands.HeadGate is OperandStrides gate)
        {
            for (int lane = 0; lane < tile.Rows; lane++)
            {
                factors[lane] *= tile.Gate[lane * gate.Query];
            }
        }
    }

    private void AddBias(in TileOperands tile, BiasForm bias, float* scores, long firstKey, int keys,
        float* scratch)
    {
        byte* start = tile.Bias
            + (firstKey * bias.Strides.Key * ElementTypes.SizeInBytes(bias.ElementType));
        int stride = bias.ElementType switch
        {
            ElementType.Float32 => Gather((float*)start, bias.Strides, tile.Rows, keys, Log2E, scratch),
            ElementType.Float16 => Gather((Half*)start, bias.Strides, tile.Rows, keys, Log2E, scratch),
            _ => Gather((BFloat16*)start, bias.Strides, tile.Rows, keys, Log2E, scratch),
        };
        if (bias.Strides.Query == 0)
        {
            TileTerms<TWidth, TVector>.AddKeys(scores, keys, lanes, KeyRows(scratch));
        }
        else
        {
            TileTerms<TWidth, TVector>.AddPanel(scores, keys, lanes, scratch, stride);
        }
    }

    private void Hide(in TileOperands tile, OperandStrides strides, float* scores, long firstKey, int keys,
        float* scratch)
    {
        int stride = Gather(tile.Mask + (firstKey * strides.Key), strides, tile.Rows, keys, 1, scratch);
        if (strides.Query == 0)
        {
            TileTerms<TWidth, TVector>.HideKeys(scores, keys, lanes, KeyRows(scratch));
        }
        else
        {
            TileTerms<TWidth, TVector>.Hide(scores, keys, lanes, scratch, stride);
        }
    }

    // Brings an operand into the panel [key][lane], times a factor, and returns the distance of its rows, 0 when
    // all keys share one. An operand that is the same for all queries goes into a row of keys instead. Lanes
    // beyond the last row repeat it.
    private int Gather<TElement>(TElement* start, OperandStrides strides, int rows, int keys, float factor,
        float* scratch)
        where TElement : unmanaged
    {
        float* keyRows = KeyRows(scratch);
        if (strides.Query == 0)
        {
            ReadRow(start, strides.Key, keys, keyRows);
            for (int key = 0; key < keys; key++)
            {
                keyRows[key] *= factor;
            }

            return 0;
        }

        int steps = strides.Key == 0 ? 1 : keys;
        FourRows four = FourRows.At(keyRows, steps);
        for (int lane = 0; lane < lanes; lane += Transposition.Rows)
        {
            for (int i = 0; i < Transposition.Rows; i++)
            {
                ReadRow(start + (Math.Min(lane + i, rows - 1) * strides.Query), strides.Key, steps,
                    keyRows + ((nint)i * steps));
            }

            Transposition.ToLanes(four, steps, scratch + lane, lanes, factor, 1);
        }

        return strides.Key == 0 ? 0 : lanes;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ReadRow<TElement>(TElement* from, long stride, int count, float* to)
        where TElement : unmanaged
    {
        if (typeof(TElement) != typeof(byte) && stride == 1)
        {
            ElementConvert.Widen(new ReadOnlySpan<TElement>(from, count), new Span<float>(to, count));
            return;
        }

        for (int i = 0; i < count; i++)
        {
            to[i] = ToSingle(from[i * stride]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ToSingle<TElement>(TElement element)
        where TElement : unmanaged =>
        typeof(TElement) == typeof(float) ? (float)(object)element
        : typeof(TElement) == typeof(Half) ? (float)(Half)(object)element
        : typeof(TElement) == typeof(BFloat16) ? (float)(BFloat16)(object)element
        : (byte)(object)element;

    private void FillLanes(float* first, long stride, int rows, float* row)
    {
        for (int lane = 0; lane < lanes; lane++)
        {
            row[lane] = first[Math.Min(lane, rows - 1) * stride];
        }
    }

    // Scratch memory: the panel comes first.
    private float* KeyRows(float* scratch) => scratch + ((nint)keyTile * lanes);

    private float* LaneRow(float* scratch) => KeyRows(scratch) + (Transposition.Rows * keyTile);
}
