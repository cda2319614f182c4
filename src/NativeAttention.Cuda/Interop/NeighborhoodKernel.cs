using NativeAttention.Bindings;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>A neighborhood kernel that is loaded, with everything its problem fixes: tables, boxes, grids.</summary>
internal sealed class NeighborhoodKernel : IDisposable
{
    private readonly CudaDevice _device;
    private readonly MapProblem _problem;
    private readonly MapTables _tables;
    private readonly uint[] _grids;
    private readonly nint _function;

    /// <summary>Loads a kernel for a problem; the caller holds the device open.</summary>
    public NeighborhoodKernel(CudaDevice device, MapProblem problem, NeighborhoodChoice choice)
    {
        _device = device;
        _problem = problem;
        Entry = choice.Kernel;
        Template = NeighborhoodOperands.Template(problem);
        _grids = [.. choice.Passes.Select(pass => (uint)pass.Blocks(problem.Batch))];
        _function = device.Modules.Get(choice.Kernel);
        _tables = new MapTables(device, choice.Passes);
    }

    /// <summary>What the manifest says of it.</summary>
    public KernelEntry Entry { get; }

    /// <summary>The parameters with everything that the problem fixes: a run adds addresses.</summary>
    public NeighborhoodParams Template { get; }

    /// <summary>Bytes of device memory that the tables take.</summary>
    public long TableBytes => _tables.Bytes;

    /// <summary>
    /// Puts a launch for each map into a stream, with everything that they read held open. Allocates nothing.
    /// </summary>
    /// <param name="p">The parameters; map and flags are set here.</param>
    /// <param name="call">The call.</param>
    /// <param name="stream">The stream, which the call holds.</param>
    public unsafe void Launch(NeighborhoodParams p, ref DeviceCall call, CudaStream stream)
    {
        _tables.Hold(ref call, stream);
        p.Flags = NeighborhoodOperands.Flags(p, _problem);
        for (int i = 0; i < _grids.Length; i++)
        {
            p.Map = _tables[i];
            if (_grids[i] > 0)
            {
                _device.Context.Launch(_function, _grids[i], (uint)Entry.Threads, (uint)Entry.SharedBytes,
                    stream.Handle, &p);
            }
        }
    }

    /// <summary>Frees the tables behind their last use.</summary>
    public void Dispose() => _tables.Dispose();
}
