using System.Runtime.InteropServices;

namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>The parameter of every probe: the twin of <c>na::ProbeParams</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ProbeParameters
{
    /// <summary>Device address of the input.</summary>
    public ulong Input;

    /// <summary>Device address of the output.</summary>
    public ulong Output;

    /// <summary>How often the probe does its work.</summary>
    public ulong Iterations;
}
