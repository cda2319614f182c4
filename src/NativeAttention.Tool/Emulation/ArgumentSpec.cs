using NativeAttention.Emulation;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Emulation;

/// <summary>One <c>--arg</c>: what a kernel is given for a parameter, or at an offset of its parameter
/// block.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Offset">Offset in the parameter block; null for the next parameter.</param>
internal abstract record ArgumentSpec(string Text, int? Offset);

/// <summary>A number.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Offset">Offset in the parameter block; null for the next parameter.</param>
/// <param name="Value">The number for a parameter.</param>
/// <param name="Bytes">The number for a parameter block.</param>
internal sealed record ScalarSpec(string Text, int? Offset, PtxArgument Value, byte[] Bytes)
    : ArgumentSpec(Text, Offset);

/// <summary>A buffer: given by its address.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Offset">Offset in the parameter block; null for the next parameter.</param>
/// <param name="Path">The file it is read from, written to, or both.</param>
/// <param name="IsRead">Whether it starts with the content of the file.</param>
/// <param name="IsWritten">Whether its content becomes the file.</param>
/// <param name="Type">Type of the elements; null for that of the file.</param>
/// <param name="Shape">Length of every axis; null for that of the file.</param>
internal sealed record BufferSpec(
    string Text, int? Offset, string Path, bool IsRead, bool IsWritten, NpyElementType? Type, long[]? Shape)
    : ArgumentSpec(Text, Offset);
