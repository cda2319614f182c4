namespace NativeAttention.Tool.Verification;

/// <summary>
/// A dense tensor in logical order [batch, heads, sequence, dim] and its way to and from storage in a layout.
/// The reference computes in logical order, so that it cannot share a mistake about strides with what it
/// checks.
/// </summary>
/// <param name="Heads">Number of heads.</param>
/// <param name="Sequence">Length of the sequence.</param>
/// <param name="Dim">Length of one vector.</param>
/// <param name="HeadsFirst">Whether storage has heads before the sequence, as the logical order has.</param>
internal readonly record struct LogicalTensor(int Heads, int Sequence, int Dim, bool HeadsFirst)
{
    /// <summary>How many of the last positions are stored behind those of all batches: a tensor of their own.</summary>
    public int Extra { get; init; }

    /// <summary>Standard normal numbers, rounded to an element type.</summary>
    public static double[] Random(ElementType type, int count, Random random)
    {
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            // Box-Muller; 1 - u keeps the logarithm finite.
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = Elements.Round(type, radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }

    /// <summary>Logical order to storage.</summary>
    public T[] Store<T>(double[] logical)
        where T : unmanaged
    {
        T[] storage = new T[logical.Length];
        for (int i = 0; i < logical.Length; i++)
        {
            storage[Place(i, logical.Length)] = Elements.FromDouble<T>(logical[i]);
        }

        return storage;
    }

    /// <summary>Storage to logical order.</summary>
    public double[] Load<T>(T[] storage)
        where T : unmanaged
    {
        double[] logical = new double[storage.Length];
        for (int i = 0; i < logical.Length; i++)
        {
            logical[i] = Elements.ToDouble(storage[Place(i, logical.Length)]);
        }

        return logical;
    }

    private int Place(int index, int length)
    {
        if (HeadsFirst)
        {
            return index;
        }

        (int rest, int d) = Math.DivRem(index, Dim);
        (rest, int s) = Math.DivRem(rest, Sequence);
        (int b, int h) = Math.DivRem(rest, Heads);
        int own = Sequence - Extra;
        int row = s < own ? (b * own) + s : (length / Math.Max(1, Heads * Sequence * Dim) * own) + (b * Extra) + s - own;
        return (((row * Heads) + h) * Dim) + d;
    }
}
