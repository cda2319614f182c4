using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>What one device tells the log. Event ids are stable; messages name the device.</summary>
internal sealed partial class DeviceJournal(string device, ILoggerFactory? loggers)
{
    private readonly string _device = device;
    private readonly ILogger _logger =
        (loggers ?? NullLoggerFactory.Instance).CreateLogger("NativeAttention.Cuda");

    /// <summary>A device was opened.</summary>
    public void DeviceOpened(string product, Version capability, long memory, Version driver,
        string library) =>
        LogDeviceOpened(_device, product, capability, memory >> 20, driver, library);

    /// <summary>A device was disposed, and with it what was still alive.</summary>
    public void DeviceClosed(int leftovers) => LogDeviceClosed(_device, leftovers);

    /// <summary>A problem was planned.</summary>
    public void KernelChosen(AttentionProblem problem, KernelEntry kernel, string reason)
    {
        if (_logger.IsEnabled(LogLevel.Information))
        {
            KernelChosen(DensePlanner.Describe(problem), kernel.Name, reason);
        }
    }

    /// <summary>A problem was planned; of several kernels the names are joined.</summary>
    public void KernelChosen(string problem, string kernel, string reason) =>
        LogKernelChosen(_device, problem, kernel, reason);

    /// <summary>A module was loaded.</summary>
    public void ModuleLoaded(string module, TimeSpan time, string source) =>
        LogModuleLoaded(_device, module, time.TotalMilliseconds, source);

    /// <summary>
    /// What the driver's compiler said about a module. Messages C7500 to C7599 tell of code that runs, but
    /// not as it was written (serialised matrix products, ignored register limits), so those are warnings.
    /// </summary>
    public void CompilerMessage(string module, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        if (SerialisedCode().IsMatch(text))
        {
            LogCompilerWarning(_device, module, text);
        }
        else
        {
            LogCompilerMessage(_device, module, text);
        }
    }

    /// <summary>A driver call failed where nothing may be thrown.</summary>
    public void TearDownFailed(string kind, CudaException failure) =>
        LogTearDownFailed(failure, _device, kind);

    [GeneratedRegex(@"\bC75\d\d\b")]
    private static partial Regex SerialisedCode();

    [LoggerMessage(1, LogLevel.Information,
        "{Device}: opened {Product}, compute capability {Capability}, {Mebibytes} MiB, "
        + "driver CUDA {Driver} from {Library}")]
    private partial void LogDeviceOpened(string device, string product, Version capability, long mebibytes,
        Version driver, string library);

    [LoggerMessage(2, LogLevel.Debug,
        "{Device}: closed; {Leftovers} resource(s) were still alive and went with it")]
    private partial void LogDeviceClosed(string device, int leftovers);

    [LoggerMessage(3, LogLevel.Information, "{Device}: {Problem} runs on {Kernel}: {Reason}")]
    private partial void LogKernelChosen(string device, string problem, string kernel, string reason);

    [LoggerMessage(4, LogLevel.Information,
        "{Device}: loaded module {Module} in {Milliseconds:F1} ms from {Source}")]
    private partial void LogModuleLoaded(string device, string module, double milliseconds, string source);

    [LoggerMessage(5, LogLevel.Debug, "{Device}: driver on module {Module}: {Text}")]
    private partial void LogCompilerMessage(string device, string module, string text);

    [LoggerMessage(6, LogLevel.Warning, "{Device}: driver warns on module {Module}: {Text}")]
    private partial void LogCompilerWarning(string device, string module, string text);

    [LoggerMessage(7, LogLevel.Warning, "{Device}: giving back a {Kind} failed")]
    private partial void LogTearDownFailed(Exception failure, string device, string kind);
}
