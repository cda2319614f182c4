using System.Runtime.InteropServices;

namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>Work of the reading probe: copies of what the whole launch reads in one iteration.</summary>
internal sealed class ReadWork : IProbeWork
{
    private const int InFlight = 8;
    private const int WordsPerLoad = 4;
    private readonly int _threads;

    /// <summary>Makes the work.</summary>
    /// <param name="blocks">Blocks of the launch.</param>
    /// <param name="iterations">Iterations of the launch.</param>
    /// <param name="random">Where the bytes come from.</param>
    public ReadWork(int blocks, int iterations, Random random)
    {
        _threads = blocks * Probe.Threads;
        Copies = iterations;
        Input = new uint[_threads * InFlight * WordsPerLoad];
        random.NextBytes(MemoryMarshal.AsBytes(Input.AsSpan()));
    }

    public Probe Probe => Probe.Read;

    public uint[] Input { get; }

    public int Copies { get; }

    public int OutputsPerThread => 1;

    public long? Iterations => Copies;

    public string? Check(ReadOnlySpan<uint> output, long iterations)
    {
        for (int thread = 0; thread < _threads; thread++)
        {
            uint sum = 0;
            for (int load = 0; load < InFlight; load++)
            {
                int from = ((load * _threads) + thread) * WordsPerLoad;
                sum += Input[from] + Input[from + 1] + Input[from + 2] + Input[from + 3];
            }

            if (output[thread] != unchecked(sum * (uint)iterations))
            {
                return $"thread {thread} has the sum {output[thread]}, not {unchecked(sum * (uint)iterations)}";
            }
        }

        return null;
    }
}
