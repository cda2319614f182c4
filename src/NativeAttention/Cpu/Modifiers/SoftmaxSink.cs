namespace NativeAttention.Cpu;

/// <summary>One more logit of a row, without a value: it is taken into the finished softmax state.</summary>
internal static class SoftmaxSink
{
    /// <summary>Takes a sink into the state of a row; all in base-2 units.</summary>
    /// <param name="sink">The logit; minus infinity for none.</param>
    /// <param name="max">m of the row.</param>
    /// <param name="sum">l of the row.</param>
    /// <returns>2^(old m - m): the factor on what was accumulated.</returns>
    public static float Take(float sink, ref float max, ref float sum)
    {
        if (float.IsNegativeInfinity(sink))
        {
            return 1;
        }

        // NaN stays: it is in the sum, and Max would carry it too.
        float before = max;
        max = Math.Max(max, sink);
        float shrink = (float)Math.Pow(2, before - max);
        sum = (sum * shrink) + (float)Math.Pow(2, sink - max);
        return shrink;
    }
}
