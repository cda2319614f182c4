namespace NativeAttention.Tests.Properties;

/// <summary>Moves the vectors of dense tensors [batch, sequence, heads, dim].</summary>
internal static class Rows
{
    /// <summary>Takes tokens of every sequence, in a given order.</summary>
    /// <param name="x">The tensor.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="length">Tokens of a sequence.</param>
    /// <param name="tokens">The tokens to take.</param>
    public static float[] Take(float[] x, int batch, int length, IReadOnlyList<int> tokens)
    {
        int row = length == 0 ? 0 : x.Length / (batch * length);
        float[] taken = new float[batch * tokens.Count * row];
        for (int n = 0; n < batch * tokens.Count; n++)
        {
            (int b, int i) = Math.DivRem(n, tokens.Count);
            Array.Copy(x, ((b * length) + tokens[i]) * row, taken, n * row, row);
        }

        return taken;
    }

    /// <summary>Repeats every head, so that each query head has one of its own.</summary>
    public static float[] RepeatHeads(float[] x, int dim, int times) =>
        [.. Enumerable.Range(0, x.Length / dim * times)
            .SelectMany(n => x.AsSpan(n / times * dim, dim).ToArray())];

    /// <summary>[batch, sequence, heads, dim] to [batch, heads, sequence, dim].</summary>
    public static float[] HeadsFirst(float[] x, int batch, int length, int heads, int dim)
    {
        float[] swapped = new float[x.Length];
        for (int n = 0; n < batch * heads * length; n++)
        {
            (int rest, int i) = Math.DivRem(n, length);
            (int b, int h) = Math.DivRem(rest, heads);
            Array.Copy(x, ((((b * length) + i) * heads) + h) * dim, swapped, n * dim, dim);
        }

        return swapped;
    }
}
