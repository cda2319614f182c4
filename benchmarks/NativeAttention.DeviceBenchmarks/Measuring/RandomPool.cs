using NativeAttention.Benchmarks.Problems;
using NativeAttention.Tool.Verification;

namespace NativeAttention.DeviceBenchmarks.Measuring;

/// <summary>
/// Standard normal numbers, drawn once per element type: a tensor is a run of them from some place on,
/// beginning again at their end. Drawing every tensor anew would take longer than measuring it.
/// </summary>
internal sealed class RandomPool
{
    /// <summary>How many there are: a prime, so that no row of a tensor repeats soon at the same
    /// column.</summary>
    public const int Count = 1_048_573;

    private const int Seed = 20261121;
    private readonly Dictionary<ElementType, double[]> _values = [];
    private readonly Dictionary<ElementType, Array> _elements = [];
    private readonly Random _places = new(Seed);

    /// <summary>A place to begin at.</summary>
    public int NextPlace() => _places.Next(Count);

    /// <summary>The numbers, rounded to an element type.</summary>
    public double[] Values(ElementType type)
    {
        if (!_values.TryGetValue(type, out double[]? values))
        {
            values = LogicalTensor.Random(type, Count, new Random(Seed));
            _values.Add(type, values);
        }

        return values;
    }

    /// <summary>The elements of a tensor that begins at a place.</summary>
    public T[] Elements<T>(ElementType type, int place, long length)
        where T : unmanaged => NumberPool.Take<T>(Pool<T>(type), place, length);

    private T[] Pool<T>(ElementType type)
        where T : unmanaged
    {
        if (!_elements.TryGetValue(type, out Array? pool))
        {
            pool = Array.ConvertAll(Values(type), Tool.Verification.Elements.FromDouble<T>);
            _elements.Add(type, pool);
        }

        return (T[])pool;
    }
}
