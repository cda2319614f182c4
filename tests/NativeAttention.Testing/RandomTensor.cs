namespace NativeAttention.Testing;

/// <summary>Reproducible random numbers.</summary>
public static class RandomTensor
{
    /// <summary>Standard normal numbers times a factor, rounded to an element type.</summary>
    public static double[] Normal(ElementType type, int count, int seed, double factor = 1)
    {
        Random random = new(seed);
        double[] values = new double[count];
        for (int i = 0; i < values.Length; i++)
        {
            // Box-Muller; 1 - u keeps the logarithm finite.
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = Elements.Round(type, factor * radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }
}
