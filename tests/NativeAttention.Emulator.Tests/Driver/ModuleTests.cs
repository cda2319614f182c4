using System.Runtime.InteropServices;
using System.Text;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>Loading modules: what is refused and why, and what a function says of itself.</summary>
internal sealed unsafe class ModuleTests
{
    private DriverSession _session = null!;

    private static CudaDriver Cuda => EmulatedDriver.Driver;

    [SetUp]
    public void Open()
    {
        _session = new DriverSession();
    }

    [TearDown]
    public void Close()
    {
        _session.Dispose();
    }

    [TestCase(".version 8.8", CudaResult.UnsupportedPtxVersion, "8.8; the newest understood is 8.7")]
    [TestCase(".version 99.0", CudaResult.UnsupportedPtxVersion, "99.0")]
    [TestCase("", CudaResult.InvalidPtx, "no .version")]
    [TestCase("// .version 7.4", CudaResult.InvalidPtx, "no .version")]
    public void A_version_that_is_too_new_or_missing_is_refused(
        string version, CudaResult code, string finding)
    {
        string ptx = TestKernels.Empty.Replace(".version 7.4", version, StringComparison.Ordinal);
        AssertRefused(ptx, code, finding);
    }

    [TestCase("sm_80", ".target sm_90", CudaResult.NoBinaryForGpu, "is for sm_90; device")]
    [TestCase("sm_90", ".target sm_90a", CudaResult.NoBinaryForGpu, "is for sm_90a; device")]
    [TestCase("sm_86", ".target sm_89", CudaResult.NoBinaryForGpu, "sm_86")]
    [TestCase("sm_80", "", CudaResult.InvalidPtx, "no .target")]
    public void A_target_that_the_device_cannot_run_is_refused(
        string device, string target, CudaResult code, string finding)
    {
        using DriverSession session = new(new EmulatorOptions { Target = device, MemoryBytes = 1 << 24 });
        string ptx = TestKernels.Empty.Replace(".target sm_80", target, StringComparison.Ordinal);
        CudaResult result = session.Load(ptx, out _, out string log);
        Assert.That(session.Refused(result, code), Does.Contain(finding));
        Assert.That(log, Does.Contain(finding));
    }

    [TestCase("sm_80", "sm_80")]
    [TestCase("sm_86", "sm_80")]
    [TestCase("sm_90a", "sm_80")]
    [TestCase("sm_90a", "sm_90")]
    public void Code_for_an_older_target_loads(string device, string target)
    {
        using DriverSession session = new(new EmulatorOptions { Target = device, MemoryBytes = 1 << 24 });
        string ptx = TestKernels.Empty.Replace("sm_80", target, StringComparison.Ordinal);
        CudaResult result = session.Load(ptx, out _, out string log);
        Assert.That(result, Is.EqualTo(CudaResult.Success), log);
    }

    [Test]
    public void Binary_images_are_refused_by_kind()
    {
        AssertImageRefused([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0], CudaResult.InvalidImage, "cubin");
        AssertImageRefused([0x50, 0xED, 0x55, 0xBA, 1, 0], CudaResult.InvalidImage, "fat binary");
    }

    [Test]
    public void An_image_that_is_no_text_is_refused_with_the_likely_cause()
    {
        byte[] text = Encoding.UTF8.GetBytes(TestKernels.Empty);
        AssertImageRefused([.. text, 0x03, 0x90, 0], CudaResult.InvalidPtx, "is its final NUL missing?");
        AssertImageRefused([.. text, 0xC3, 0x28, 0], CudaResult.InvalidPtx, "not UTF-8");
        nint module;
        CudaResult none = Cuda.ModuleLoadDataEx(&module, null, 0, null, null);
        Assert.That(_session.Refused(none, CudaResult.InvalidValue), Does.Contain("null"));
    }

    [Test]
    public void An_unknown_instruction_is_named_with_its_line_in_the_log_and_the_exception()
    {
        CudaResult result = _session.Load(TestKernels.Unknown, out _, out string log);
        string finding = _session.Refused(result, CudaResult.InvalidPtx);
        Assert.That(finding, Does.Contain("frobnicate").And.Contain("broken").And.Contain("(7)"));
        Assert.That(log, Is.EqualTo(finding));
        CudaException error = Cuda.CreateException(result, "cuModuleLoadDataEx", _session.Ordinal);
        Assert.That(error.Message, Does.Contain("CUDA_ERROR_INVALID_PTX (218)").And.Contain("frobnicate"));
        Assert.That(_session.Live.Modules, Is.Zero);
    }

    [Test]
    public void A_log_is_cut_to_its_buffer()
    {
        byte[] image = Encoding.UTF8.GetBytes(TestKernels.Unknown + "\0");
        byte* log = stackalloc byte[8];
        new Span<byte>(log, 8).Fill(0x77);
        JitOption* options = stackalloc JitOption[]
        {
            JitOption.ErrorLogBufferSizeBytes, JitOption.ErrorLogBuffer, JitOption.OptimizationLevel,
        };
        void** values = stackalloc void*[] { (void*)6, log, (void*)4 };
        nint module;
        fixed (byte* text = image)
        {
            Cuda.ModuleLoadDataEx(&module, text, 3, options, values);
        }

        byte[] written = new Span<byte>(log, 8).ToArray();
        long size = (long)values[0];
        Assert.That(written[..5], Has.None.EqualTo(0));
        Assert.That(written[5..], Is.EqualTo((byte[])[0, 0x77, 0x77]));
        Assert.That(size, Is.EqualTo(6));
    }

    [Test]
    public void A_function_is_found_by_its_exact_name_and_is_the_same_every_time()
    {
        _session.Check(_session.Load(TestKernels.Empty, out nint module, out _), "cuModuleLoadDataEx");
        nint first = _session.Function(module, "empty");
        Assert.That(_session.Function(module, "empty"), Is.EqualTo(first));
        Assert.That(_session.Function(module, "empty64"), Is.Not.EqualTo(first));
        nint function;
        CudaResult missing;
        fixed (byte* name = "Empty\0"u8)
        {
            missing = Cuda.ModuleGetFunction(&function, module, name);
        }

        string finding = _session.Refused(missing, CudaResult.NotFound);
        Assert.That(finding, Does.Contain("'Empty'").And.Contain("empty64"));
    }

    [Test]
    public void An_unloaded_module_takes_its_functions_with_it()
    {
        _session.Check(_session.Load(TestKernels.Empty, out nint module, out _), "cuModuleLoadDataEx");
        nint function = _session.Function(module, "empty");
        Assert.That(_session.Live.Modules, Is.EqualTo(1));
        Assert.That(Cuda.ModuleUnload(module), Is.EqualTo(CudaResult.Success));
        Assert.That(Cuda.ModuleUnload(module), Is.EqualTo(CudaResult.InvalidHandle));
        CudaResult launch = Cuda.LaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, 0, null, null);
        Assert.That(_session.Refused(launch, CudaResult.InvalidHandle), Does.Contain("was destroyed"));
        Assert.That(_session.Live.Modules, Is.Zero);
    }

    [Test]
    public void A_function_tells_its_attributes()
    {
        nint function = _session.LoadFunction(TestKernels.Empty, "empty64");
        Assert.Multiple(() =>
        {
            Assert.That(Attribute(function, FunctionAttribute.MaxThreadsPerBlock), Is.EqualTo(64));
            Assert.That(Attribute(function, FunctionAttribute.PtxVersion), Is.EqualTo(74));
            Assert.That(Attribute(function, FunctionAttribute.BinaryVersion), Is.EqualTo(80));
            Assert.That(Attribute(function, FunctionAttribute.SharedSizeBytes), Is.Zero);
            Assert.That(Attribute(function, FunctionAttribute.LocalSizeBytes), Is.Zero);
            Assert.That(Attribute(function, FunctionAttribute.MaxDynamicSharedSizeBytes), Is.EqualTo(49_152));
        });
    }

    [Test]
    public void Dynamic_shared_memory_is_raised_up_to_the_limit_of_the_device()
    {
        nint function = _session.LoadFunction(TestKernels.Empty, "empty");
        const FunctionAttribute Dynamic = FunctionAttribute.MaxDynamicSharedSizeBytes;
        Assert.That(Cuda.FuncSetAttribute(function, Dynamic, 163 << 10), Is.EqualTo(CudaResult.Success));
        Assert.That(Attribute(function, Dynamic), Is.EqualTo(163 << 10));
        CudaResult more = Cuda.FuncSetAttribute(function, Dynamic, (163 << 10) + 1);
        Assert.That(_session.Refused(more, CudaResult.InvalidValue), Does.Contain("0 to 166,912 are"));
        Assert.That(Cuda.FuncSetAttribute(function, Dynamic, -1), Is.EqualTo(CudaResult.InvalidValue));
        CudaResult fixedOne = Cuda.FuncSetAttribute(function, FunctionAttribute.RegisterCount, 1);
        Assert.That(_session.Refused(fixedOne, CudaResult.InvalidValue), Does.Contain("cannot be set"));
        const FunctionAttribute Carveout = FunctionAttribute.PreferredSharedMemoryCarveout;
        Assert.That(Cuda.FuncSetAttribute(function, Carveout, 50), Is.EqualTo(CudaResult.Success));
        Assert.That(Cuda.FuncSetAttribute(function, Carveout, 101), Is.EqualTo(CudaResult.InvalidValue));
    }

    [Test]
    public void Occupancy_is_that_of_the_emulated_device()
    {
        EmulatorOptions options = new() { CtasPerSm = 4, MemoryBytes = 1 << 24 };
        using DriverSession session = new(options);
        nint function = session.LoadFunction(TestKernels.Empty, "empty");
        Assert.That(Occupancy(session, function, 128, 0), Is.EqualTo(4));
        Assert.That(Occupancy(session, function, 1024, 0), Is.EqualTo(2));
        Assert.That(Occupancy(session, function, 128, 80 << 10), Is.EqualTo(2));
        Assert.That(Occupancy(session, function, 128, 163 << 10), Is.EqualTo(1));
        Assert.That(Occupancy(session, function, 128, 164 << 10), Is.Zero);
        Assert.That(Occupancy(session, function, 1025, 0), Is.Zero);
    }

    [Test]
    public void A_global_variable_has_an_address_and_a_size()
    {
        string ptx = TestKernels.Header
            + ".visible .global .align 4 .u32 counter = 7;\n.visible .entry none()\n{\n    ret;\n}\n";
        _session.Check(_session.Load(ptx, out nint module, out _), "cuModuleLoadDataEx");
        ulong pointer;
        nuint bytes;
        CudaResult found;
        CudaResult missing;
        fixed (byte* name = "counter\0"u8, absent = "absent\0"u8)
        {
            found = Cuda.ModuleGetGlobal(&pointer, &bytes, module, name);
            missing = Cuda.ModuleGetGlobal(&pointer, &bytes, module, absent);
        }

        Assert.That(found, Is.EqualTo(CudaResult.Success));
        Assert.That(bytes, Is.EqualTo((nuint)4));
        byte[] content = _session.Download(pointer, 4);
        Assert.That(MemoryMarshal.Read<int>(content), Is.EqualTo(7));
        Assert.That(_session.Refused(missing, CudaResult.NotFound), Does.Contain("'absent'"));
        Assert.That(_session.Live.Allocations, Is.Zero);
        Assert.That(Cuda.MemFree(pointer), Is.EqualTo(CudaResult.InvalidValue));
    }

    private static int Occupancy(DriverSession session, nint function, int threads, int shared)
    {
        int blocks;
        CudaResult result = Cuda.OccupancyMaxActiveBlocks(&blocks, function, threads, (nuint)shared);
        session.Check(result, "cuOccupancyMaxActiveBlocksPerMultiprocessor");
        return blocks;
    }

    private void AssertRefused(string ptx, CudaResult code, string finding)
    {
        CudaResult result = _session.Load(ptx, out _, out string log);
        Assert.That(_session.Refused(result, code), Does.Contain(finding));
        Assert.That(log, Does.Contain(finding));
    }

    private void AssertImageRefused(byte[] image, CudaResult code, string finding)
    {
        nint module;
        CudaResult result;
        fixed (byte* bytes = image)
        {
            result = Cuda.ModuleLoadDataEx(&module, bytes, 0, null, null);
        }

        Assert.That(_session.Refused(result, code), Does.Contain(finding));
    }

    private int Attribute(nint function, FunctionAttribute attribute)
    {
        int value;
        _session.Check(Cuda.FuncGetAttribute(&value, attribute, function), "cuFuncGetAttribute");
        return value;
    }
}
