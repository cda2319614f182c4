using System.Numerics.Tensors;

namespace NativeAttention.Testing;

/// <summary>
/// A tensor whose last axis lies inside a longer one: host memory with gaps, which are poison. Its values are
/// set and read as doubles, last axis fastest.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
public sealed class PaddedTensor<T>
    where T : unmanaged
{
    private readonly int[] lengths;

    /// <summary>Makes a tensor full of poison.</summary>
    /// <param name="lengths">Length of every axis.</param>
    /// <param name="before">Elements of a gap before each vector.</param>
    /// <param name="after">Elements of a gap after each vector.</param>
    public PaddedTensor(int[] lengths, int before = 0, int after = 0)
    {
        this.lengths = lengths;
        Before = before;
        StoredLengths = [.. lengths];
        StoredLengths[^1] += before + after;
        Storage = new T[StoredLengths.Aggregate(1, (a, b) => a * b)];
        Array.Fill(Storage, Elements.Poison<T>());
    }

    /// <summary>Length of every axis.</summary>
    public ReadOnlySpan<int> Lengths => lengths;

    /// <summary>Lengths with gaps.</summary>
    public int[] StoredLengths { get; }

    /// <summary>Elements before each vector.</summary>
    public int Before { get; }

    /// <summary>All memory, gaps included.</summary>
    public T[] Storage { get; }

    /// <summary>Number of elements without gaps.</summary>
    public int Count => lengths.Aggregate(1, (a, b) => a * b);

    /// <summary>The tensor.</summary>
    public TensorSpan<T> Span
    {
        get
        {
            nint[] strides = new nint[lengths.Length];
            nint stride = 1;
            for (int i = strides.Length - 1; i >= 0; i--)
            {
                strides[i] = stride;
                stride *= StoredLengths[i];
            }

            // A tensor span wants stride 0 along an axis that has nowhere to go.
            nint[] sizes = [.. lengths.Select(length => (nint)length)];
            return Count == 0 ? new TensorSpan<T>(new T[1], sizes) // which refuses to have no memory
                : new TensorSpan<T>(Storage.AsSpan(Before),
                    sizes, [.. strides.Zip(sizes, (step, length) => length > 1 ? step : 0)]);
        }
    }

    /// <summary>The values.</summary>
    public double[] Values
    {
        get => [.. Enumerable.Range(0, Count).Select(i => Elements.ToDouble(Storage[Place(i)]))];
        set
        {
            for (int i = 0; i < Count; i++)
            {
                Storage[Place(i)] = Elements.FromDouble<T>(value[i]);
            }
        }
    }

    /// <summary>Where an element lies in the storage.</summary>
    public int Place(int index) =>
        (index / lengths[^1] * StoredLengths[^1]) + Before + (index % lengths[^1]);

    /// <summary>Throws when a gap is no poison any more.</summary>
    public void CheckGaps()
    {
        HashSet<int> used = [.. Enumerable.Range(0, Count).Select(Place)];
        for (int i = 0; i < Storage.Length; i++)
        {
            if (!used.Contains(i) && !Elements.IsPoison(Storage[i]))
            {
                throw new AttentionMismatchException($"Place {i} is in a gap and was written.");
            }
        }
    }
}
