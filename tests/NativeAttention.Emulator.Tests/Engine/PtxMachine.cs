using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace NativeAttention.Emulation.Tests;

/// <summary>A small machine for tests: device memory, one module, typed buffers, and launches with packed
/// arguments.</summary>
internal sealed unsafe class PtxMachine : IDisposable
{
    public PtxMachine(string ptx, EmulatorOptions? options = null)
    {
        Options = options ?? EmulatorOptions.Default with { Threads = 1 };
        Memory = new DeviceMemory(256L << 20);
        bool loaded = PtxModule.TryLoad(ptx, "test", Options, Memory, out PtxModule? module, out string log);
        Assert.That(loaded, Is.True, log);
        Module = module!;
    }

    public DeviceMemory Memory { get; }

    public PtxModule Module { get; }

    public EmulatorOptions Options { get; set; }

    public LaunchCounters Counters { get; } = new();

    /// <summary>An initialised buffer with these values.</summary>
    public ulong Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ulong address = Allocate(values.Length * sizeof(T));
        values.CopyTo(new Span<T>((void*)address, values.Length));
        Memory.MarkInitialized(address, (long)values.Length * sizeof(T));
        return address;
    }

    /// <summary>Overwrites a buffer.</summary>
    public static void Write<T>(ulong address, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        values.CopyTo(new Span<T>((void*)address, values.Length));
    }

    /// <summary>A buffer that nothing has written.</summary>
    public ulong Allocate(long bytes)
    {
        Assert.That(Memory.TryAllocate(bytes, out ulong address), Is.True);
        return address;
    }

    public T[] Download<T>(ulong address, int count)
        where T : unmanaged
    {
        Assert.That(Memory.TryCheckHostAccess(address, (long)count * sizeof(T), out string? problem),
            Is.True, problem);
        return new ReadOnlySpan<T>((void*)address, count).ToArray();
    }

    /// <summary>Launches the only (or the named) kernel; arguments are ulong, int, uint, float or
    /// byte[].</summary>
    public EmulatorFault? Launch(uint grid, uint block, int shared, params object[] arguments)
    {
        return Launch((grid, 1, 1), (block, 1, 1), shared, null, arguments);
    }

    public EmulatorFault? Launch(
        (uint X, uint Y, uint Z) grid, (uint X, uint Y, uint Z) block, int shared, string? kernel,
        params object[] arguments)
    {
        PtxKernel entry = kernel is null ? Module.Kernels[0] : Module.Kernels.Single(k => k.Name == kernel);
        return KernelRunner.Run(
            Memory, new LaunchRequest(entry, grid, block, shared, Pack(entry, arguments)), Options, Counters);
    }

    public void Dispose() => Memory.Dispose();

    private static byte[] Pack(PtxKernel kernel, object[] arguments)
    {
        byte[] packed = new byte[kernel.ParameterBytes];
        for (int i = 0; i < arguments.Length; i++)
        {
            Span<byte> target = packed.AsSpan(kernel.Parameters[i].Offset, kernel.Parameters[i].Size);
            switch (arguments[i])
            {
                case ulong value:
                    BinaryPrimitives.WriteUInt64LittleEndian(target, value);
                    break;
                case int value:
                    BinaryPrimitives.WriteInt32LittleEndian(target, value);
                    break;
                case uint value:
                    BinaryPrimitives.WriteUInt32LittleEndian(target, value);
                    break;
                case float value:
                    BinaryPrimitives.WriteSingleLittleEndian(target, value);
                    break;
                case byte[] bytes:
                    bytes.CopyTo(target);
                    break;
                default:
                    throw new ArgumentException($"argument {i} of type {arguments[i].GetType()}",
                        nameof(arguments));
            }
        }
        return packed;
    }

    /// <summary>The bytes of a struct, for a by-value parameter.</summary>
    public static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
}
