namespace NativeAttention.Testing;

/// <summary>What a pass over the scores of a case gave, or should give.</summary>
/// <param name="Scores">[batch, heads, queries, keys].</param>
/// <param name="ColumnSums">[batch, heads, keys]; empty when not asked for, as the others.</param>
/// <param name="RowEntropy">[batch, heads, queries].</param>
/// <param name="BlockMaxima">[batch, heads, query blocks, key blocks].</param>
public sealed record ScoreResult(
    double[] Scores, double[] ColumnSums, double[] RowEntropy, double[] BlockMaxima)
{
    /// <summary>Runs a pass on a backend, every result poisoned before, and holds it against float64.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="c">The case; its layout is not packed.</param>
    /// <param name="request">What to return.</param>
    /// <param name="scoreBits">Bits that a score keeps of its magnitude.</param>
    /// <exception cref="AttentionMismatchException">It is not near.</exception>
    public static ScoreResult Of(
        AttentionBackend backend, AttentionCase c, ScoreRequest request, int scoreBits = 22)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(c);
        ScoreResult actual = c.ElementType switch
        {
            ElementType.Float32 => Run<float>(backend, c, request),
            ElementType.Float16 => Run<Half>(backend, c, request),
            _ => Run<BFloat16>(backend, c, request),
        };
        actual.RequireNear(c, request, scoreBits);
        return actual;
    }

    /// <summary>Holds results against float64.</summary>
    /// <remarks>
    /// A score of magnitude A carries an error of about 2^-bits A, and that into p, at most 1; what is stored in
    /// 16 bits is rounded once more. A log-sum-exp of magnitude L is rounded to float32, and again in base 2: each half a
    /// unit in its last place, 2^-24 L, goes into p as well. Sums of n probabilities carry n of them at most.
    /// </remarks>
    /// <param name="c">The case.</param>
    /// <param name="request">What was returned.</param>
    /// <param name="scoreBits">Bits that a score keeps of its magnitude.</param>
    /// <exception cref="AttentionMismatchException">They are not near.</exception>
    public void RequireNear(AttentionCase c, ScoreRequest request, int scoreBits)
    {
        ArgumentNullException.ThrowIfNull(c);
        (ScoreResult exact, double magnitude) = Exact(c, request);
        double error = Math.ScaleB(magnitude, -scoreBits) + 1e-6;
        double stored = Elements.UnitRoundoff(c.ElementType)
            * exact.Scores.Where(double.IsFinite).Append(1).Max(Math.Abs);
        double lse = Math.ScaleB(c.Reference.Lse.Where(double.IsFinite).Append(0).Max(Math.Abs), -23);
        double inScores = request.Scores == ScoreStage.Probabilities ? error + lse : error;
        Near($"scores ({request.Scores})", Scores, exact.Scores, inScores + stored, c);
        error += lse;
        Near("sums", ColumnSums, exact.ColumnSums, error * Math.Max(1, c.Shape.QueryLength), c);
        Near("entropy", RowEntropy, exact.RowEntropy, error * 10, c);
        Near("maxima", BlockMaxima, exact.BlockMaxima, error, c);
    }

    private static void Near(string what, double[] actual, double[] expected, double bound, AttentionCase c) =>
        AttentionComparer.MaxError(what, actual, expected, bound, index => $"[{index}]", c.ToString());

    private static ScoreResult Run<T>(AttentionBackend backend, AttentionCase c, ScoreRequest request)
        where T : unmanaged
    {
        AttentionShape s = c.Shape;
        AttentionBuffers<T> buffers = c.Allocate<T>();
        float[] lse = request.NeedsLse ? [.. c.Reference.Lse.Select(x => (float)x)] : [];
        T[] scores = Poisoned<T>(request.ScoresLength(s));
        float[] sums = Poisoned<float>(request.ColumnSumsLength(s));
        float[] entropy = Poisoned<float>(request.RowEntropyLength(s));
        float[] maxima = Poisoned<float>(request.BlockMaximaLength(s));
        using HostScorePlan<T> plan =
            backend.PlanScores<T>(AttentionProblem.Create(c.ElementType, s, c.Options), request);
        plan.Run(c.Operands.Inputs(buffers) with { Value = default }, lse, new ScoreResults<T>
        {
            Scores = scores,
            ColumnSums = sums,
            RowEntropy = entropy,
            BlockMaxima = maxima,
        });
        return new ScoreResult([.. scores.Select(Elements.ToDouble)], Widen(sums), Widen(entropy), Widen(maxima));
    }

    private static (ScoreResult Result, double Magnitude) Exact(AttentionCase c, ScoreRequest request)
    {
        AttentionShape s = c.Shape;
        ScoreReference reference = new(c);
        double[] scores = new double[(int)request.ScoresLength(s)];
        double[] sums = new double[(int)request.ColumnSumsLength(s)];
        double[] entropy = new double[(int)request.RowEntropyLength(s)];
        double[] maxima = new double[(int)request.BlockMaximaLength(s)];
        int side = request.BlockMaxima ?? 1;
        int rowBlocks = ScoreRequest.Blocks(s.QueryLength, side), keyBlocks = ScoreRequest.Blocks(s.KeyLength, side);
        for (int n = 0; n < s.Batch * s.QueryHeads * s.QueryLength * s.KeyLength; n++)
        {
            (int row, int j) = Math.DivRem(n, s.KeyLength);
            (int head, int i) = Math.DivRem(row, s.QueryLength);
            (int b, int h) = Math.DivRem(head, s.QueryHeads);
            double p = reference.Score(ScoreStage.Probabilities, b, h, i, j);
            if (request.Scores is ScoreStage stage)
            {
                scores[n] = reference.Score(stage, b, h, i, j);
            }

            if (request.ColumnSums)
            {
                sums[(head * s.KeyLength) + j] += p;
            }

            if (request.RowEntropy)
            {
                entropy[row] -= p == 0 ? 0 : p * Math.Log(p);
            }

            if (request.BlockMaxima is not null)
            {
                int block = (((head * rowBlocks) + (i / side)) * keyBlocks) + (j / side);
                maxima[block] = Math.Max(maxima[block], p);
            }
        }

        return (new ScoreResult(scores, sums, entropy, maxima), reference.Magnitude);
    }

    private static double[] Widen(float[] values) => [.. values.Select(x => (double)x)];

    private static T[] Poisoned<T>(Int128 length)
        where T : unmanaged
    {
        T[] values = new T[(int)length];
        Array.Fill(values, Elements.Poison<T>());
        return values;
    }
}
