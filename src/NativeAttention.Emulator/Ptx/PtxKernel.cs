namespace NativeAttention.Emulation;

/// <summary>An entry point, decoded and ready to run.</summary>
internal sealed class PtxKernel
{
    /// <summary>Entry name.</summary>
    public required string Name { get; init; }

    /// <summary>Size of the parameter block in PTX layout.</summary>
    public int ParameterBytes { get; init; }

    /// <summary>Offset and size of every parameter.</summary>
    public IReadOnlyList<(int Offset, int Size)> Parameters { get; init; } = [];

    /// <summary>Threads per block allowed by <c>.maxntid</c> or demanded by <c>.reqntid</c>; null without either.</summary>
    public int? MaxThreads { get; init; }

    /// <summary>Bytes of shared memory declared with a size.</summary>
    public int StaticSharedBytes { get; init; }

    /// <summary>Bytes of local memory per thread.</summary>
    public int LocalBytes { get; init; }

    /// <summary>Estimate of the 32-bit registers a thread needs, from the live ranges.</summary>
    public int RegisterEstimate { get; init; }
}
