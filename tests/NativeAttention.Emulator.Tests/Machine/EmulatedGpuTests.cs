using System.Runtime.InteropServices;

namespace NativeAttention.Emulation.Tests;

/// <summary>The emulator by itself: load, allocate, launch, read back, findings as objects.</summary>
internal sealed class EmulatedGpuTests
{
    private const string Head = ".version 7.0\n.target sm_80\n.address_size 64\n";

    private const string Scale = Head + """
        .visible .entry scale(.param .u64 data, .param .f32 factor, .param .align 8 .b8 range[16])
        {
            .reg .pred %p<2>; .reg .b32 %r<3>; .reg .f32 %f<4>; .reg .b64 %rd<8>;
            mov.u32 %r1, %tid.x;
            cvt.u64.u32 %rd1, %r1;
            ld.param.u64 %rd2, [range];
            ld.param.u64 %rd3, [range+8];
            add.u64 %rd4, %rd1, %rd2;
            setp.ge.u64 %p1, %rd4, %rd3;
            @%p1 bra DONE;
            ld.param.u64 %rd5, [data];
            shl.b64 %rd6, %rd4, 2;
            add.u64 %rd7, %rd5, %rd6;
            ld.param.f32 %f1, [factor];
            ld.global.f32 %f2, [%rd7];
            mul.f32 %f3, %f1, %f2;
            st.global.f32 [%rd7], %f3;
        DONE:
            ret;
        }
        """;

    [StructLayout(LayoutKind.Sequential)]
    private struct Window(long first, long end)
    {
        public long First = first;
        public long End = end;
    }

    [Test]
    public void Runs_with_a_buffer_a_number_and_a_structure()
    {
        using EmulatedGpu gpu = new();
        PtxKernel kernel = gpu.Load(Scale).Kernel("scale");
        using EmulatedBuffer<float> data = gpu.Upload<float>([1, 2, 3, 4, 5]);
        LaunchResult result =
            gpu.Launch(kernel, 1, 32, [data, 2.5f, PtxArgument.Structure(new Window(1, 4))]);
        Assert.That(data.Read(), Is.EqualTo([1f, 5, 7.5f, 10, 5]));
        Assert.That(result.IsOk);
        Assert.That(result.Counters.GlobalBytesWritten, Is.EqualTo(12));
    }

    [Test]
    public void A_packed_block_does_the_same()
    {
        using EmulatedGpu gpu = new();
        PtxKernel kernel = gpu.Load(Scale).Kernel("scale");
        using EmulatedBuffer<float> data = gpu.Upload<float>([1, 2]);
        byte[] block = new byte[kernel.ParameterBytes];
        MemoryMarshal.Write(block, data.Address);
        MemoryMarshal.Write(block.AsSpan(kernel.Parameters[1].Offset), 3f);
        MemoryMarshal.Write(block.AsSpan(kernel.Parameters[2].Offset), new Window(0, 2));
        Assert.That(gpu.TryLaunch(kernel, 1, 32, block).Fault, Is.Null);
        Assert.That(data.Read(), Is.EqualTo([3f, 6]));
        Assert.That(gpu.TryLaunch(kernel, 1, 32, block.AsMemory(1)).Fault?.Kind,
            Is.EqualTo(EmulatorFaultKind.LaunchMisuse));
    }

    [Test]
    public void A_finding_is_an_object_or_an_exception()
    {
        using EmulatedGpu gpu = new();
        PtxKernel kernel = gpu.Load(Scale).Kernel("scale");
        using EmulatedBuffer<float> data = gpu.Upload<float>([1, 2]);
        PtxArgument[] arguments = [data, 1f, PtxArgument.Structure(new Window(0, 3))];
        EmulatorFault? fault = gpu.TryLaunch(kernel, 1, 32, arguments).Fault;
        Assert.That(fault, Has.Property("Kind").EqualTo(EmulatorFaultKind.GlobalOutOfBounds)
            .And.Property("Statement").EqualTo("ld.global.f32 %f2, [%rd7];").And.Property("Lanes").EqualTo(4));
        EmulatorFaultException thrown =
            Assert.Throws<EmulatorFaultException>(() => gpu.Launch(kernel, 1, 32, arguments))!;
        Assert.That(thrown.Fault.Line, Is.EqualTo(fault!.Line));
        Assert.That(thrown.Message, Does.Contain(fault.Statement));
    }

    [Test]
    public void Memory_that_nothing_has_written_is_reported_and_known()
    {
        using EmulatedGpu gpu = new();
        PtxKernel kernel = gpu.Load(Scale).Kernel("scale");
        using EmulatedBuffer<float> data = gpu.Allocate<float>(2);
        Assert.That(data.IsInitialized(), Is.False);
        Assert.That(gpu.TryLaunch(kernel, 1, 32, [data, 1f, PtxArgument.Structure(new Window(0, 1))]).Fault?.Kind,
            Is.EqualTo(EmulatorFaultKind.UninitializedGlobal));
        data.Write([1, 2]);
        Assert.That(data.IsInitialized());
    }

    [Test]
    public void A_freed_buffer_is_not_an_argument_and_its_address_is_reported()
    {
        using EmulatedGpu gpu = new();
        PtxKernel kernel = gpu.Load(Scale).Kernel("scale");
        EmulatedBuffer<float> data = gpu.Upload<float>([1]);
        data.Dispose();
        data.Dispose();
        PtxArgument window = PtxArgument.Structure(new Window(0, 1));
        Assert.Throws<ObjectDisposedException>(() => gpu.Launch(kernel, 1, 32, [data, 1f, window]));
        Assert.Throws<ObjectDisposedException>(() => data.Read());
        Assert.That(gpu.TryLaunch(kernel, 1, 32, [PtxArgument.Address(data.Address), 1f, window]).Fault?.Kind,
            Is.EqualTo(EmulatorFaultKind.UseAfterFree));
    }

    [Test]
    public void Arguments_that_do_not_fit_are_refused_with_the_declaration()
    {
        using EmulatedGpu gpu = new();
        PtxKernel kernel = gpu.Load(Scale).Kernel("scale");
        using EmulatedBuffer<float> data = gpu.Upload<float>([1]);
        PtxArgument window = PtxArgument.Structure(new Window(0, 1));
        Refused([data, 1f], "2 arguments are given; the entry takes 3: scale(.u64 data, .f32 factor, .b8 range[16 bytes])");
        Refused([data, 1, window], "Argument 2 of 'scale', for .f32 factor: 4 bytes of an integer are given");
        Refused([data, 1.0, window], "8 bytes of a float are given, the parameter has 4");
        Refused([2.0, 1f, window], "Argument 1 of 'scale', for .u64 data: 8 bytes of a float are given");
        Refused([data, 1f, 5L], "8 bytes of an integer are given, the parameter has 16");

        void Refused(PtxArgument[] arguments, string text) => Assert.That(
            () => gpu.TryLaunch(kernel, 1, 32, arguments), Throws.ArgumentException.With.Message.Contains(text));
    }

    [Test]
    public void A_kernel_of_another_gpu_is_refused()
    {
        using EmulatedGpu gpu = new();
        using EmulatedGpu other = new();
        PtxKernel kernel = other.Load(Scale).Kernel("scale");
        Assert.That(() => gpu.TryLaunch(kernel, 1, 32, ReadOnlyMemory<byte>.Empty),
            Throws.ArgumentException.With.Message.Contains("another emulated GPU"));
    }

    [Test]
    public void Bad_sizes_and_options_are_refused()
    {
        using EmulatedGpu gpu = new(EmulatorOptions.Default with { MemoryBytes = 1 << 20 });
        Assert.Throws<ArgumentOutOfRangeException>(() => gpu.Allocate<float>(-1));
        Assert.Throws<InsufficientMemoryException>(() => gpu.Allocate<double>(1 << 20));
        using EmulatedBuffer<int> none = gpu.Allocate<int>(0);
        Assert.That(none.Read(), Is.Empty);
        Assert.That(() => none.Write([1]), Throws.ArgumentException);
        Assert.That(() => new EmulatedGpu(EmulatorOptions.Default with { Target = "sm_12" }),
            Throws.ArgumentException);
        Assert.Throws<OverflowException>(() => _ = (LaunchExtent)(-1));
    }

    [Test]
    public void After_disposal_nothing_works()
    {
        EmulatedGpu gpu = new();
        PtxKernel kernel = gpu.Load(Scale).Kernel("scale");
        EmulatedBuffer<float> data = gpu.Upload<float>([1]);
        gpu.Dispose();
        Assert.Throws<ObjectDisposedException>(() => data.Read());
        Assert.Throws<ObjectDisposedException>(() => gpu.Load(Scale));
        Assert.Throws<ObjectDisposedException>(() => gpu.Allocate<int>(1));
        Assert.Throws<ObjectDisposedException>(() => gpu.TryLaunch(kernel, 1, 32, new byte[32]));
    }

    [Test]
    public void A_wrong_entry_name_lists_those_there_are()
    {
        using EmulatedGpu gpu = new();
        PtxModule module = gpu.Load(Scale, "mine");
        Assert.That(() => module.Kernel("skale"), Throws.ArgumentException.With.Message.Contains(
            "Module 'mine' has no entry 'skale'; it has scale."));
        Assert.That(module.Kernels[0].ToString(),
            Is.EqualTo("scale(.u64 data, .f32 factor, .b8 range[16 bytes])"));
    }
}
