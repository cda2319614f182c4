using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention.Bindings;

// Results into exceptions. Only the comparison is on the hot path.
public sealed unsafe partial class CudaDriver
{
    /// <summary>Throws a <see cref="CudaException"/> unless a call succeeded.</summary>
    /// <param name="result">What the call returned.</param>
    /// <param name="call">Exact name of the export, such as <c>cuMemAlloc_v2</c>.</param>
    /// <param name="device">Device ordinal, or -1 when the call concerns no device.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Check(CudaResult result, string call, int device = -1)
    {
        if (result != CudaResult.Success)
        {
            ThrowFailure(result, call, device, null);
        }
    }

    /// <summary>The exception for a failed call, with names, hint and the emulator's finding.</summary>
    /// <param name="result">What the call returned; not <see cref="CudaResult.Success"/>.</param>
    /// <param name="call">Exact name of the export.</param>
    /// <param name="device">Device ordinal, or -1.</param>
    /// <param name="finding">What else is known, such as a JIT log; the emulator's if null.</param>
    internal CudaException CreateException(CudaResult result, string call, int device, string? finding = null)
    {
        finding ??= LastFinding?.Invoke(device);
        return new CudaException(result, Name(result), call, device, Text(result), HintFor(result), finding);
    }

    /// <summary>The driver's constant for a code, such as <c>CUDA_ERROR_OUT_OF_MEMORY</c>.</summary>
    internal string Name(CudaResult result)
    {
        byte* name = null;
        if (GetErrorName == null || GetErrorName(result, &name) != CudaResult.Success)
        {
            name = null;
        }

        return Marshal.PtrToStringUTF8((nint)name) ?? CudaResultNames.NameOf(result) ?? "unnamed error";
    }

    /// <summary>The driver's one-line description of a code; empty when it has none.</summary>
    internal string Text(CudaResult result)
    {
        byte* text = null;
        if (GetErrorString == null || GetErrorString(result, &text) != CudaResult.Success)
        {
            text = null;
        }

        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowFailure(CudaResult result, string call, int device, string? finding)
    {
        throw CreateException(result, call, device, finding);
    }

    private string Describe(CudaResult result)
    {
        string text = Text(result);
        string colon = text.Length == 0 ? "" : ": ";
        return FormattableString.Invariant($"{Name(result)} ({(int)result}){colon}{text}");
    }

    /// <summary>What to do about a code, starting with a space; empty when there is nothing to say.</summary>
    private string HintFor(CudaResult result)
    {
        return result switch
        {
            CudaResult.UnsupportedPtxVersion =>
                $" This driver supports CUDA {VersionText(Version)}; kernels for sm_80 need "
                + $"{MinimumVersionText} or newer, "
                + "kernels for sm_90a need CUDA 12.3 (driver branch 545) or newer.",
            CudaResult.NoBinaryForGpu =>
                " The module holds no code for this device: compute capability 8.0 or newer is needed, "
                + "and code for sm_90a runs on compute capability 9.0 only.",
            CudaResult.OutOfMemory => " Free device memory, or use smaller batches or sequences.",
            CudaResult.NoDevice =>
                " The driver is installed but sees no device: check nvidia-smi, CUDA_VISIBLE_DEVICES and, "
                + "in a container, that the device is passed through.",
            CudaResult.StubLibrary => " The library is the toolkit's stub for linking: use the driver's own.",
            _ when CudaException.LosesContext(result) =>
                " The context is lost: every further call on this device fails until the process ends or the "
                + "primary context is reset.",
            _ => "",
        };
    }
}
