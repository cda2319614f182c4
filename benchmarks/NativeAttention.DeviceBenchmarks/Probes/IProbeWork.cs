namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>What a probe is given, and what must come out of it.</summary>
internal interface IProbeWork
{
    /// <summary>The probe.</summary>
    Probe Probe { get; }

    /// <summary>Its input, as 32-bit words.</summary>
    uint[] Input { get; }

    /// <summary>How many copies of the input lie one after another.</summary>
    int Copies { get; }

    /// <summary>32-bit words that a thread writes.</summary>
    int OutputsPerThread { get; }

    /// <summary>The only number of iterations that the input is good for; null for any.</summary>
    long? Iterations { get; }

    /// <summary>Compares the output of a launch with the reference.</summary>
    /// <returns>What is wrong; null when nothing is.</returns>
    string? Check(ReadOnlySpan<uint> output, long iterations);
}
