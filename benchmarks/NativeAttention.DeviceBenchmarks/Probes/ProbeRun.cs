using NativeAttention.Cuda;

namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>A probe with its memory on a device.</summary>
internal sealed class ProbeRun : IDisposable
{
    private readonly IProbeWork _work;
    private readonly CudaStream _stream;
    private readonly ProbeKernel _kernel;
    private readonly DeviceTensor<uint> _input;
    private readonly DeviceTensor<uint> _output;

    /// <summary>Loads the probe and fills its input.</summary>
    public ProbeRun(CudaStream stream, IProbeWork work, int blocks)
    {
        _work = work;
        _stream = stream;
        Blocks = blocks;
        CudaDevice device = stream.Device;
        _kernel = new ProbeKernel(device, work.Probe);
        _input = device.Allocate<uint>([work.Copies, work.Input.Length], stream);
        _output = device.Allocate<uint>([blocks, work.Probe.Threads * work.OutputsPerThread], stream);
        _input.Slice(0, 0, 1).Upload(work.Input, stream);
        for (int copy = 1; copy < work.Copies; copy++)
        {
            _input.Slice(0, 0, 1).CopyTo(_input.Slice(0, copy, 1), stream);
        }
    }

    /// <summary>Blocks of a launch.</summary>
    public int Blocks { get; }

    /// <summary>What the driver's compiler said.</summary>
    public string CompilerLog => _kernel.CompilerLog;

    /// <summary>Operations or bytes of one launch.</summary>
    public double Work(long iterations) => Blocks * _work.Probe.WorkPerBlock * iterations;

    /// <summary>Puts one launch into the stream.</summary>
    public void Launch(long iterations) => _kernel.Launch(_input, _output, Blocks, iterations, _stream);

    /// <summary>Launches once on poisoned output and compares.</summary>
    /// <returns>What is wrong; null when nothing is.</returns>
    public string? Check(long iterations)
    {
        uint[] output = new uint[_output.Count];
        Array.Fill(output, uint.MaxValue);
        _output.Upload(output, _stream);
        Launch(iterations);
        _output.Download(output, _stream);
        return _work.Check(output, iterations);
    }

    public void Dispose()
    {
        _output.Dispose();
        _input.Dispose();
        _kernel.Dispose();
    }
}
