using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Tool.Npy;

/// <summary>The element types of .npy files this program reads.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "NumPy's names of the types.")]
internal enum NpyElementType
{
    Bool,
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float16,
    Float32,
    Float64,
}
