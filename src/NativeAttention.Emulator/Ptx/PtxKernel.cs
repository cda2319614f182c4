namespace NativeAttention.Emulation;

/// <summary>An entry point, decoded and ready to run.</summary>
internal sealed class PtxKernel
{
    /// <summary>Entry name.</summary>
    public required string Name { get; init; }

    /// <summary>Size of the parameter block in PTX layout.</summary>
    public required int ParameterBytes { get; init; }

    /// <summary>Offset and size of every parameter.</summary>
    public required IReadOnlyList<(int Offset, int Size)> Parameters { get; init; }

    /// <summary>Threads per block allowed by <c>.maxntid</c> or demanded by <c>.reqntid</c>; null without
    /// either.</summary>
    public required int? MaxThreads { get; init; }

    /// <summary>Registers a thread starts with, as far as the bounds of the kernel say; 0 without
    /// any.</summary>
    public required int RegisterBound { get; init; }

    /// <summary>True when a block must have exactly <see cref="MaxThreads"/> threads.</summary>
    public required bool RequiresExactThreads { get; init; }

    /// <summary>Bytes of shared memory declared with a size; dynamic shared memory starts after
    /// them.</summary>
    public required int StaticSharedBytes { get; init; }

    /// <summary>Bytes of local memory per thread.</summary>
    public required int LocalBytes { get; init; }

    /// <summary>Estimate of the 32-bit registers a thread needs, from the live ranges.</summary>
    public required int RegisterEstimate { get; init; }

    /// <summary>The executable form.</summary>
    public required PtxProgram Program { get; init; }
}
