namespace NativeAttention.Testing;

/// <summary>
/// Random tokens, a cache that holds others, and the cache as it must be once it has taken the tokens in:
/// element by element, to the bit, gaps included.
/// </summary>
/// <param name="batch">Sequences.</param>
/// <param name="added">Tokens of one sequence that are new.</param>
/// <param name="capacity">Tokens of one sequence that the cache has.</param>
/// <param name="heads">Heads.</param>
/// <param name="dim">Head dim.</param>
/// <param name="headsFirst">Whether tensors are BHSD instead of BSHD.</param>
/// <param name="seed">Seed of the numbers.</param>
/// <param name="padding">Elements of a gap before and after each vector of the cache.</param>
public sealed class AppendCase(int batch, int added, int capacity, int heads, int dim, bool headsFirst,
    int seed,
    int padding = 0)
{
    /// <summary>Sequences.</summary>
    public int Batch => batch;

    /// <summary>Tokens of one sequence that are new.</summary>
    public int Added => added;

    /// <summary>Tokens of one sequence that the cache has.</summary>
    public int Capacity => capacity;

    /// <summary>The layout.</summary>
    public AttentionLayout Layout => headsFirst ? AttentionLayout.Bhsd : AttentionLayout.Bshd;

    /// <summary>Positions at which everything fits; the first and the last are among them.</summary>
    public int[] Positions
    {
        get
        {
            Random random = new(seed);
            int[] positions = [.. Enumerable.Range(0, batch).Select(_ => random.Next(capacity - added + 1))];
            if (batch > 1)
            {
                (positions[0], positions[^1]) = (capacity - added, 0);
            }

            return positions;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"batch {batch}, {added} into {capacity} tokens, "
        + $"{heads} heads of {dim}, {Layout}, gaps {padding}, seed {seed}";

    /// <summary>The tokens, one of which holds a NaN that must keep its bits.</summary>
    public PaddedTensor<T> MakeAdded<T>()
        where T : unmanaged
    {
        PaddedTensor<T> tensor = new(Lengths(added));
        tensor.Values = RandomTensor.Normal(ElementTypes.Of<T>(), tensor.Count, seed + 1);
        if (tensor.Count > 0)
        {
            tensor.Storage[tensor.Count / 2] = Elements.Poison<T>();
        }

        return tensor;
    }

    /// <summary>The cache before.</summary>
    public PaddedTensor<T> MakeCache<T>()
        where T : unmanaged
    {
        PaddedTensor<T> tensor = new(Lengths(capacity), padding, padding);
        tensor.Values = RandomTensor.Normal(ElementTypes.Of<T>(), tensor.Count, seed + 2);
        return tensor;
    }

    /// <summary>The memory of the cache after: tokens outside of it are nowhere.</summary>
    public T[] Expected<T>(PaddedTensor<T> cache, PaddedTensor<T> tokens, int[] positions)
        where T : unmanaged
    {
        T[] after = [.. cache.Storage];
        for (int i = 0; i < tokens.Count; i++)
        {
            (int row, int d) = Math.DivRem(i, dim);
            (int b, int rest) = Math.DivRem(row, added * heads);
            (int t, int h) = headsFirst ? (rest % added, rest / added) : (rest / heads, rest % heads);
            int place = positions[b] + t;
            if (place >= 0 && place < capacity)
            {
                int inside = headsFirst ? (h * capacity) + place : (place * heads) + h;
                after[cache.Place((((b * capacity * heads) + inside) * dim) + d)] = tokens.Storage[i];
            }
        }

        return after;
    }

    /// <summary>Cases with and without alignment, without tokens, without room to spare.</summary>
    public static IEnumerable<AppendCase> All(int seed)
    {
        yield return new(3, 1, 20, 2, 64, false, seed);
        yield return new(2, 5, 9, 3, 64, true, seed + 1, padding: 8);
        yield return new(4, 3, 11, 2, 13, false, seed + 2, padding: 3);
        yield return new(2, 7, 7, 1, 1, true, seed + 3);
        yield return new(1, 2, 4, 2, 520, false, seed + 4);
        yield return new(2, 0, 4, 2, 8, false, seed + 5);
        yield return new(2, 0, 0, 2, 8, true, seed + 6);
        yield return new(0, 2, 4, 2, 8, false, seed + 7);
    }

    private int[] Lengths(int tokens) =>
        headsFirst ? [batch, heads, tokens, dim] : [batch, tokens, heads, dim];
}
