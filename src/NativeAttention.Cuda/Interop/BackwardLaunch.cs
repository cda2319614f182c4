using System.Runtime.CompilerServices;
using NativeAttention.Bindings;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>
/// The kernels of a backward plan, loaded, with everything that the problem fixes and the device memory that they
/// need of their own: a run adds addresses and allocates nothing.
/// </summary>
internal sealed class BackwardLaunch : IDisposable
{
    private const int LeastRun = 8; // columns of a tile along the last axis: kernels test the other axes once for each

    private readonly CudaDevice _device;
    private readonly BackwardKernels _kernels;
    private readonly MapTables _tables;
    private readonly DeviceTensor<int> _sampleStarts;
    private readonly DeviceTensor<ulong> _statistics; // a RowStatistics for each row
    private readonly Launch[] _launches;
    private readonly DeltaParams _delta;
    private readonly int _elementBytes;

    /// <summary>Loads kernels and writes tables; the caller holds the device open.</summary>
    /// <exception cref="NotSupportedException">A launch would have more blocks than it may.</exception>
    public BackwardLaunch(CudaDevice device, MapProblem problem, BackwardKernels kernels)
    {
        _device = device;
        _kernels = kernels;
        _elementBytes = ElementTypes.SizeInBytes(problem.ElementType);
        List<(KernelEntry Kernel, MapPass Pass)> passes = [.. Passes(problem, kernels)];
        _launches = new Launch[passes.Count];
        _tables = new MapTables(device, [.. passes.Select(pass => pass.Pass)]);
        try
        {
            using CudaStream stream = device.CreateStream();
            int[] starts = SampleStarts(problem);
            _sampleStarts = device.Upload<int>(starts, [starts.Length], stream);
            _statistics = device.Allocate<ulong>([(int)Rows(problem)], stream);
            stream.Synchronize();
            for (int i = 0; i < _launches.Length; i++)
            {
                _launches[i] = Prepare(problem, passes[i].Kernel, passes[i].Pass, _tables[i]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        _delta = new DeltaParams
        {
            Statistics = _statistics.AsView().Pointer,
            LseBatchStride = problem.LseStrides.Batch,
            LseTokenStride = problem.LseStrides.Sequence,
            LseHeadStride = problem.LseStrides.Head,
            Batch = problem.Batch,
            QueryTokens = (int)problem.QueryTokens,
            QueryHeads = problem.QueryHeads,
            ValueHeadDim = problem.ValueHeadDim,
        };
    }

    /// <summary>Bytes of device memory.</summary>
    public long Bytes => _tables.Bytes + (_sampleStarts.Count * sizeof(int)) + (_statistics.Count * sizeof(ulong));

    /// <summary>Holds the memory for a call that uses it.</summary>
    public void Hold(ref DeviceCall call, CudaStream stream)
    {
        _tables.Hold(ref call, stream);
        call.Hold<int>(_sampleStarts, nameof(_sampleStarts), stream);
        call.Hold<ulong>(_statistics, nameof(_statistics), stream);
    }

    /// <summary>Puts all launches into a stream.</summary>
    public unsafe void Run(in BackwardOperands operands, CudaStream stream)
    {
        RunDelta(operands, stream);
        uint flags = (uint)Flags(operands);
        foreach (ref readonly Launch launch in _launches.AsSpan())
        {
            if (launch.Grid > 0)
            {
                BackwardParams p = Bind(launch.Template, operands);
                p.Flags = flags;
                _device.Context.Launch(launch.Function, launch.Grid, (uint)launch.Kernel.Threads,
                    (uint)launch.Kernel.SharedBytes, stream.Handle, &p);
            }
        }
    }

    /// <summary>Frees the memory behind its last use.</summary>
    public void Dispose()
    {
        _tables.Dispose();
        _sampleStarts?.Dispose();
        _statistics?.Dispose();
    }

    // Every kernel with every map.
    private static IEnumerable<(KernelEntry Kernel, MapPass Pass)> Passes(MapProblem problem, BackwardKernels kernels)
    {
        foreach (NeighborhoodMap map in problem.Maps)
        {
            int[] keyHeads = [.. map.Heads.Select(head => head / problem.Group).Distinct()];
            foreach (KernelEntry pass in kernels.Passes)
            {
                int columns = Math.Max(pass.BlockN, LeastRun); // a kernel without tiles of columns walks intervals
                yield return (pass, BackwardKernels.IsOverQueries(pass)
                    ? MapPass.OverQueries(map, TileChooser.Choose(map, pass.BlockM, columns, leastKeyRun: LeastRun))
                    : MapPass.OverKeys(map, TileChooser.Choose(map, columns, pass.BlockM, leastQueryRun: LeastRun),
                        keyHeads));
            }

            if (kernels.BiasGradient is KernelEntry bias)
            {
                yield return (bias, MapPass.OverQueries(map, new TileGeometry(new(1, 1, 1), new(1, 1, 1))));
            }
        }
    }

    private static long Rows(MapProblem problem) => (long)problem.Batch * problem.QueryHeads * problem.QueryTokens;

    // Where the queries of each sample of a batch index begin, and where the last one's end.
    private static int[] SampleStarts(MapProblem problem)
    {
        int[] starts = new int[problem.SamplesOfIndex + 1];
        foreach (MapSection section in problem.Maps[0].Sections)
        {
            starts[section.Sample + 1] += (int)section.Queries.Volume;
        }

        for (int sample = 1; sample < starts.Length; sample++)
        {
            starts[sample] += starts[sample - 1];
        }

        return starts;
    }

    private Launch Prepare(MapProblem problem, KernelEntry kernel, MapPass pass, in MapTiling tiling)
    {
        bool ownsKeys = kernel.Family == BackwardKernels.Family && !BackwardKernels.IsOverQueries(kernel);
        int extraTiles = ownsKeys ? (problem.ExtraKeys + kernel.BlockM - 1) / kernel.BlockM : 0;
        Int128 grid = kernel.Family == BackwardKernels.Family
            ? ((Int128)pass.Tiles + ((long)extraTiles * problem.SamplesOfIndex)) * pass.Heads.Length * problem.Batch
            : (Int128)problem.BiasEntries * pass.Heads.Length;
        if (grid > int.MaxValue)
        {
            throw new NotSupportedException($"{_device} cannot run {kernel.Name}: {grid} thread blocks are more than a "
                + $"launch may have ({int.MaxValue}); split the batch.");
        }

        Extents windows = problem.Maps[0].Windows;
        return new Launch(kernel, _device.Modules.Get(kernel), (uint)grid, new BackwardParams
        {
            Map = tiling,
            Statistics = _statistics.AsView().Pointer,
            SampleStarts = _sampleStarts.AsView().Pointer,
            BiasHeadStride = problem.BiasEntries,
            BiasWindows = new MapExtents { Z = windows.Z, Y = windows.Y, X = windows.X },
            Batch = problem.Batch,
            Samples = problem.SamplesOfIndex,
            QueryTokens = (int)problem.QueryTokens,
            QueryHeads = problem.QueryHeads,
            HeadGroup = problem.Group,
            HeadDim = problem.HeadDim,
            ValueHeadDim = problem.ValueHeadDim,
            ExtraKeys = problem.ExtraKeys,
            ExtraTiles = extraTiles,
            Scale = problem.Scale,
        });
    }

    private void RunDelta(in BackwardOperands operands, CudaStream stream)
    {
        DeltaParams p = _delta;
        p.Output = operands.Output;
        p.OutputGradient = operands.OutputGradient;
        p.Lse = operands.Lse;
        p.LseGradient = operands.LseGradient;
        ulong bits = Bits(p.Output) | Bits(p.OutputGradient) | ((ulong)p.ValueHeadDim * (ulong)_elementBytes);
        bool vectors = bits % ViewOperand.VectorBytes == 0;
        p.GroupShift = ViewOperand.GroupShift(p.ValueHeadDim * (vectors ? _elementBytes : ViewOperand.VectorBytes)
            / ViewOperand.VectorBytes);
        p.Flags = (uint)(vectors ? DenseFlags.DenseVectorLoads : DenseFlags.None);
        OperationLaunch.Run(_device, _kernels.Delta, p, _statistics.Count << p.GroupShift, stream);
    }

    private static BackwardParams Bind(BackwardParams p, in BackwardOperands operands)
    {
        p.Query = operands.Query;
        p.Key = operands.Key;
        p.Value = operands.Value;
        p.OutputGradient = operands.OutputGradient;
        p.ExtraKey = operands.ExtraKey;
        p.ExtraValue = operands.ExtraValue;
        p.QueryGradient = Written(operands.QueryGradient);
        p.KeyGradient = Written(operands.KeyGradient);
        p.ValueGradient = Written(operands.ValueGradient);
        p.ExtraKeyGradient = Written(operands.ExtraKeyGradient);
        p.ExtraValueGradient = Written(operands.ExtraValueGradient);
        p.Bias = operands.Bias;
        p.BiasGradient = operands.BiasGradient;
        return p;
    }

    private static MutableTensorRef Written(in TensorRef tensor) => Unsafe.BitCast<TensorRef, MutableTensorRef>(tensor);

    // What may be copied and stored in larger pieces, from addresses and strides of this run.
    private DenseFlags Flags(in BackwardOperands o)
    {
        ulong rows = (ulong)(_launches[0].Template.HeadDim | _delta.ValueHeadDim) * (ulong)_elementBytes;
        ulong loads = rows | Bits(o.Query) | Bits(o.Key) | Bits(o.Value) | Bits(o.OutputGradient) | Bits(o.ExtraKey)
            | Bits(o.ExtraValue);
        ulong stores = rows | Bits(o.QueryGradient) | Bits(o.KeyGradient) | Bits(o.ValueGradient)
            | Bits(o.ExtraKeyGradient) | Bits(o.ExtraValueGradient);
        return (loads % ViewOperand.VectorBytes == 0 ? DenseFlags.DenseVectorLoads : DenseFlags.None)
            | (stores % (2 * (ulong)_elementBytes) == 0 ? DenseFlags.DensePairStores : DenseFlags.None);
    }

    private ulong Bits(in TensorRef tensor) =>
        tensor.Data | ((ulong)(tensor.BatchStride | tensor.SequenceStride | tensor.HeadStride) * (ulong)_elementBytes);

    /// <summary>One kernel with one map.</summary>
    private readonly record struct Launch(KernelEntry Kernel, nint Function, uint Grid, BackwardParams Template);
}
