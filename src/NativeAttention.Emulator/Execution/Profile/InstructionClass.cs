using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Emulation;

/// <summary>What part of a multiprocessor an instruction keeps busy, roughly.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "The names of the types are the plainest ones.")]
public enum InstructionClass
{
    /// <summary>Matrix products: mma, wgmma.</summary>
    Tensor,

    /// <summary>Arithmetic and comparison of 32-bit floats.</summary>
    Float32,

    /// <summary>Arithmetic and comparison of 64-bit floats.</summary>
    Float64,

    /// <summary>Arithmetic and comparison of 16-bit floats, also in pairs.</summary>
    Half,

    /// <summary>Arithmetic, logic and comparison of integers and predicates.</summary>
    Integer,

    /// <summary>Moves, selections, address conversions.</summary>
    Move,

    /// <summary>Conversions between types.</summary>
    Conversion,

    /// <summary>Exponential, logarithm, roots, reciprocals, sine, cosine, tangent.</summary>
    SpecialFunction,

    /// <summary>Exchange among the lanes of a warp.</summary>
    Warp,

    /// <summary>Loads and stores of global and constant memory.</summary>
    GlobalMemory,

    /// <summary>Loads and stores of shared memory, ldmatrix and stmatrix included.</summary>
    SharedMemory,

    /// <summary>Loads and stores of local memory.</summary>
    LocalMemory,

    /// <summary>Loads of parameters.</summary>
    ParameterMemory,

    /// <summary>Loads and stores by generic addresses.</summary>
    GenericMemory,

    /// <summary>Asynchronous copies and what waits for them.</summary>
    AsyncCopy,

    /// <summary>Atomic operations and reductions in memory.</summary>
    Atomic,

    /// <summary>Barriers and fences.</summary>
    Barrier,

    /// <summary>Branches, returns and the rest.</summary>
    Control,
}
