using System.Diagnostics.CodeAnalysis;

namespace NativeAttention;

/// <summary>
/// The element types that query, key, value and output may have. Accumulation is float32 always.
/// </summary>
[SuppressMessage("Naming", "CA1720", Justification = "The names of the formats are what users look for.")]
public enum ElementType
{
    /// <summary>IEEE 754 binary32, <see cref="float"/>.</summary>
    Float32,

    /// <summary>IEEE 754 binary16, <see cref="Half"/>.</summary>
    Float16,

    /// <summary>bfloat16: the upper half of a binary32, <see cref="NativeAttention.BFloat16"/>.</summary>
    BFloat16,
}
