namespace NativeAttention.Cpu;

/// <summary>
/// Everything that changes the scores of one query row: scale, temperature, soft cap,
/// bias, key log-weight, ALiBi and masks, in that order: one score at a time for the reference, and in vectors
/// for kernels that have a row of scores.
/// </summary>
internal readonly unsafe struct ScoreModifiers<T>
    where T : unmanaged
{
    private const float Log2E = 1.4426950408889634f;
    private readonly KeyVisibility visibility;
    private readonly long i;
    private readonly long offset;
    private readonly float scale;
    private readonly float? cap;
    private readonly float slope;
    private readonly byte* bias;
    private readonly ElementType biasType;
    private readonly long biasStride;
    private readonly bool* mask;
    private readonly long maskStride;
    private readonly float* weight;
    private readonly long weightStride;

    /// <summary>Gathers what belongs to query i of head h of sequence b.</summary>
    public ScoreModifiers(AttentionProblem problem, in TensorPointers<T> tensors, in SequenceBounds sequence,
        long b, long h, long i)
    {
        this = default;
        AttentionOperands operands = problem.Options.Operands;
        this.i = i;
        offset = problem.DiagonalOffset(sequence.QueryLength, sequence.KeyLength);
        visibility = problem.Options.Mask.Lower(offset);
        cap = problem.Options.SoftCap;
        long token = sequence.QueryBegin + i;
        float temperature = Entry(operands.QueryTemperature, tensors.QueryTemperature, b, h, token, 1);
        Temperature = temperature;
        scale = problem.Scale * temperature;
        slope = Entry(operands.AlibiSlopes, tensors.AlibiSlopes, b, h, 0, 0);
        Sink = Entry(operands.Sinks, tensors.Sinks, b, h, 0, float.NegativeInfinity);
        Gate = Entry(operands.HeadGate, tensors.HeadGate, b, h, token, 1);
        if (operands.Bias is BiasForm form)
        {
            biasType = form.ElementType;
            biasStride = form.Strides.Key;
            bias = tensors.Bias + (form.Strides.Offset(b, h, i) * ElementTypes.SizeInBytes(biasType));
        }

        if (operands.Mask is OperandStrides maskStrides)
        {
            maskStride = maskStrides.Key;
            mask = tensors.Mask + maskStrides.Offset(b, h, i);
        }

        if (operands.KeyLogWeight is OperandStrides w)
        {
            long keyHead = h * problem.Shape.KeyValueHeads / problem.Shape.QueryHeads;
            weightStride = w.Key;
            weight = tensors.KeyLogWeight + w.Offset(b, keyHead, 0) + (sequence.KeyBegin * w.Key);
        }
    }

    /// <summary>The factor on the row's scores beside the scale.</summary>
    public float Temperature { get; }

    /// <summary>The sink's logit; minus infinity when there is none.</summary>
    public float Sink { get; }

    /// <summary>The factor on the output.</summary>
    public float Gate { get; }

    /// <summary>Whether both masks let the row see key j.</summary>
    public bool Sees(long j) => visibility.Sees(i, j) && (mask == null || mask[j * maskStride]);

    /// <summary>The score of key j from the product of query and key, in natural units.</summary>
    public float Apply(float dot, long j)
    {
        float score = scale * dot;
        if (cap is float c)
        {
            score = c * MathF.Tanh(score / c);
        }

        if (bias != null)
        {
            score += Bias(j);
        }

        if (weight != null)
        {
            score += weight[j * weightStride];
        }

        return slope == 0 ? score : score - (slope * Math.Abs(i + offset - j));
    }

    /// <summary>
    /// What <see cref="Apply"/> does after the scale, and the boolean mask, to a run of scores in base-2 units.
    /// </summary>
    /// <param name="scores">Scores of neighbouring keys, with room for whole vectors.</param>
    /// <param name="firstKey">The first of these keys.</param>
    /// <param name="keys">How many.</param>
    /// <param name="terms">Scratch memory of as many floats, in whole vectors.</param>
    public void ApplyRow<TWidth, TVector>(float* scores, long firstKey, int keys, float* terms)
        where TWidth : struct, IVectorWidth<TVector>
        where TVector : struct
    {
        int padded = (keys + TWidth.Count - 1) / TWidth.Count * TWidth.Count;
        if (cap is float c)
        {
            TileTerms<TWidth, TVector>.SoftCap(scores, padded, c * Log2E);
        }

        if (bias != null || weight != null)
        {
            for (int key = 0; key < keys; key++)
            {
                long j = firstKey + key;
                terms[key] = ((bias == null ? 0 : Bias(j)) + (weight == null ? 0 : weight[j * weightStride]))
                    * Log2E;
            }

            TileTerms<TWidth, TVector>.AddPanel(scores, 1, padded, terms, 0);
        }

        if (slope != 0)
        {
            TileTerms<TWidth, TVector>.Alibi(scores, 1, padded, slope * Log2E, firstKey - i - offset);
        }

        for (int key = 0; key < keys && mask != null; key++)
        {
            scores[key] = mask[(firstKey + key) * maskStride] ? scores[key] : float.NegativeInfinity;
        }
    }

    /// <summary>Takes the sink into a row's softmax state, in base-2 units.</summary>
    /// <returns>The factor on the output, the gate included.</returns>
    public float Finish(ref float max, ref float sum) => SoftmaxSink.Take(Sink * Log2E, ref max, ref sum) * Gate;

    private float Bias(long j) => biasType switch
    {
        ElementType.Float32 => ((float*)bias)[j * biasStride],
        ElementType.Float16 => (float)((Half*)bias)[j * biasStride],
        _ => (float)((BFloat16*)bias)[j * biasStride],
    };

    private static float Entry(OperandStrides? strides, float* values, long b, long h, long query,
        float absent) => strides is OperandStrides s ? values[s.Offset(b, h, query)] : absent;
}
