using System.Text;
using NativeAttention.Cuda;

namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>
/// A probe that is loaded. Probes are no attention and do not ship, so the library has no public way to run
/// them: this is the one place of the benchmark that uses its inner driver calls.
/// </summary>
internal sealed class ProbeKernel : IDisposable
{
    private readonly CudaDevice _device;
    private readonly nint _module;
    private readonly nint _function;

    /// <summary>Loads a probe from the file beside the program.</summary>
    /// <exception cref="FileNotFoundException">The file is not there.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused it.</exception>
    public ProbeKernel(CudaDevice device, Probe probe)
    {
        _device = device;
        Probe = probe;
        byte[] image = [.. File.ReadAllBytes(PathOf(probe)), 0];
        using CudaDevice.Scope scope = device.Use();
        _module = device.Context.LoadModule(image, out string log);
        _function = device.Context.GetFunction(_module, probe.Name);
        CompilerLog = log;
        if (probe.SharedBytes > 0)
        {
            device.Context.AllowSharedMemory(_function, probe.SharedBytes);
        }
    }

    /// <summary>What it is.</summary>
    public Probe Probe { get; }

    /// <summary>What the driver's compiler said.</summary>
    public string CompilerLog { get; }

    /// <summary>The file of a probe.</summary>
    public static string PathOf(Probe probe) =>
        Path.Combine(AppContext.BaseDirectory, "probes", probe.Name + ".ptx");

    /// <summary>Text of a probe.</summary>
    public static string ReadPtx(Probe probe) => File.ReadAllText(PathOf(probe), Encoding.UTF8);

    /// <summary>Puts one launch into a stream.</summary>
    public unsafe void Launch<TIn, TOut>(DeviceTensor<TIn> input, DeviceTensor<TOut> output, int blocks,
        long iterations, CudaStream stream)
        where TIn : unmanaged
        where TOut : unmanaged
    {
        using CudaDevice.Scope scope = _device.Use();
        ProbeParameters parameters = new()
        {
            Input = input.AsView().Pointer,
            Output = output.AsView().Pointer,
            Iterations = (ulong)iterations,
        };
        _device.Context.Launch(_function, (uint)blocks, (uint)Probe.Threads, (uint)Probe.SharedBytes,
            stream.Handle, &parameters);
    }

    public void Dispose()
    {
        using CudaDevice.Scope scope = _device.Use();
        _device.Context.Synchronize();
        _device.Context.UnloadModule(_module);
    }
}
