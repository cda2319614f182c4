namespace NativeAttention.Emulation;

/// <summary>An entry point of a module, decoded and ready to run.</summary>
public sealed class PtxKernel
{
    internal PtxKernel(PtxFunction function, PtxProgram program)
    {
        Name = function.Name;
        ParameterBytes = function.ParameterBytes;
        Parameters = [.. function.Parameters.Select(Describe)];
        MaxThreads = function.MaxThreads;
        RequiresExactThreads = function.RequiresExactThreads;
        RegisterBound = RegisterPool.Bound(function.MaxThreads, function.MaxRegisters);
        Program = program;
    }

    /// <summary>Entry name.</summary>
    public string Name { get; }

    /// <summary>Its parameters in order.</summary>
    public IReadOnlyList<PtxParameter> Parameters { get; }

    /// <summary>Size of the parameter block in PTX layout, in bytes.</summary>
    public int ParameterBytes { get; }

    /// <summary>Threads per block allowed by <c>.maxntid</c> or demanded by <c>.reqntid</c>; null without
    /// either.</summary>
    public int? MaxThreads { get; }

    /// <summary>True when a block must have exactly <see cref="MaxThreads"/> threads.</summary>
    public bool RequiresExactThreads { get; }

    /// <summary>Bytes of shared memory declared with a size; dynamic shared memory starts after
    /// them.</summary>
    public int StaticSharedBytes { get; internal init; }

    /// <summary>Bytes of local memory per thread.</summary>
    public int LocalBytes { get; internal init; }

    /// <summary>
    /// Estimate of the 32-bit registers a thread needs: the most that are live at one point. The assembler
    /// may need more (alignment, address arithmetic) or fewer (it reorders).
    /// </summary>
    public int RegisterEstimate => Program.RegisterEstimate;

    /// <summary>Registers a thread starts with, as far as the bounds of the kernel say; 0 without
    /// any.</summary>
    internal int RegisterBound { get; }

    /// <summary>Memory of the module it belongs to.</summary>
    internal DeviceMemory? Memory { get; init; }

    /// <summary>The executable form.</summary>
    internal PtxProgram Program { get; }

    /// <summary>The entry as declared: name and parameters.</summary>
    public override string ToString() => $"{Name}({string.Join(", ", Parameters)})";

    private static PtxParameter Describe(PtxSymbol p) =>
        new(p.Name, p.Type.Name(), (int)p.Address, (int)p.Bytes, p.IsArray);
}
