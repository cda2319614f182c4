using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using NativeAttention.Tool.App;

namespace NativeAttention.Benchmarks.Ggml;

/// <summary>
/// The functions of ggml that flash attention on its CPU backend takes, out of libraries that somebody built.
/// They are of version 0.21.0; another one may have other structures, which a case's comparison with float64
/// then shows.
/// </summary>
internal sealed unsafe class GgmlLibrary
{
    private const string Base = "libggml-base.so";
    private const string Cpu = "libggml-cpu.so";

    private readonly delegate* unmanaged[Cdecl]<byte*> _version;
    private readonly delegate* unmanaged[Cdecl]<byte*> _commit;

    private GgmlLibrary(nint @base, nint cpu)
    {
        _version = (delegate* unmanaged[Cdecl]<byte*>)Export(@base, "ggml_version");
        _commit = (delegate* unmanaged[Cdecl]<byte*>)Export(@base, "ggml_commit");
        Init = (delegate* unmanaged[Cdecl]<GgmlInitParams, nint>)Export(@base, "ggml_init");
        Free = (delegate* unmanaged[Cdecl]<nint, void>)Export(@base, "ggml_free");
        NewTensor = (delegate* unmanaged[Cdecl]<nint, GgmlType, long, long, long, long, nint>)
            Export(@base, "ggml_new_tensor_4d");
        FlashAttention = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, float, float, float, nint>)
            Export(@base, "ggml_flash_attn_ext");
        NewGraph = (delegate* unmanaged[Cdecl]<nint, nint>)Export(@base, "ggml_new_graph");
        BuildForward = (delegate* unmanaged[Cdecl]<nint, nint, void>)
            Export(@base, "ggml_build_forward_expand");
        ByteCount = (delegate* unmanaged[Cdecl]<nint, nuint>)Export(@base, "ggml_nbytes");
        BufferOf = (delegate* unmanaged[Cdecl]<void*, nuint, nint>)
            Export(@base, "ggml_backend_cpu_buffer_from_ptr");
        FreeBuffer = (delegate* unmanaged[Cdecl]<nint, void>)Export(@base, "ggml_backend_buffer_free");
        Place = (delegate* unmanaged[Cdecl]<nint, nint, void*, int>)
            Export(@base, "ggml_backend_tensor_alloc");
        Plan = (delegate* unmanaged[Cdecl]<nint, int, nint, GgmlPlan>)Export(cpu, "ggml_graph_plan");
        Compute = (delegate* unmanaged[Cdecl]<nint, GgmlPlan*, int>)Export(cpu, "ggml_graph_compute");
    }

    /// <summary>Version and commit, as the library tells them.</summary>
    public string Version => $"{Text(_version())} ({Text(_commit())})";

    public delegate* unmanaged[Cdecl]<GgmlInitParams, nint> Init { get; }

    public delegate* unmanaged[Cdecl]<nint, void> Free { get; }

    public delegate* unmanaged[Cdecl]<nint, GgmlType, long, long, long, long, nint> NewTensor { get; }

    public delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, float, float, float, nint> FlashAttention
    {
        get;
    }

    public delegate* unmanaged[Cdecl]<nint, nint> NewGraph { get; }

    public delegate* unmanaged[Cdecl]<nint, nint, void> BuildForward { get; }

    public delegate* unmanaged[Cdecl]<nint, nuint> ByteCount { get; }

    public delegate* unmanaged[Cdecl]<void*, nuint, nint> BufferOf { get; }

    public delegate* unmanaged[Cdecl]<nint, void> FreeBuffer { get; }

    public delegate* unmanaged[Cdecl]<nint, nint, void*, int> Place { get; }

    public delegate* unmanaged[Cdecl]<nint, int, nint, GgmlPlan> Plan { get; }

    public delegate* unmanaged[Cdecl]<nint, GgmlPlan*, int> Compute { get; }

    /// <summary>Loads the libraries that lie in a folder.</summary>
    /// <exception cref="ToolException">They are not there, or are not such libraries.</exception>
    public static GgmlLibrary Load(string folder)
    {
        RequireIn(folder);
        try
        {
            // In this order: the second one needs the first, which is found by its name once it is loaded.
            nint @base = NativeLibrary.Load(Path.GetFullPath(Path.Combine(folder, Base)));
            return new GgmlLibrary(@base, NativeLibrary.Load(Path.GetFullPath(Path.Combine(folder, Cpu))));
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException
            or EntryPointNotFoundException)
        {
            throw ToolException.BadInput(
                $"--ggml is '{folder}', whose libraries do not load: {e.Message}", e);
        }
    }

    /// <summary>Refuses a folder without the libraries.</summary>
    /// <exception cref="ToolException">They are not there.</exception>
    public static void RequireIn(string folder)
    {
        if (new[] { Base, Cpu }.FirstOrDefault(f => !File.Exists(Path.Combine(folder, f))) is { } missing)
        {
            throw ToolException.BadInput($"--ggml is '{folder}', a folder without {missing}: it must be "
                + "the one that ggml's shared libraries were built in (benchmarks/README.md)");
        }
    }

    private static nint Export(nint library, string name) => NativeLibrary.GetExport(library, name);

    [SuppressMessage("Globalization", "CA2101", Justification = "The text is ASCII.")]
    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "?";
}
