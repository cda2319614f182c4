namespace NativeAttention;

/// <summary>
/// The arithmetic of joining partial attention results of one query: with L the log-sum-exps of the parts and
/// M the largest, part k weighs exp(L[k] - M) / sum, and the whole has log-sum-exp M + ln(sum).
/// </summary>
/// <remarks>
/// A part that saw no key (minus infinity) weighs exactly 0, and its output must then not be looked at. If
/// none saw any, all weigh 0 and the whole has minus infinity. A NaN or plus infinity makes the weights
/// NaN. Sums go in the order of the parts. It is the rescaling step of online softmax (arXiv 1805.02867)
/// for N at once.
/// </remarks>
internal static class PartialWeights
{
    /// <summary>Turns log-sum-exps, in natural units, into weights that add up to 1 (or are all 0).</summary>
    /// <param name="lses">The parts' log-sum-exps; receives their weights.</param>
    /// <returns>The log-sum-exp of the whole.</returns>
    public static float FromLogSumExps(Span<float> lses)
    {
        float largest = float.NegativeInfinity;
        foreach (float lse in lses)
        {
            largest = lse > largest ? lse : largest; // a NaN is passed over here and shows in the sum
        }

        float offset = float.IsNegativeInfinity(largest) ? 0 : largest; // avoids -inf - -inf
        float sum = 0;
        for (int k = 0; k < lses.Length; k++)
        {
            lses[k] = MathF.Exp(lses[k] - offset);
            sum += lses[k];
        }

        if (sum == 0)
        {
            return float.NegativeInfinity;
        }

        float inverse = 1 / sum;
        for (int k = 0; k < lses.Length; k++)
        {
            lses[k] *= inverse;
        }

        return offset + MathF.Log(sum);
    }
}
