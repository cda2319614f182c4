using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>A dense kernel that is loaded, with everything its problem fixes.</summary>
internal sealed class DenseKernel
{
    private readonly CudaDevice _device;
    private readonly nint _function;
    private readonly uint _grid;
    private readonly int _elementBytes;
    private readonly int _valueHeads;

    /// <summary>Loads a kernel for a problem; the caller holds the device open.</summary>
    public DenseKernel(CudaDevice device, AttentionProblem problem, KernelEntry entry)
    {
        _device = device;
        Entry = entry;
        _grid = (uint)DensePlanner.GridSize(entry, problem.Shape);
        _elementBytes = ElementTypes.SizeInBytes(problem.ElementType);
        _valueHeads = problem.Shape.ValueHeads;
        Template = DenseOperands.Template(problem);
        _function = device.Modules.Get(entry);
    }

    /// <summary>What the manifest says of it.</summary>
    public KernelEntry Entry { get; }

    /// <summary>The parameters with everything that the problem fixes: a run adds addresses.</summary>
    public DenseModifiedParams Template { get; }

    /// <summary>
    /// Puts one launch into a stream. Allocates nothing; launches nothing when there is no query.
    /// </summary>
    /// <param name="p">The parameters; the flags of their tensors are set here.</param>
    /// <param name="stream">The stream's handle.</param>
    public unsafe void Launch(DenseModifiedParams p, nint stream)
    {
        if (_grid == 0)
        {
            return;
        }

        // A kernel for plain problems reads only the first part.
        DenseOperands.SetFlags(ref p.Dense, _valueHeads, _elementBytes);
        _device.Context.Launch(_function, _grid, (uint)Entry.Threads, (uint)Entry.SharedBytes, stream, &p);
    }
}
