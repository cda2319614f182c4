using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// A planned problem over device tensors: made once by <see cref="CudaDevice.Plan{T}"/>, run many times, from
/// any thread and in any stream. Immutable; <c>Run</c> allocates nothing and returns as soon as the work is
/// in the stream.
/// </summary>
/// <remarks>
/// Under the layouts BSHD and BHSD a tensor must have the dims that the shape gives in that order, and its
/// own strides count: views with gaps are welcome, as long as the last axis is dense. Under a strided layout
/// the layout's strides count, and the tensor is storage: dense, of any dims, with enough elements. Whatever
/// the layout, the log-sum-exp is dense [batch, query heads, query length], in natural log.
/// </remarks>
/// <typeparam name="T">Element type: <see cref="float"/>, <see cref="Half"/> or
/// <see cref="BFloat16"/>.</typeparam>
/// <example>
/// <code>
/// using AttentionPlan&lt;Half&gt; plan = gpu.Plan&lt;Half&gt;(shape, AttentionOptions.Causal);
/// plan.Run(query, key, value, output, stream);
/// </code>
/// </example>
public sealed class AttentionPlan<T> : IDisposable, IDeviceResource
    where T : unmanaged
{
    private readonly DenseKernel _kernel;
    private readonly OperandAxes _axes;
    private readonly DeviceResource _resource;

    internal AttentionPlan(CudaDevice device, AttentionProblem problem, KernelEntry entry)
    {
        Problem = problem;
        _axes = OperandAxes.Of(problem);
        _kernel = new DenseKernel(device, problem, entry);
        _resource = new DeviceResource(device, this, TearDownOrder.Plan, $"AttentionPlan<{typeof(T).Name}>");
    }

    /// <summary>The device it runs on.</summary>
    public CudaDevice Device => _resource.Device;

    /// <summary>The problem it runs.</summary>
    public AttentionProblem Problem { get; }

    /// <summary>
    /// Name of the kernel that was chosen; <see cref="KernelCatalog.Find"/> knows more about it.
    /// </summary>
    public string KernelName => _kernel.Entry.Name;

    /// <summary>Bytes of device memory that it holds for scratch: none for dense attention.</summary>
    public long WorkspaceBytes => 0;

    /// <summary>Computes attention, without log-sum-exp. Returns when the work is in the stream.</summary>
    /// <param name="query">[batch, query length, query heads, head dim] (BSHD; see the remarks of the
    /// type).</param>
    /// <param name="key">[batch, key length, key/value heads, head dim].</param>
    /// <param name="value">[batch, key length, key/value heads, value head dim].</param>
    /// <param name="output">Receives [batch, query length, query heads, value head dim]; must not overlap an
    /// input.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">A tensor of the wrong dims, of another device, or overlapping the
    /// output.</exception>
    /// <exception cref="CudaException">The driver refused the launch.</exception>
    /// <exception cref="ObjectDisposedException">The plan, a tensor, the stream or the device was
    /// disposed.</exception>
    public void Run(in DeviceView<T> query, in DeviceView<T> key, in DeviceView<T> value,
        in DeviceView<T> output,
        CudaStream stream) => Execute(query, key, value, output, default, wantsLse: false, stream);

    /// <summary>
    /// Computes attention and the log-sum-exp of every row. Returns when the work is in the stream.
    /// </summary>
    /// <param name="query">[batch, query length, query heads, head dim] (BSHD; see the remarks of the
    /// type).</param>
    /// <param name="key">[batch, key length, key/value heads, head dim].</param>
    /// <param name="value">[batch, key length, key/value heads, value head dim].</param>
    /// <param name="output">Receives [batch, query length, query heads, value head dim]; must not overlap an
    /// input.</param>
    /// <param name="lse">Receives [batch, query heads, query length], dense; must not overlap another
    /// tensor.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">A tensor of the wrong dims, of another device, or overlapping what
    /// is written.</exception>
    /// <exception cref="CudaException">The driver refused the launch.</exception>
    /// <exception cref="ObjectDisposedException">The plan, a tensor, the stream or the device was
    /// disposed.</exception>
    public void Run(in DeviceView<T> query, in DeviceView<T> key, in DeviceView<T> value,
        in DeviceView<T> output, in DeviceView<float> lse, CudaStream stream) =>
        Execute(query, key, value, output, lse, wantsLse: true, stream);

    /// <summary>
    /// Gives the plan back; runs already in a stream go on. Never throws; a second call does nothing.
    /// </summary>
    public void Dispose() => _resource.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"{KernelName} on {Device}";

    /// <summary>The operands of the problem.</summary>
    internal OperandAxes Axes => _axes;

    /// <summary>Runs on tensors that are storage for the layout's strides, whatever the layout.</summary>
    internal void RunOnStorage(DeviceTensor<T> query, DeviceTensor<T> key, DeviceTensor<T> value,
        DeviceTensor<T> output, DeviceTensor<float>? lse, CudaStream stream)
    {
        DeviceCall call = new(Device);
        try
        {
            call.Hold(_resource);
            call.Hold(stream, nameof(stream));
            ulong q = Hold(ref call, query, nameof(query), stream);
            ulong k = Hold(ref call, key, nameof(key), stream);
            ulong v = Hold(ref call, value, nameof(value), stream);
            ulong o = Hold(ref call, output, nameof(output), stream);
            ulong l = lse is null ? 0 : Hold(ref call, lse, nameof(lse), stream);
            _kernel.Launch(_axes.Query.Bind(q), _axes.Key.Bind(k), _axes.Value.Bind(v), _axes.Output.Bind(o),
                l, stream.Handle);
        }
        finally
        {
            call.Dispose();
        }
    }

    void IDeviceResource.TearDown()
    {
        // The kernel's module stays with the device.
    }

    private void Execute(in DeviceView<T> query, in DeviceView<T> key, in DeviceView<T> value,
        in DeviceView<T> output, in DeviceView<float> lse, bool wantsLse, CudaStream stream)
    {
        DeviceCall call = new(Device);
        try
        {
            call.Hold(_resource);
            call.Hold(stream, nameof(stream));
            call.Hold(query, nameof(query), stream);
            call.Hold(key, nameof(key), stream);
            call.Hold(value, nameof(value), stream);
            call.Hold(output, nameof(output), stream);
            TensorRef q = _axes.Query.Bind(query, nameof(query));
            TensorRef k = _axes.Key.Bind(key, nameof(key));
            TensorRef v = _axes.Value.Bind(value, nameof(value));
            TensorRef o = _axes.Output.Bind(output, nameof(output));
            ByteRange range = new(o.Data, _axes.Output.BytesOf(o, Unsafe.SizeOf<T>()), nameof(output));
            RequireApart(range, q, k, v);
            if (wantsLse)
            {
                call.Hold(lse, nameof(lse), stream);
                ByteRange written = LseRange(lse);
                RequireApart(written, q, k, v);
                RequireApart(written, range);
            }

            _kernel.Launch(q, k, v, o, wantsLse ? lse.Pointer : 0, stream.Handle);
        }
        finally
        {
            call.Dispose();
        }
    }

    private static ulong Hold<TElement>(ref DeviceCall call, DeviceTensor<TElement> tensor, string argument,
        CudaStream stream)
        where TElement : unmanaged
    {
        DeviceView<TElement> view = tensor;
        call.Hold(view, argument, stream);
        return view.Pointer;
    }

    private ByteRange LseRange(in DeviceView<float> lse)
    {
        AttentionShape shape = Problem.Shape;
        ReadOnlySpan<int> expected = [shape.Batch, shape.QueryHeads, shape.QueryLength];
        if (!lse.Layout.HasLengths(expected) || !lse.IsDense)
        {
            ThrowHelper.Argument(nameof(lse),
                $"it is {lse.Layout}{(lse.IsDense ? "" : " with gaps")}; the plan needs a "
                + $"dense {StridedDims.Format(expected)}, which is [batch, query heads, query length].");
        }

        return new ByteRange(lse.Pointer, lse.ExtentBytes, nameof(lse));
    }

    private void RequireApart(in ByteRange written, in TensorRef q, in TensorRef k, in TensorRef v)
    {
        int size = Unsafe.SizeOf<T>();
        RequireApart(written, new ByteRange(q.Data, _axes.Query.BytesOf(q, size), "query"));
        RequireApart(written, new ByteRange(k.Data, _axes.Key.BytesOf(k, size), "key"));
        RequireApart(written, new ByteRange(v.Data, _axes.Value.BytesOf(v, size), "value"));
    }

    private static void RequireApart(in ByteRange written, in ByteRange other)
    {
        bool apart = written.Bytes == 0 || other.Bytes == 0
            || written.Start + written.Bytes <= other.Start || other.Start + other.Bytes <= written.Start;
        if (!apart)
        {
            ThrowHelper.Argument(written.Argument,
                $"its memory overlaps that of '{other.Argument}'; what is written must lie apart.");
        }
    }

    private readonly record struct ByteRange(ulong Start, ulong Bytes, string Argument);
}
