using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>
/// A GPU that runs any PTX text on the CPU and checks every access: load, upload, launch, read back. What a
/// kernel does wrong comes back as an <see cref="EmulatorFault"/> that names the PTX statement.
/// </summary>
/// <remarks>
/// Owns the memory of its buffers and modules: after <see cref="Dispose"/> none of them can be used. Use it
/// from one thread at a time; a launch itself may use several (<see cref="EmulatorOptions.Threads"/>).
/// </remarks>
/// <example>
/// <code>
/// using EmulatedGpu gpu = new();
/// PtxKernel add = gpu.Load(File.ReadAllText("add.ptx")).Kernel("vector_add");
/// using EmulatedBuffer&lt;float&gt; x = gpu.Upload&lt;float&gt;(xs), y = gpu.Upload&lt;float&gt;(ys);
/// using EmulatedBuffer&lt;float&gt; z = gpu.Allocate&lt;float&gt;(xs.Length);
/// gpu.Launch(add, grid: 4, block: 256, [x, y, z, xs.Length]);
/// float[] sums = z.Read();
/// </code>
/// </example>
public sealed class EmulatedGpu : IDisposable
{
    private readonly DeviceMemory _memory;
    private bool _isDisposed;

    /// <summary>Makes a GPU.</summary>
    /// <param name="options">How it behaves; null for <see cref="EmulatorOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">
    /// The target is not one that can be emulated, or a count or size is not positive.
    /// </exception>
    public EmulatedGpu(EmulatorOptions? options = null)
    {
        Options = options ?? EmulatorOptions.Default;
        EmulatedDevice.Validate(Options);
        _memory = new DeviceMemory(Options.MemoryBytes, Options.QuarantineBytes);
    }

    /// <summary>How it behaves.</summary>
    public EmulatorOptions Options { get; }

    /// <summary>Loads PTX text.</summary>
    /// <param name="ptx">The text.</param>
    /// <param name="name">Name of the module in messages.</param>
    /// <exception cref="PtxLoadException">The text is not PTX that this GPU can run; the exception lists every
    /// offending statement.</exception>
    public PtxModule Load(string ptx, string name = "module") =>
        TryLoad(ptx, name, out PtxModule? module, out IReadOnlyList<PtxDiagnostic> errors)
            ? module : throw new PtxLoadException(errors);

    /// <summary>Loads PTX text, or says why not.</summary>
    /// <param name="ptx">The text.</param>
    /// <param name="name">Name of the module in messages.</param>
    /// <param name="module">The module, or null.</param>
    /// <param name="errors">Every offending statement; empty when the module was loaded.</param>
    public bool TryLoad(
        string ptx,
        string name,
        [NotNullWhen(true)] out PtxModule? module,
        out IReadOnlyList<PtxDiagnostic> errors)
    {
        ArgumentNullException.ThrowIfNull(ptx);
        ArgumentNullException.ThrowIfNull(name);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return PtxModule.TryLoad(ptx, name, Options, _memory, out module, out errors);
    }

    /// <summary>Allocates a buffer that nothing has written: a kernel that reads it before it is written is
    /// reported.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="length">Number of elements; 0 is allowed.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="InsufficientMemoryException">The memory of the GPU is used up
    /// (<see cref="EmulatorOptions.MemoryBytes"/>).</exception>
    public EmulatedBuffer<T> Allocate<T>(int length)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new EmulatedBuffer<T>(_memory, length);
    }

    /// <summary>Allocates a buffer with these elements.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="values">The elements.</param>
    /// <exception cref="InsufficientMemoryException">The memory of the GPU is used up.</exception>
    public EmulatedBuffer<T> Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        EmulatedBuffer<T> buffer = Allocate<T>(values.Length);
        buffer.Write(values);
        return buffer;
    }

    /// <summary>Runs a kernel to its end.</summary>
    /// <param name="kernel">An entry point of a module that was loaded here.</param>
    /// <param name="grid">Number of blocks.</param>
    /// <param name="block">Threads of a block.</param>
    /// <param name="arguments">One for every parameter: buffers, numbers, structures.</param>
    /// <param name="sharedBytes">Bytes of dynamic shared memory.</param>
    /// <returns>What was counted.</returns>
    /// <exception cref="EmulatorFaultException">The kernel did something wrong; the exception carries the
    /// finding.</exception>
    /// <exception cref="ArgumentException">The arguments do not fit the parameters of the kernel.</exception>
    public LaunchResult Launch(PtxKernel kernel, LaunchExtent grid, LaunchExtent block,
        ReadOnlySpan<PtxArgument> arguments, int sharedBytes = 0)
    {
        LaunchResult result = TryLaunch(kernel, grid, block, arguments, sharedBytes);
        return result.Fault is null ? result : throw new EmulatorFaultException(result.Fault);
    }

    /// <summary>Runs a kernel to its end or to the first thing it does wrong, which is part of the
    /// result.</summary>
    /// <param name="kernel">An entry point of a module that was loaded here.</param>
    /// <param name="grid">Number of blocks.</param>
    /// <param name="block">Threads of a block.</param>
    /// <param name="arguments">One for every parameter: buffers, numbers, structures.</param>
    /// <param name="sharedBytes">Bytes of dynamic shared memory.</param>
    /// <returns>The finding, if there was one, and what was counted until then.</returns>
    /// <exception cref="ArgumentException">The arguments do not fit the parameters of the kernel.</exception>
    public LaunchResult TryLaunch(PtxKernel kernel, LaunchExtent grid, LaunchExtent block,
        ReadOnlySpan<PtxArgument> arguments, int sharedBytes = 0)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return TryLaunch(kernel, grid, block, Pack(kernel, arguments), sharedBytes);
    }

    /// <summary>Runs a kernel with a parameter block that is already packed, as
    /// <see cref="TryLaunch(PtxKernel, LaunchExtent, LaunchExtent, ReadOnlySpan{PtxArgument}, int)"/>.</summary>
    /// <param name="kernel">An entry point of a module that was loaded here.</param>
    /// <param name="grid">Number of blocks.</param>
    /// <param name="block">Threads of a block.</param>
    /// <param name="parameterBlock">The parameters in PTX layout, <see cref="PtxKernel.ParameterBytes"/>
    /// bytes.</param>
    /// <param name="sharedBytes">Bytes of dynamic shared memory.</param>
    /// <returns>The finding, if there was one, and what was counted until then.</returns>
    public LaunchResult TryLaunch(PtxKernel kernel, LaunchExtent grid, LaunchExtent block,
        ReadOnlyMemory<byte> parameterBlock, int sharedBytes = 0)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (kernel.Memory != _memory)
        {
            throw new ArgumentException(
                $"'{kernel.Name}' belongs to a module that another emulated GPU has loaded.", nameof(kernel));
        }
        LaunchCounters counters = new();
        KernelProfile? profile = Options.Profile ? new KernelProfile(kernel) : null;
        LaunchRequest request = new(kernel, grid.ToTuple(), block.ToTuple(), sharedBytes, parameterBlock)
        {
            Profile = profile,
        };
        EmulatorFault? fault = KernelRunner.Run(_memory, request, Options, counters);
        return new LaunchResult(kernel, fault, counters) { Profile = profile };
    }

    /// <summary>Frees the memory of all buffers and modules.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _memory.Dispose();
    }

    private static byte[] Pack(PtxKernel kernel, ReadOnlySpan<PtxArgument> arguments)
    {
        if (arguments.Length != kernel.Parameters.Count)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"{arguments.Length} arguments are given; the entry takes {kernel.Parameters.Count}: {kernel}"),
                nameof(arguments));
        }
        byte[] block = new byte[kernel.ParameterBytes];
        for (int i = 0; i < arguments.Length; i++)
        {
            PtxParameter parameter = kernel.Parameters[i];
            if (!arguments[i].Fits(parameter, out string? problem))
            {
                throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                    $"Argument {i + 1} of '{kernel.Name}', for {parameter}: {problem}."), nameof(arguments));
            }
            arguments[i].CopyTo(block.AsSpan(parameter.Offset, parameter.Size));
        }
        return block;
    }
}
