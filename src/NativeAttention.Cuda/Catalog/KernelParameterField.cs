namespace NativeAttention.Cuda;

/// <summary>One field of a kernel's parameter struct.</summary>
/// <param name="Name">Name, for example <c>Query.Data</c>.</param>
/// <param name="Offset">Bytes from the start of the struct.</param>
/// <param name="Bytes">Size in bytes.</param>
public sealed record KernelParameterField(string Name, int Offset, int Bytes);
