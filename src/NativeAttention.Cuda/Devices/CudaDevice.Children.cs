using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

// What a device makes.
public sealed partial class CudaDevice
{
    /// <summary>
    /// Makes a stream that does not wait for the null stream. Disposed with the device, if not before.
    /// </summary>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public CudaStream CreateStream()
    {
        using Scope scope = Use();
        return CudaStream.Create(this);
    }

    /// <summary>Makes an event that can measure time. Disposed with the device, if not before.</summary>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public CudaEvent CreateEvent()
    {
        using Scope scope = Use();
        return CudaEvent.Create(this);
    }

    /// <summary>
    /// Makes a dense tensor whose elements are uninitialised. Disposed with the device, if not before.
    /// </summary>
    /// <remarks>The memory is there for work put into <paramref name="stream"/> from now on.</remarks>
    /// <typeparam name="T">Element type.</typeparam>
    /// <param name="dims">One to six lengths; 0 is allowed.</param>
    /// <param name="stream">The stream in which it is allocated.</param>
    /// <exception cref="ArgumentException">Too many axes or none, a negative length, a stream of another
    /// device.</exception>
    /// <exception cref="Bindings.CudaException">Out of memory, or the driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The stream or the device was disposed.</exception>
    public DeviceTensor<T> Allocate<T>(ReadOnlySpan<int> dims, CudaStream stream)
        where T : unmanaged
    {
        DeviceCall call = new(this);
        try
        {
            call.Hold(stream, nameof(stream));
            return DeviceTensor<T>.Create(this, dims, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>
    /// Makes a dense tensor of host memory, through page-locked memory and in stream order.
    /// </summary>
    /// <typeparam name="T">Element type.</typeparam>
    /// <param name="source">As many elements as the dims say; may change as soon as this returns.</param>
    /// <param name="dims">One to six lengths; 0 is allowed.</param>
    /// <param name="stream">The stream in which it is allocated and filled.</param>
    /// <exception cref="ArgumentException">The number of elements does not fit the dims; or as
    /// <see cref="Allocate{T}"/>.</exception>
    /// <exception cref="Bindings.CudaException">Out of memory, or the driver refused.</exception>
    /// <exception cref="ObjectDisposedException">The stream or the device was disposed.</exception>
    public DeviceTensor<T> Upload<T>(ReadOnlySpan<T> source, ReadOnlySpan<int> dims, CudaStream stream)
        where T : unmanaged
    {
        StridedDims dense = StridedDims.Dense(dims, Unsafe.SizeOf<T>());
        if (source.Length != dense.Count)
        {
            ThrowHelper.Argument(nameof(source), $"{source.Length} elements; {dense} needs {dense.Count}.");
        }

        DeviceTensor<T> tensor = Allocate<T>(dims, stream);
        try
        {
            tensor.Upload(source, stream);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A view of device memory that belongs to somebody else, who keeps it alive while work that uses it is
    /// in flight.
    /// </summary>
    /// <typeparam name="T">Element type.</typeparam>
    /// <param name="address">Device address (<c>CUdeviceptr</c>) of the first element, aligned to the
    /// element.</param>
    /// <param name="dims">One to six lengths of a dense tensor.</param>
    /// <exception cref="ArgumentException">The address is not aligned or not memory of this device; bad
    /// dims.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public DeviceView<T> Wrap<T>(nint address, ReadOnlySpan<int> dims)
        where T : unmanaged
    {
        StridedDims dense = StridedDims.Dense(dims, Unsafe.SizeOf<T>());
        int alignment = Math.Min(Unsafe.SizeOf<T>() & -Unsafe.SizeOf<T>(), 16);
        if (address % alignment != 0)
        {
            ThrowHelper.Argument(nameof(address),
                $"0x{address:x} is not a multiple of {alignment}, the alignment of {typeof(T).Name}.");
        }

        using Scope scope = Use();
        if (dense.Count > 0 && Context.DeviceOf((ulong)address) != Ordinal)
        {
            ThrowHelper.Argument(nameof(address), Context.DeviceOf((ulong)address) is int other
                ? $"0x{address:x} is memory of device {other}; it must be memory of {this}."
                : $"0x{address:x} is no address that the driver knows; it must be memory of {this}.");
        }

        return new DeviceView<T>(this, null, (ulong)address, dense);
    }

    /// <summary>
    /// Makes page-locked host memory; its elements are uninitialised. Disposed with the device, if not
    /// before.
    /// </summary>
    /// <typeparam name="T">Element type.</typeparam>
    /// <param name="length">Number of elements; 0 is allowed.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative length.</exception>
    /// <exception cref="Bindings.CudaException">Out of memory.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public PinnedBuffer<T> AllocatePinned<T>(int length)
        where T : unmanaged
    {
        if (length < 0)
        {
            ThrowHelper.OutOfRange(nameof(length), length, "0 or more");
        }

        using Scope scope = Use();
        return PinnedBuffer<T>.Create(this, length);
    }

    /// <summary>Asks whether this device can run a problem.</summary>
    /// <typeparam name="T">Element type of the tensors.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">What to compute; null for <see cref="AttentionOptions.Default"/>.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    /// <exception cref="ArgumentException">The shape or the options make no sense anywhere.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public bool CanRun<T>(AttentionShape shape, AttentionOptions? options,
        [NotNullWhen(false)] out string? reason)
        where T : unmanaged => CanRun(Problem<T>(shape, options), out reason);

    /// <summary>
    /// Plans a problem: chooses and loads the kernel. Disposed with the device, if not before.
    /// </summary>
    /// <typeparam name="T">Element type of the tensors.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">What to compute; null for <see cref="AttentionOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">The shape or the options make no sense anywhere.</exception>
    /// <exception cref="NotSupportedException">No kernel can run it on this device; the message has the
    /// reason.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused the kernel.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public AttentionPlan<T> Plan<T>(AttentionShape shape, AttentionOptions? options = null)
        where T : unmanaged => PlanProblem<T>(Problem<T>(shape, options));

    /// <summary>Asks whether this device can run a problem.</summary>
    internal bool CanRun(AttentionProblem problem, [NotNullWhen(false)] out string? reason)
    {
        bool can = DensePlanner.TryChoose(problem, Capability, MaxSharedBytes, out _, out string why);
        reason = can ? null : why;
        return can;
    }

    /// <summary>Plans a problem.</summary>
    internal AttentionPlan<T> PlanProblem<T>(AttentionProblem problem)
        where T : unmanaged
    {
        if (ElementTypes.Of<T>() != problem.ElementType)
        {
            throw new ArgumentException(
                $"The problem is of {problem.ElementType}, but the plan was asked for {typeof(T).Name}.",
                nameof(problem));
        }

        if (!DensePlanner.TryChoose(problem, Capability, MaxSharedBytes, out KernelEntry? kernel,
            out string reason))
        {
            throw new NotSupportedException($"{this} cannot run {DensePlanner.Describe(problem)}: {reason}.");
        }

        using Scope scope = Use();
        AttentionPlan<T> plan = new(this, problem, kernel);
        Journal.KernelChosen(problem, kernel, reason);
        return plan;
    }

    private static AttentionProblem Problem<T>(AttentionShape shape, AttentionOptions? options)
        where T : unmanaged =>
        AttentionProblem.Create(ElementTypes.Of<T>(), shape, options ?? AttentionOptions.Default);
}
