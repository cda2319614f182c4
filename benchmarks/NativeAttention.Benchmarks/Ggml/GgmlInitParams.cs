using System.Runtime.InteropServices;

namespace NativeAttention.Benchmarks.Ggml;

/// <summary>The <c>ggml_init_params</c> of ggml 0.21.0.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GgmlInitParams
{
    public nuint MemorySize;
    public nint MemoryBuffer;
    public byte NoAlloc;
}
