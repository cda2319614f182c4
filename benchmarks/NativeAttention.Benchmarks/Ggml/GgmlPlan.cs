using System.Runtime.InteropServices;

namespace NativeAttention.Benchmarks.Ggml;

/// <summary>The <c>ggml_cplan</c> of ggml 0.21.0.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GgmlPlan
{
    public nuint WorkSize;
    public nint WorkData;
    public int Threads;
    public nint Threadpool;
    public nint AbortCallback;
    public nint AbortCallbackData;
    public byte UseReference;
}
