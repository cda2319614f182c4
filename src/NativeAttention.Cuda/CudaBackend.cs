using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>Attention on one CUDA device, real or emulated, for an <see cref="AttentionRuntime"/>.</summary>
/// <example>
/// <code>
/// using AttentionRuntime runtime = new([CudaBackend.TryOpen(loggers), CpuBackend.Default], loggers);
/// </code>
/// </example>
public sealed partial class CudaBackend : AttentionBackend
{
    private CudaBackend(CudaDevice device) => Device = device;

    /// <summary>The device, for work on device tensors. It belongs to the backend.</summary>
    public CudaDevice Device { get; }

    /// <inheritdoc/>
    public override string Name => Device.Name;

    /// <inheritdoc/>
    public override string Description =>
        $"{Device.ProductName}, compute capability {Device.ComputeCapability}, "
        + $"{Device.TotalMemory >> 20} MiB, driver CUDA {Device.DriverVersion}";

    /// <summary>Opens the first GPU, or returns null when there is none to use; the log says why.</summary>
    /// <param name="loggers">Where to log; null for nowhere.</param>
    public static CudaBackend? TryOpen(ILoggerFactory? loggers = null) =>
        TryOpen(0, loggers, out CudaBackend? backend, out _) ? backend : null;

    /// <summary>Opens a GPU, or says why it cannot be used.</summary>
    /// <param name="ordinal">Which one, counted from 0.</param>
    /// <param name="loggers">Where to log; null for nowhere.</param>
    /// <param name="backend">The backend.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    public static bool TryOpen(int ordinal, ILoggerFactory? loggers,
        [NotNullWhen(true)] out CudaBackend? backend, [NotNullWhen(false)] out string? reason)
    {
        backend = null;
        try
        {
            if (CudaDriver.TryLoad(out CudaDriver? driver, out reason))
            {
                backend = Open(driver, ordinal, loggers);
                return true;
            }
        }
        catch (Exception failure) when (
            failure is CudaException or NotSupportedException or ArgumentException)
        {
            reason = failure.Message;
        }

        LogUnavailable((loggers ?? NullLoggerFactory.Instance).CreateLogger("NativeAttention.Cuda"), ordinal,
            reason);
        return false;
    }

    /// <summary>Opens a GPU through the installed driver.</summary>
    /// <param name="ordinal">Which one, counted from 0.</param>
    /// <param name="loggers">Where to log; null for nowhere.</param>
    /// <exception cref="NotSupportedException">No usable driver, or the device is too old; the message says
    /// what is needed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static CudaBackend Open(int ordinal = 0, ILoggerFactory? loggers = null) =>
        Open(CudaDriver.Load(), ordinal, loggers);

    /// <summary>Opens a device of a given driver, for example of the emulator.</summary>
    /// <param name="driver">The driver's function table.</param>
    /// <param name="ordinal">Which device of that driver, counted from 0.</param>
    /// <param name="loggers">Where to log; null for nowhere.</param>
    /// <exception cref="NotSupportedException">The device is too old; the message says what is
    /// needed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    /// <exception cref="CudaException">The driver refused.</exception>
    public static CudaBackend Open(CudaDriver driver, int ordinal = 0, ILoggerFactory? loggers = null)
    {
        CudaDevice device = CudaDevice.Open(driver, ordinal, loggers);
        if (DensePlanner.CapabilityRefusal(device.Capability) is string refusal)
        {
            string message = $"{device} cannot be used: {refusal}.";
            device.Dispose();
            throw new NotSupportedException(message);
        }

        return new CudaBackend(device);
    }

    /// <inheritdoc/>
    public override bool CanRun(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return Device.CanRun(problem, out reason);
    }

    /// <inheritdoc/>
    public override HostAttentionPlan<T> PlanHost<T>(AttentionProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return new DeviceHostPlan<T>(Device, problem);
    }

    /// <inheritdoc/>
    public override bool CanScore(AttentionProblem problem, ScoreRequest request,
        [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(request);
        return Device.CanScore(problem, out reason);
    }

    /// <inheritdoc/>
    public override HostScorePlan<T> PlanScores<T>(AttentionProblem problem, ScoreRequest request)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return new DeviceHostScorePlan<T>(Device, problem, request);
    }

    /// <inheritdoc/>
    public override bool CanRun(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return Device.CanRun(problem, out reason);
    }

    /// <inheritdoc/>
    public override HostNeighborhoodPlan<T> PlanNeighborhood<T>(NeighborhoodProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return new DeviceHostNeighborhoodPlan<T>(Device, problem);
    }

    /// <inheritdoc/>
    public override bool CanRunBackward(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return Device.CanRunBackward(problem, out reason);
    }

    /// <inheritdoc/>
    public override HostBackwardPlan<T> PlanBackward<T>(AttentionProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return new DeviceHostBackwardPlan<T>(Device, problem);
    }

    /// <inheritdoc/>
    public override bool CanRunBackward(NeighborhoodProblem problem, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return Device.CanRunBackward(problem.Lowered, out reason);
    }

    /// <inheritdoc/>
    public override HostBackwardPlan<T> PlanBackward<T>(NeighborhoodProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return new DeviceHostBackwardPlan<T>(Device, problem);
    }

    /// <summary>Disposes the device and everything it made. A second call does nothing.</summary>
    public override void Dispose() => Device.Dispose();

    [LoggerMessage(8, LogLevel.Information, "cuda:{Ordinal}: not available: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, int ordinal, string reason);
}
