using NativeAttention.Benchmarks.Results;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Probes;

/// <summary>Work that is nothing but one resource of the processor: what it reaches is a ceiling.</summary>
public abstract class Probe
{
    /// <summary>All of them, each on one thread and on all processors.</summary>
    public static IReadOnlyList<Probe> All { get; } =
    [
        new FmaProbe(Environment.ProcessorCount), new ReadProbe(Environment.ProcessorCount),
        new FmaProbe(1), new ReadProbe(1),
    ];

    /// <summary>Makes a probe.</summary>
    /// <param name="threads">Threads that share the work.</param>
    protected Probe(int threads) => Threads = threads;

    /// <summary>Name of the ceiling in results.</summary>
    public abstract string Name { get; }

    /// <summary>Unit of the ceiling in results; <see cref="Work"/> is without the billion.</summary>
    public abstract string Unit { get; }

    /// <summary>Operations or bytes of one run.</summary>
    public abstract double Work { get; }

    /// <summary>Threads that share the work.</summary>
    public int Threads { get; }

    /// <summary>Pieces of equal work that threads take.</summary>
    protected abstract int Pieces { get; }

    /// <summary>Does the work once.</summary>
    /// <returns>Something made of all results, so that nothing can be left out.</returns>
    public float Run()
    {
        float[] results = new float[Pieces];
        if (Threads == 1)
        {
            for (int i = 0; i < Pieces; i++)
            {
                results[i] = Piece(i);
            }
        }
        else
        {
            ParallelOptions options = new() { MaxDegreeOfParallelism = Threads };
            Parallel.For(0, Pieces, options, i => results[i] = Piece(i));
        }

        return results.Sum();
    }

    /// <summary>Takes the memory that the probe needs.</summary>
    public virtual void Prepare()
    {
    }

    /// <summary>Gives it back.</summary>
    public virtual void Release()
    {
    }

    /// <summary>The line of results.</summary>
    internal CeilingLine Line(Samples times) => new()
    {
        Name = Name,
        Value = Work / times.Median / 1e9,
        Unit = Unit,
        Threads = Threads == Environment.ProcessorCount ? null : Threads,
        Spread = times.Spread,
        Provider = "nattn",
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Name}, {Threads} threads";

    /// <summary>Does one piece.</summary>
    protected abstract float Piece(int piece);
}
