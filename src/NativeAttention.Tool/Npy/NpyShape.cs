namespace NativeAttention.Tool.Npy;

/// <summary>Shapes for people.</summary>
internal static class NpyShape
{
    /// <summary>A shape as <c>[2, 3, 4]</c>.</summary>
    public static string Format(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}
