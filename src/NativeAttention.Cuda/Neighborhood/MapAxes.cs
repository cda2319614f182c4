using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// One operand whose tokens lie on maps: [batch, axes of the map, heads, dim], or [tokens, heads, dim] where maps
/// have different sizes.
/// </summary>
internal sealed class MapAxes
{
    private readonly int[] _dims;
    private readonly string _meaning;
    private readonly bool _isRagged;
    private readonly TensorExtents _storage;

    private MapAxes(NeighborhoodShape shape, GridShape grid, long tokens, int heads, int dim, TensorStrides strides)
    {
        _isRagged = shape.RaggedGrids is not null;
        _dims = _isRagged
            ? [(int)tokens, heads, dim]
            : [shape.Batch, .. Enumerable.Range(0, grid.Rank).Select(axis => grid[axis]), heads, dim];
        _meaning = _isRagged ? "[tokens, heads, dim]" : "[batch, axes of the map, heads, dim]";
        _storage = new TensorExtents(shape.UniformBatch, (int)tokens, heads, dim, strides);
    }

    /// <summary>The dims of a tensor.</summary>
    public ReadOnlySpan<int> Dims => _dims;

    /// <summary>The query of a problem.</summary>
    public static MapAxes Query(NeighborhoodProblem problem) => Queries(problem, problem.Shape.HeadDim,
        problem.Lowered.Strides.Query);

    /// <summary>The output.</summary>
    public static MapAxes Output(NeighborhoodProblem problem) => Queries(problem, problem.Shape.ValueHeadDim,
        problem.Lowered.Strides.Output);

    /// <summary>The key.</summary>
    public static MapAxes Key(NeighborhoodProblem problem) => Keys(problem, problem.Shape.HeadDim,
        problem.Lowered.Strides.Key);

    /// <summary>The value.</summary>
    public static MapAxes Value(NeighborhoodProblem problem) => Keys(problem, problem.Shape.ValueHeadDim,
        problem.Lowered.Strides.Value);

    /// <summary>Checks a view and takes address and strides from it.</summary>
    /// <exception cref="ArgumentException">The view does not fit; the message says what would.</exception>
    public TensorRef Bind<T>(in DeviceView<T> view, string argument)
        where T : unmanaged
    {
        ref readonly StridedDims dims = ref view.Layout;
        if (!dims.HasLengths(_dims))
        {
            ThrowHelper.Argument(argument,
                $"its dims are {dims}; the plan needs {StridedDims.Format(_dims)}, which is {_meaning}.");
        }

        ReadOnlySpan<long> strides = dims.AllStrides;
        int heads = strides.Length - 2;
        if (strides[^1] != 1 && _dims[^1] > 1)
        {
            ThrowHelper.Argument(argument, $"the stride of its last axis is {strides[^1]}; it must be 1.");
        }

        return new TensorRef
        {
            Data = view.Pointer,
            BatchStride = _isRagged ? 0 : strides[0],
            SequenceStride = TokenStep(strides[..heads], argument),
            HeadStride = strides[heads],
        };
    }

    /// <summary>Bytes from the first to the last element of a bound tensor.</summary>
    public ulong BytesOf(in TensorRef bound, int elementBytes)
    {
        TensorStrides strides = new(bound.BatchStride, bound.SequenceStride, bound.HeadStride);
        return (ulong)(_storage with { Strides = strides }).RequiredLength * (ulong)elementBytes;
    }

    // Kernels know tokens by number: from each to the next is one step, over the ends of rows and planes, too.
    private long TokenStep(ReadOnlySpan<long> strides, string argument)
    {
        long step = strides[^1], next = 0;
        for (int axis = strides.Length - 1; axis >= (_isRagged ? 0 : 1); axis--)
        {
            int length = _dims[axis];
            if (length > 1 && next != 0 && strides[axis] != next)
            {
                ThrowHelper.Argument(argument, $"the stride of axis {axis} is {strides[axis]}; it must be {next}, so that "
                    + "all tokens of a map lie at equal distances.");
            }

            if (length > 1)
            {
                step = next == 0 ? strides[axis] : step;
                next = strides[axis] * length;
            }
        }

        return step;
    }

    private static MapAxes Queries(NeighborhoodProblem problem, int dim, TensorStrides strides) => new(
        problem.Shape, problem.Shape.Grid, problem.Lowered.QueryTokens, problem.Shape.QueryHeads, dim, strides);

    private static MapAxes Keys(NeighborhoodProblem problem, int dim, TensorStrides strides) => new(
        problem.Shape, problem.Shape.KeyGridOf(problem.Shape.Grid), problem.Lowered.KeyTokens,
        problem.Shape.KeyValueHeads, dim, strides);
}
