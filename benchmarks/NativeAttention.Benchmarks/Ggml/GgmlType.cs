namespace NativeAttention.Benchmarks.Ggml;

/// <summary>The values of <c>ggml_type</c> that are used here.</summary>
internal enum GgmlType
{
    F32 = 0,
    F16 = 1,
}
