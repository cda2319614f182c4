using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>A device of its own, current on this thread, and short forms of the driver's calls.</summary>
internal sealed unsafe class DriverSession : IDisposable
{
    internal DriverSession(StreamMode mode = StreamMode.Eager, int seed = 0)
        : this(new EmulatorOptions { Streams = mode, Seed = seed, Threads = 1, MemoryBytes = 64L << 20 })
    {
    }

    internal DriverSession(EmulatorOptions options)
    {
        Ordinal = EmulatedDriver.AddDevice(options);
        nint context;
        Check(Cuda.DevicePrimaryCtxRetain(&context, Ordinal), "cuDevicePrimaryCtxRetain");
        Context = context;
        Check(Cuda.CtxSetCurrent(context), "cuCtxSetCurrent");
    }

    internal static CudaDriver Cuda => EmulatedDriver.Driver;

    internal int Ordinal { get; }

    internal nint Context { get; }

    internal DeviceMemory Memory => HandleTable.Get<EmulatedContext>(Context).Memory;

    internal EmulatedObjectCounts Live => EmulatedDriver.GetLiveObjects(Ordinal);

    public void Dispose()
    {
        Cuda.CtxSetCurrent(0);
        Cuda.DevicePrimaryCtxRelease(Ordinal);
    }

    internal void Check(CudaResult result, string call)
    {
        Cuda.Check(result, call, Ordinal);
    }

    /// <summary>Asserts that a call failed with a code; returns what the emulator said about it.</summary>
    internal string Refused(CudaResult result, CudaResult expected)
    {
        Assert.That(result, Is.EqualTo(expected));
        CudaException error = Cuda.CreateException(result, "call", Ordinal);
        Assert.That(error.Finding, Is.Not.Null.And.Not.Empty);
        return error.Finding!;
    }

    internal ulong Allocate(int bytes)
    {
        ulong pointer;
        Check(Cuda.MemAlloc(&pointer, (nuint)bytes), "cuMemAlloc_v2");
        return pointer;
    }

    internal ulong Upload(ReadOnlySpan<byte> data)
    {
        ulong pointer = Allocate(data.Length);
        fixed (byte* source = data)
        {
            Check(Cuda.MemcpyHtoD(pointer, source, (nuint)data.Length), "cuMemcpyHtoD_v2");
        }

        return pointer;
    }

    internal byte[] Download(ulong pointer, int bytes)
    {
        byte[] data = new byte[bytes];
        fixed (byte* target = data)
        {
            Check(Cuda.MemcpyDtoH(target, pointer, (nuint)bytes), "cuMemcpyDtoH_v2");
        }

        return data;
    }

    internal nint Stream(StreamFlags flags = StreamFlags.NonBlocking)
    {
        nint stream;
        Check(Cuda.StreamCreate(&stream, flags), "cuStreamCreate");
        return stream;
    }

    internal nint Event(EventFlags flags = EventFlags.Default)
    {
        nint created;
        Check(Cuda.EventCreate(&created, flags), "cuEventCreate");
        return created;
    }

    internal byte* Pinned(int bytes)
    {
        void* pointer;
        Check(Cuda.MemAllocHost(&pointer, (nuint)bytes), "cuMemAllocHost_v2");
        return (byte*)pointer;
    }

    internal void Fill(ulong pointer, byte value, int bytes, nint stream)
    {
        Check(Cuda.MemsetD8Async(pointer, value, (nuint)bytes, stream), "cuMemsetD8Async");
    }

    internal void Synchronize(nint stream)
    {
        Check(Cuda.StreamSynchronize(stream), "cuStreamSynchronize");
    }

    /// <summary>Loads PTX; the log of a failure is in <paramref name="log"/>.</summary>
    internal CudaResult Load(string ptx, out nint module, out string log)
    {
        byte[] buffer = new byte[4096];
        nint loaded = 0;
        CudaResult result;
        nint text = Marshal.StringToCoTaskMemUTF8(ptx);
        fixed (byte* logBuffer = buffer)
        {
            JitOption* options = stackalloc JitOption[]
            {
                JitOption.ErrorLogBuffer, JitOption.ErrorLogBufferSizeBytes,
            };
            void** values = stackalloc void*[] { logBuffer, (void*)(nuint)buffer.Length };
            result = Cuda.ModuleLoadDataEx(&loaded, (void*)text, 2, options, values);
            int written = (int)(nuint)values[1];
            log = System.Text.Encoding.UTF8.GetString(buffer, 0, Math.Max(0, written - 1));
        }

        Marshal.FreeCoTaskMem(text);
        module = loaded;
        return result;
    }

    internal nint LoadFunction(string ptx, string name)
    {
        CudaResult result = Load(ptx, out nint module, out string log);
        Assert.That(result, Is.EqualTo(CudaResult.Success), log);
        return Function(module, name);
    }

    internal nint Function(nint module, string name)
    {
        nint function;
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        CudaResult result = Cuda.ModuleGetFunction(&function, module, (byte*)text);
        Marshal.FreeCoTaskMem(text);
        Check(result, "cuModuleGetFunction");
        return function;
    }
}
