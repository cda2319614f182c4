using System.Globalization;
using System.Text;

namespace NativeAttention.Bindings;

/// <summary>A call of the CUDA driver failed.</summary>
public sealed class CudaException : Exception
{
    /// <summary>Creates the exception of a failed call.</summary>
    /// <param name="result">The code that the call returned.</param>
    /// <param name="call">Exact name of the call, such as <c>cuMemAlloc_v2</c>.</param>
    /// <param name="device">Ordinal of the device, or -1 when the call concerns no device.</param>
    /// <param name="finding">What else is known: a compiler log, the report of the emulator.</param>
    public CudaException(CudaResult result, string call, int device, string? finding = null)
        : this(result, CudaResultNames.NameOf(result) ?? "unnamed error", call, device, "", "", finding)
    {
    }

    internal CudaException(
        CudaResult result, string name, string call, int device, string text, string hint, string? finding)
        : base(Compose(result, name, call, device, text, hint, finding))
    {
        Result = result;
        ResultName = name;
        Call = call;
        Device = device;
        Finding = finding;
    }

    /// <summary>The code that the driver returned.</summary>
    public CudaResult Result { get; }

    /// <summary>The driver's name of the code, such as <c>CUDA_ERROR_OUT_OF_MEMORY</c>.</summary>
    public string ResultName { get; }

    /// <summary>Exact name of the call that failed, such as <c>cuMemAlloc_v2</c>.</summary>
    public string Call { get; }

    /// <summary>Ordinal of the device, or -1 when the call concerns no device.</summary>
    public int Device { get; }

    /// <summary>What else is known: a compiler log, the report of the emulator; or null.</summary>
    public string? Finding { get; }

    /// <summary>
    /// Whether the context was lost: every further call on the device fails until its primary context is
    /// reset.
    /// </summary>
    public bool IsContextLost => LosesContext(Result);

    /// <summary>Codes after which a context is of no further use.</summary>
    internal static bool LosesContext(CudaResult result)
    {
        return result is CudaResult.IllegalAddress
            or CudaResult.LaunchTimeout
            or CudaResult.Assert
            or CudaResult.HardwareStackError
            or CudaResult.IllegalInstruction
            or CudaResult.MisalignedAddress
            or CudaResult.InvalidAddressSpace
            or CudaResult.InvalidProgramCounter
            or CudaResult.LaunchFailed
            or CudaResult.EccUncorrectable
            or CudaResult.NvlinkUncorrectable
            or CudaResult.Contained
            or CudaResult.TensorMemoryLeak
            or CudaResult.ContextIsDestroyed;
    }

    private static string Compose(
        CudaResult result, string name, string call, int device, string text, string hint, string? finding)
    {
        StringBuilder message = new();
        message.Append(call).Append(" failed");
        if (device >= 0)
        {
            message.Append(CultureInfo.InvariantCulture, $" on device {device}");
        }

        message.Append(CultureInfo.InvariantCulture, $": {name} ({(int)result})");
        if (text.Length > 0)
        {
            message.Append(", ").Append(text);
        }

        message.Append('.').Append(hint);
        if (!string.IsNullOrEmpty(finding))
        {
            message.AppendLine().Append(finding);
        }

        return message.ToString();
    }
}
