using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// A planned neighborhood problem over device tensors: made once by
/// <see cref="CudaDevice.PlanNeighborhood{T}(NeighborhoodShape, NeighborhoodOptions)"/>, run many times, from any
/// thread and in any stream. <c>Run</c> allocates nothing and returns as soon as the work is in the stream.
/// </summary>
/// <remarks>
/// A tensor must have the dims that the shape gives: [batch, axes of the map, heads, dim], or [tokens, heads, dim] for
/// maps of different sizes. Its own strides count, so that slices of one tensor of heads run without a copy, as long
/// as the last axis is dense and all tokens of a map lie at equal distances. The log-sum-exp is dense [batch, axes of
/// the map, query heads] or [tokens, query heads], in natural log. Patterns that vary from head to head are one
/// launch each.
/// </remarks>
/// <typeparam name="T">Element type: <see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
/// <example>
/// <code>
/// NeighborhoodShape shape = new(batch: 1, new GridShape(64, 64), queryHeads: 8, keyValueHeads: 8, headDim: 64);
/// using NeighborhoodPlan&lt;Half&gt; plan = gpu.PlanNeighborhood&lt;Half&gt;(shape,
///     new NeighborhoodOptions(NeighborhoodPattern.Windows(7, 7)));
/// plan.Run(query, key, value, output, stream);
/// </code>
/// </example>
public sealed class NeighborhoodPlan<T> : IDisposable, IDeviceResource
    where T : unmanaged
{
    private readonly NeighborhoodKernel _kernel;
    private readonly DeviceResource _resource;
    private readonly MapAxes _query;
    private readonly MapAxes _key;
    private readonly MapAxes _value;
    private readonly MapAxes _output;
    private readonly TensorAxes _extraKey;
    private readonly TensorAxes _extraValue;
    private readonly int[] _lseDims;

    internal NeighborhoodPlan(CudaDevice device, NeighborhoodProblem problem, NeighborhoodChoice choice)
    {
        Problem = problem;
        _query = MapAxes.Query(problem);
        _key = MapAxes.Key(problem);
        _value = MapAxes.Value(problem);
        _output = MapAxes.Output(problem);
        _extraKey = ExtraAxes(problem.Shape, problem.Shape.HeadDim);
        _extraValue = ExtraAxes(problem.Shape, problem.Shape.ValueHeadDim);
        _lseDims = [.. _output.Dims[..^1]];
        _kernel = new NeighborhoodKernel(device, problem.Lowered, choice);
        _resource = new DeviceResource(device, this, TearDownOrder.Plan, $"NeighborhoodPlan<{typeof(T).Name}>");
    }

    /// <summary>The device it runs on.</summary>
    public CudaDevice Device => _resource.Device;

    /// <summary>The problem it runs.</summary>
    public NeighborhoodProblem Problem { get; }

    /// <summary>
    /// Name of the kernel that was chosen; <see cref="KernelCatalog.Find"/> knows more about it.
    /// </summary>
    public string KernelName => _kernel.Entry.Name;

    /// <summary>Bytes of device memory that it holds: the tables of the patterns, and no scratch.</summary>
    public long WorkspaceBytes => _kernel.TableBytes;

    /// <summary>Computes attention, without log-sum-exp. Returns when the work is in the stream.</summary>
    /// <param name="query">[batch, map of queries, query heads, head dim].</param>
    /// <param name="key">[batch, map of keys, key/value heads, head dim].</param>
    /// <param name="value">[batch, map of keys, key/value heads, value head dim].</param>
    /// <param name="output">Receives [batch, map of queries, query heads, value head dim]; must not overlap an
    /// input.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">A tensor of the wrong dims, of another device, or overlapping the
    /// output; the problem has extra keys or a bias.</exception>
    /// <exception cref="CudaException">The driver refused the launch.</exception>
    /// <exception cref="ObjectDisposedException">The plan, a tensor, the stream or the device was
    /// disposed.</exception>
    public void Run(in DeviceView<T> query, in DeviceView<T> key, in DeviceView<T> value, in DeviceView<T> output,
        CudaStream stream) =>
        Execute(new DeviceNeighborhoodInputs<T>(query, key, value), output, default, wantsLse: false, stream);

    /// <summary>
    /// Computes attention with everything that the problem has, without log-sum-exp. Returns when the work is in the
    /// stream.
    /// </summary>
    /// <param name="inputs">Query, key, value, and what else the problem has.</param>
    /// <param name="output">Receives [batch, map of queries, query heads, value head dim]; must not overlap an
    /// input.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">A tensor of the wrong dims, of another device, or overlapping the
    /// output; one that is missing, or that the problem does not have.</exception>
    /// <exception cref="CudaException">The driver refused the launch.</exception>
    /// <exception cref="ObjectDisposedException">The plan, a tensor, the stream or the device was
    /// disposed.</exception>
    public void Run(in DeviceNeighborhoodInputs<T> inputs, in DeviceView<T> output, CudaStream stream) =>
        Execute(inputs, output, default, wantsLse: false, stream);

    /// <summary>
    /// Computes attention and the log-sum-exp of every row. Returns when the work is in the stream.
    /// </summary>
    /// <param name="inputs">Query, key, value, and what else the problem has.</param>
    /// <param name="output">Receives [batch, map of queries, query heads, value head dim]; must not overlap an
    /// input.</param>
    /// <param name="lse">Receives [batch, map of queries, query heads], dense; must not overlap another
    /// tensor.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">A tensor of the wrong dims, of another device, or overlapping what is
    /// written; one that is missing, or that the problem does not have.</exception>
    /// <exception cref="CudaException">The driver refused the launch.</exception>
    /// <exception cref="ObjectDisposedException">The plan, a tensor, the stream or the device was
    /// disposed.</exception>
    public void Run(in DeviceNeighborhoodInputs<T> inputs, in DeviceView<T> output, in DeviceView<float> lse,
        CudaStream stream) => Execute(inputs, output, lse, wantsLse: true, stream);

    /// <summary>
    /// Gives the plan back; runs already in a stream go on. Never throws; a second call does nothing.
    /// </summary>
    public void Dispose() => _resource.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"{KernelName} on {Device}";

    void IDeviceResource.TearDown() => _kernel.Dispose();

    private static TensorAxes ExtraAxes(NeighborhoodShape shape, int dim) => new(shape.Batch, shape.ExtraKeys,
        shape.KeyValueHeads, dim, default, AxisOrder.Bshd);

    private void Execute(in DeviceNeighborhoodInputs<T> inputs, in DeviceView<T> output, in DeviceView<float> lse,
        bool wantsLse, CudaStream stream)
    {
        DeviceCall call = new(Device);
        try
        {
            call.Hold(_resource);
            call.Hold(stream, nameof(stream));
            call.Hold(inputs.Query, "query", stream);
            call.Hold(inputs.Key, "key", stream);
            call.Hold(inputs.Value, "value", stream);
            call.Hold(output, nameof(output), stream);
            NeighborhoodParams p = _kernel.Template;
            p.Query = _query.Bind(inputs.Query, "query");
            p.Key = _key.Bind(inputs.Key, "key");
            p.Value = _value.Bind(inputs.Value, "value");
            TensorRef o = _output.Bind(output, nameof(output));
            p.Output = Unsafe.BitCast<TensorRef, MutableTensorRef>(o);
            MemoryRange outputRange = RangeOf(nameof(output), _output, o), lseRange = default;
            if (wantsLse)
            {
                call.Hold(lse, nameof(lse), stream);
                lseRange = LseRange(lse);
                ViewOperand.RequireApart(lseRange, outputRange);
                p.Lse = lse.Pointer;
            }

            ReadOnlySpan<MemoryRange> written = [outputRange, lseRange];
            ViewOperand.RequireApart(written, RangeOf("query", _query, p.Query));
            ViewOperand.RequireApart(written, RangeOf("key", _key, p.Key));
            ViewOperand.RequireApart(written, RangeOf("value", _value, p.Value));
            p.ExtraKey = Extra(ref call, _extraKey, inputs.ExtraKey, "ExtraKey", written, stream);
            p.ExtraValue = Extra(ref call, _extraValue, inputs.ExtraValue, "ExtraValue", written, stream);
            p.Bias = Bias(ref call, inputs.RelativeBias, written, stream);
            _kernel.Launch(p, ref call, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    private static TensorRef Extra(ref DeviceCall call, in TensorAxes axes, in DeviceView<T> view, string name,
        scoped ReadOnlySpan<MemoryRange> written, CudaStream stream)
    {
        if (!IsGiven(view.Device, axes.Sequence > 0, name, "NeighborhoodShape.ExtraKeys"))
        {
            return default;
        }

        call.Hold(view, name, stream);
        TensorRef bound = axes.Bind(view, name);
        ViewOperand.RequireApart(written, axes.RangeOf(name, bound, Unsafe.SizeOf<T>()));
        return bound;
    }

    private ulong Bias(ref DeviceCall call, in DeviceView<float> view, scoped ReadOnlySpan<MemoryRange> written, CudaStream stream)
    {
        const string Name = "RelativeBias";
        long needed = Problem.RelativeBiasLength;
        if (!IsGiven(view.Device, needed > 0, Name, "NeighborhoodOptions.RelativeBias"))
        {
            return 0;
        }

        call.Hold(view, Name, stream);
        if (!view.IsDense || view.Count < needed)
        {
            ThrowHelper.Argument(Name, $"it has {view.Count} elements{(view.IsDense ? "" : " with gaps")}; the plan needs a "
                + $"dense tensor of at least {needed}.");
        }

        ViewOperand.RequireApart(written, new MemoryRange(Name, view.Pointer, (ulong)needed * sizeof(float)));
        return view.Pointer;
    }

    private static bool IsGiven(CudaDevice? device, bool isNeeded, string name, string setting)
    {
        bool isGiven = device is not null;
        if (isGiven != isNeeded)
        {
            ThrowHelper.Argument(name, isGiven
                ? $"it is given, but the plan was made without {setting}."
                : $"it is missing: the plan was made with {setting}.");
        }

        return isGiven;
    }

    private static MemoryRange RangeOf(string argument, MapAxes axes, in TensorRef bound) =>
        new(argument, bound.Data, axes.BytesOf(bound, Unsafe.SizeOf<T>()));

    private MemoryRange LseRange(in DeviceView<float> lse)
    {
        if (!lse.Layout.HasLengths(_lseDims) || !lse.IsDense)
        {
            ThrowHelper.Argument(nameof(lse), $"it is {lse.Layout}{(lse.IsDense ? "" : " with gaps")}; the plan needs a dense "
                + $"{StridedDims.Format(_lseDims)}, which is that of the output without its last axis.");
        }

        return MemoryRange.Of(nameof(lse), lse);
    }
}
