using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>A dense kernel that is loaded, with everything its problem fixes.</summary>
internal sealed class DenseKernel
{
    private readonly CudaDevice _device;
    private readonly nint _function;
    private readonly uint _grid;
    private readonly int _elementBytes;
    private readonly DenseForwardParams _template;

    /// <summary>Loads a kernel for a problem; the caller holds the device open.</summary>
    public DenseKernel(CudaDevice device, AttentionProblem problem, KernelEntry entry)
    {
        _device = device;
        Entry = entry;
        _grid = (uint)DensePlanner.GridSize(entry, problem.Shape);
        _elementBytes = ElementTypes.SizeInBytes(problem.ElementType);
        _template = DenseOperands.Template(problem);
        _function = device.Modules.Get(entry);
    }

    /// <summary>What the manifest says of it.</summary>
    public KernelEntry Entry { get; }

    /// <summary>
    /// Puts one launch into a stream. Allocates nothing; launches nothing when there is no query.
    /// </summary>
    /// <param name="query">Queries.</param>
    /// <param name="key">Keys.</param>
    /// <param name="value">Values.</param>
    /// <param name="output">Where the output goes.</param>
    /// <param name="lse">Address of the log-sum-exp, or 0.</param>
    /// <param name="stream">The stream's handle.</param>
    public unsafe void Launch(in TensorRef query, in TensorRef key, in TensorRef value, in TensorRef output,
        ulong lse, nint stream)
    {
        if (_grid == 0)
        {
            return;
        }

        DenseForwardParams p = _template;
        p.Query = query;
        p.Key = key;
        p.Value = value;
        p.Output.Data = output.Data;
        p.Output.BatchStride = output.BatchStride;
        p.Output.SequenceStride = output.SequenceStride;
        p.Output.HeadStride = output.HeadStride;
        p.Lse = lse;
        DenseOperands.SetFlags(ref p, _elementBytes);
        _device.Context.Launch(_function, _grid, (uint)Entry.Threads, (uint)Entry.SharedBytes, stream, &p);
    }
}
