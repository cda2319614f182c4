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
/// or packed layout the layout's strides count, and the tensor is storage: dense, of any dims, with enough
/// elements. The log-sum-exp is dense [batch, query heads, query length], for packed layouts [query heads, query
/// tokens], in natural log.
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
    private readonly OptionalOperands _operands;
    private readonly DeviceResource _resource;

    internal AttentionPlan(CudaDevice device, AttentionProblem problem, KernelEntry entry)
    {
        Problem = problem;
        _axes = OperandAxes.Of(problem);
        _operands = new OptionalOperands(problem);
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
        CudaStream stream) =>
        Execute(new DeviceAttentionInputs<T>(query, key, value), output, default, wantsLse: false, stream);

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
        Execute(new DeviceAttentionInputs<T>(query, key, value), output, lse, wantsLse: true, stream);

    /// <summary>
    /// Computes attention with optional operands, without log-sum-exp. Returns when the work is in the stream.
    /// </summary>
    /// <param name="inputs">Query, key, value, and the operands that the options announced.</param>
    /// <param name="output">Receives [batch, query length, query heads, value head dim]; must not overlap an
    /// input.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">A tensor of the wrong dims, of another device, or overlapping the
    /// output; an operand that is missing, was not announced, has too few elements or another type.</exception>
    /// <exception cref="CudaException">The driver refused the launch.</exception>
    /// <exception cref="ObjectDisposedException">The plan, a tensor, the stream or the device was
    /// disposed.</exception>
    public void Run(in DeviceAttentionInputs<T> inputs, in DeviceView<T> output, CudaStream stream) =>
        Execute(inputs, output, default, wantsLse: false, stream);

    /// <summary>
    /// Computes attention with optional operands, and the log-sum-exp of every row. Returns when the work is
    /// in the stream.
    /// </summary>
    /// <param name="inputs">Query, key, value, and the operands that the options announced.</param>
    /// <param name="output">Receives [batch, query length, query heads, value head dim]; must not overlap an
    /// input.</param>
    /// <param name="lse">Receives [batch, query heads, query length], for packed layouts [query heads, query
    /// tokens], dense; must not overlap another tensor.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">A tensor of the wrong dims, of another device, or overlapping what
    /// is written; an operand that is missing, was not announced, has too few elements or another
    /// type.</exception>
    /// <exception cref="CudaException">The driver refused the launch.</exception>
    /// <exception cref="ObjectDisposedException">The plan, a tensor, the stream or the device was
    /// disposed.</exception>
    public void Run(in DeviceAttentionInputs<T> inputs, in DeviceView<T> output, in DeviceView<float> lse,
        CudaStream stream) => Execute(inputs, output, lse, wantsLse: true, stream);

    /// <summary>
    /// Gives the plan back; runs already in a stream go on. Never throws; a second call does nothing.
    /// </summary>
    public void Dispose() => _resource.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"{KernelName} on {Device}";

    /// <summary>The operands of the problem.</summary>
    internal OperandAxes Axes => _axes;

    /// <summary>The optional operands that the problem announces.</summary>
    internal OptionalOperands Operands => _operands;

    /// <summary>Runs on tensors that are storage for the layout's strides, whatever the layout.</summary>
    internal void RunOnStorage(in DeviceAttentionInputs<T> inputs, DeviceTensor<T> output,
        DeviceTensor<float>? lse, CudaStream stream)
    {
        DeviceCall call = new(Device);
        try
        {
            call.Hold(_resource);
            call.Hold(stream, nameof(stream));
            DenseModifiedParams p = _kernel.Template;
            p.Dense.Query = _axes.Query.Bind(Hold(ref call, inputs.Query, "query", stream));
            p.Dense.Key = _axes.Key.Bind(Hold(ref call, inputs.Key, "key", stream));
            p.Dense.Value = _axes.Value.Bind(Hold(ref call, inputs.Value, "value", stream));
            p.Dense.Output = Written(_axes.Output.Bind(Hold<T>(ref call, output, nameof(output), stream)));
            p.Dense.Lse = lse is null ? 0 : Hold<float>(ref call, lse, nameof(lse), stream);
            _operands.Bind(ref p, ref call, inputs, default, stream);
            _kernel.Launch(p, stream.Handle);
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

    private void Execute(in DeviceAttentionInputs<T> inputs, in DeviceView<T> output,
        in DeviceView<float> lse, bool wantsLse, CudaStream stream)
    {
        DeviceCall call = new(Device);
        try
        {
            call.Hold(_resource);
            call.Hold(stream, nameof(stream));
            Hold(ref call, inputs.Query, "query", stream);
            Hold(ref call, inputs.Key, "key", stream);
            Hold(ref call, inputs.Value, "value", stream);
            Hold(ref call, output, nameof(output), stream);
            DenseModifiedParams p = _kernel.Template;
            p.Dense.Query = _axes.Query.Bind(inputs.Query, "query");
            p.Dense.Key = _axes.Key.Bind(inputs.Key, "key");
            p.Dense.Value = _axes.Value.Bind(inputs.Value, "value");
            TensorRef o = _axes.Output.Bind(output, nameof(output));
            p.Dense.Output = Written(o);
            MemoryRange outputRange = RangeOf(nameof(output), _axes.Output, o), lseRange = default;
            if (wantsLse)
            {
                Hold(ref call, lse, nameof(lse), stream);
                lseRange = LseRange(lse);
                ViewOperand.RequireApart(lseRange, outputRange);
                p.Dense.Lse = lse.Pointer;
            }

            ReadOnlySpan<MemoryRange> written = [outputRange, lseRange];
            ViewOperand.RequireApart(written, RangeOf("query", _axes.Query, p.Dense.Query));
            ViewOperand.RequireApart(written, RangeOf("key", _axes.Key, p.Dense.Key));
            ViewOperand.RequireApart(written, RangeOf("value", _axes.Value, p.Dense.Value));
            _operands.Bind(ref p, ref call, inputs, written, stream);
            _kernel.Launch(p, stream.Handle);
        }
        finally
        {
            call.Dispose();
        }
    }

    private static ulong Hold<TElement>(ref DeviceCall call, in DeviceView<TElement> view, string argument,
        CudaStream stream)
        where TElement : unmanaged
    {
        call.Hold(view, argument, stream);
        return view.Pointer;
    }

    private static MutableTensorRef Written(in TensorRef tensor) =>
        Unsafe.BitCast<TensorRef, MutableTensorRef>(tensor);

    private static MemoryRange RangeOf(string argument, TensorAxes axes, in TensorRef bound) =>
        axes.RangeOf(argument, bound, Unsafe.SizeOf<T>());

    private MemoryRange LseRange(in DeviceView<float> lse)
    {
        AttentionShape shape = Problem.Shape;
        return Problem.Strides.Packed is PackedTokens tokens
            ? ViewOperand.RequireDense(
                lse, nameof(lse), [shape.QueryHeads, tokens.Queries], "query heads, query tokens")
            : ViewOperand.RequireDense(lse, nameof(lse), [shape.Batch, shape.QueryHeads, shape.QueryLength],
                "batch, query heads, query length");
    }
}
