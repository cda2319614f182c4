using NativeAttention.Benchmarks.Problems;
using NativeAttention.DeviceBenchmarks.Measuring;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>
/// Compares a few rows of a dense problem with float64. The inputs are read from the pool of random numbers that
/// they were filled from.
/// </summary>
internal sealed class DenseSpotCheck
{
    private readonly RowReferences _rows;

    /// <summary>Chooses the inputs and computes the rows.</summary>
    /// <param name="problem">The problem; of tokens on a map, dense attention of them.</param>
    /// <param name="random">The pool.</param>
    /// <param name="keysOf">The keys of a query where they lie on a map; null where the mask says it.</param>
    public DenseSpotCheck(DenseProblem problem, RandomPool random, Func<int, int[]>? keysOf = null)
    {
        ElementType = problem.Problem.ElementType;
        double[] pool = random.Values(ElementType);
        (QueryPlace, KeyPlace, ValuePlace) = (random.NextPlace(), random.NextPlace(), random.NextPlace());
        Operands = OperandValues.Of(problem);
        _rows = new RowReferences(problem, Operands, From(QueryPlace), From(KeyPlace), From(ValuePlace),
            keysOf);

        Func<long, double> From(int place) => i => pool[(place + i) % pool.Length];
    }

    /// <summary>Element type of the tensors.</summary>
    public ElementType ElementType { get; }

    /// <summary>Where the queries begin in the pool.</summary>
    public int QueryPlace { get; }

    /// <summary>Where the keys begin in the pool.</summary>
    public int KeyPlace { get; }

    /// <summary>Where the values begin in the pool.</summary>
    public int ValuePlace { get; }

    /// <summary>The optional operands.</summary>
    public OperandValues Operands { get; }

    /// <summary>Largest error allowed.</summary>
    public double Bound => _rows.Bound;

    /// <summary>
    /// Largest error of the chosen rows of an output; infinite when any element of it is not finite.
    /// </summary>
    public double MaxError<T>(ReadOnlySpan<T> output)
        where T : unmanaged =>
        Finite.All(output) ? _rows.Compare(output).MaxError : double.PositiveInfinity;
}
