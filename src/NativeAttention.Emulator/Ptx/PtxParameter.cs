namespace NativeAttention.Emulation;

/// <summary>A parameter of an entry point.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type without the dot, such as <c>u64</c>; of an array that of its elements. A
/// structure passed by value is an array of <c>b8</c>.</param>
/// <param name="Offset">Offset in the parameter block, in bytes.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="IsArray">True for an array, such as a structure passed by value.</param>
public readonly record struct PtxParameter(string Name, string Type, int Offset, int Size, bool IsArray)
{
    /// <summary>As declared: type, name, and size where it is an array.</summary>
    public override string ToString() => FormattableString.Invariant(
        $".{Type} {Name}{(IsArray ? $"[{Size} bytes]" : "")}");
}
