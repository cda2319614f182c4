using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>
/// A planned backward pass over device tensors, of dense or of neighborhood attention: made once by
/// <see cref="CudaDevice.PlanBackward{T}(AttentionShape, AttentionOptions?)"/>, run many times. <c>Run</c> allocates
/// nothing and returns as soon as the work is in the stream. Deterministic: equal inputs give equal bits.
/// </summary>
/// <remarks>
/// <para>
/// The two-pass form of the FlashAttention backward (arXiv 2205.14135, 2307.08691): one pass owns keys and writes the
/// gradients of key and value, one owns queries and writes that of the query.
/// </para>
/// <para>
/// Tensors of dense attention are taken as <see cref="AttentionPlan{T}"/> takes them, those of neighborhood attention as
/// <see cref="NeighborhoodPlan{T}"/> does; a gradient has the dims of what it is the gradient of. The plan owns scratch memory that a run uses, so
/// runs of one plan must follow each other: in one stream, or in streams that wait for each other.
/// </para>
/// </remarks>
/// <typeparam name="T">Element type: <see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
/// <example>
/// <code>
/// using BackwardPlan&lt;Half&gt; plan = gpu.PlanBackward&lt;Half&gt;(shape, AttentionOptions.Causal);
/// plan.Run(inputs, new(queryGradient, keyGradient, valueGradient), stream);
/// </code>
/// </example>
public sealed class BackwardPlan<T> : IDisposable, IDeviceResource
    where T : unmanaged
{
    private readonly BackwardLaunch _launch;
    private readonly DeviceResource _resource;

    internal BackwardPlan(CudaDevice device, MapProblem problem, BackwardAxes axes, BackwardKernels kernels)
    {
        Axes = axes;
        KernelNames = kernels.Names;
        _launch = new BackwardLaunch(device, problem, kernels);
        _resource = new DeviceResource(device, this, TearDownOrder.Plan, $"BackwardPlan<{typeof(T).Name}>");
    }

    /// <summary>The device it runs on.</summary>
    public CudaDevice Device => _resource.Device;

    /// <summary>
    /// Names of the kernels that were chosen, in the order of their launches; <see cref="KernelCatalog.Find"/> knows more
    /// about them.
    /// </summary>
    public IReadOnlyList<string> KernelNames { get; }

    /// <summary>Bytes of device memory that it holds: tables of the pattern, and two numbers for each row.</summary>
    public long WorkspaceBytes => _launch.Bytes;

    /// <summary>What the operands must be.</summary>
    internal BackwardAxes Axes { get; }

    /// <summary>Computes all gradients. Returns when the work is in the stream.</summary>
    /// <param name="inputs">What forward read and wrote, and the gradient of the output.</param>
    /// <param name="gradients">Where to write; apart from all inputs and from each other.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">
    /// A tensor of the wrong dims or of another device, missing or not part of the problem, or one that is written
    /// overlaps another. Nothing was put into the stream.
    /// </exception>
    /// <exception cref="Bindings.CudaException">The driver refused a launch.</exception>
    /// <exception cref="ObjectDisposedException">The plan, a tensor, the stream or the device was disposed.</exception>
    public void Run(in DeviceBackwardInputs<T> inputs, in DeviceAttentionGradients<T> gradients, CudaStream stream) =>
        Execute(inputs, gradients, stream, asStorage: false);

    /// <summary>Gives the plan back; runs already in a stream go on. Never throws; a second call does nothing.</summary>
    public void Dispose() => _resource.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"{string.Join(" + ", KernelNames)} on {Device}";

    /// <summary>Runs on tensors that are storage for the layout's strides, whatever the layout.</summary>
    internal void RunOnStorage(in DeviceBackwardInputs<T> inputs, in DeviceAttentionGradients<T> gradients,
        CudaStream stream) => Execute(inputs, gradients, stream, asStorage: true);

    void IDeviceResource.TearDown() => _launch.Dispose();

    private void Execute(in DeviceBackwardInputs<T> inputs, in DeviceAttentionGradients<T> gradients, CudaStream stream,
        bool asStorage)
    {
        DeviceCall call = new(Device);
        try
        {
            call.Hold(_resource);
            call.Hold(stream, nameof(stream));
            _launch.Hold(ref call, stream);
            BackwardBinding<T> binding = new(Axes, asStorage);
            BackwardOperands operands = binding.Bind(ref call, inputs, gradients, stream);
            _launch.Run(operands, stream);
        }
        finally
        {
            call.Dispose();
        }
    }
}
