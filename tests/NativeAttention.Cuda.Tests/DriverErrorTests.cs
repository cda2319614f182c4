using NativeAttention.Bindings;
using NativeAttention.Emulation;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Failures of the driver; once as they come and once when they show only at the next wait, as on a GPU.
/// </summary>
[TestFixture(StreamMode.Eager)]
[TestFixture(StreamMode.Late)]
public sealed class DriverErrorTests(StreamMode mode) : DeviceFixture
{
    private static AttentionShape Small { get; } = new(1, 2, 3, 1, 1, 8);

    protected override EmulatorOptions Options =>
        EmulatorOptions.Default with { MemoryBytes = 64L << 20, Streams = mode };

    [Test]
    public void Too_large_a_tensor_is_out_of_memory()
    {
        CudaException failure = Assert.Throws<CudaException>(
            () => Device.Allocate<float>([1 << 20, 1 << 20], Stream))!;
        Assert.Multiple(() =>
        {
            Assert.That(failure.Result, Is.EqualTo(CudaResult.OutOfMemory));
            Assert.That(failure.ResultName, Is.EqualTo("CUDA_ERROR_OUT_OF_MEMORY"));
            Assert.That(failure.Call, Is.EqualTo("cuMemAllocAsync").Or.EqualTo("cuMemAlloc_v2"));
            Assert.That(failure.Device, Is.EqualTo(Device.Ordinal));
        });
        using DeviceTensor<float> small = Device.Upload<float>([1, 2], [2], Stream);
        float[] received = new float[2];
        small.Download(received, Stream);
        Assert.That(received, Is.EqualTo(new float[] { 1, 2 }), "the device still works");
    }

    [Test]
    public void Out_of_memory_in_a_host_plan_leaves_nothing_behind()
    {
        int before = Device.LiveResources;
        AttentionProblem problem = AttentionProblem.Create(
            ElementType.Float32, new AttentionShape(1, 1 << 10, 1 << 24, 1, 1, 64), AttentionOptions.Default);
        NeedsEmulator("a GPU may have that much memory");
        Assert.Throws<CudaException>(() => new DeviceHostPlan<float>(Device, problem));
        Assert.That(Device.LiveResources, Is.EqualTo(before));
    }

    [Test]
    [LosesContext]
    public void A_kernel_that_traps_is_told_with_the_finding()
    {
        using PtxFolder kernels = new("    trap;");
        CudaException failure = Assert.Throws<CudaException>(RunAndWait)!;
        Assert.That(failure.IsContextLost, Is.True);
        HasFinding(failure, "trap");
    }

    [Test]
    [LosesContext]
    public async Task A_wait_for_a_kernel_that_traps_ends_with_the_failure()
    {
        using PtxFolder kernels = new("    trap;");
        CudaException? failure = null;
        try
        {
            Start();
            await Stream.SynchronizeAsync();
        }
        catch (CudaException caught)
        {
            failure = caught;
        }

        Assert.That(failure?.IsContextLost, Is.True);
    }

    [Test]
    [LosesContext]
    public void A_write_outside_every_tensor_is_told_with_the_finding()
    {
        NeedsEmulator("a GPU maps more than its tensors");
        using PtxFolder kernels = new(
            """
                ld.param.u64 %rd1, [PARAM+96];
                st.global.u32 [%rd1+1048576], 1;
            """, "    .reg .b64 %rd<2>;");
        CudaException failure = Assert.Throws<CudaException>(RunAndWait)!;
        HasFinding(failure, "st.global");
    }

    [Test]
    [LosesContext]
    public void A_write_to_where_no_memory_is_loses_the_context()
    {
        using PtxFolder kernels = new(
            """
                mov.u64 %rd1, 64;
                st.global.u32 [%rd1], 1;
            """, "    .reg .b64 %rd<2>;");
        CudaException failure = Assert.Throws<CudaException>(RunAndWait)!;
        Assert.That(failure.IsContextLost, Is.True);
        HasFinding(failure, "st.global");
    }

    [Test]
    public void Ptx_that_does_not_parse_is_told_with_the_log()
    {
        using PtxFolder kernels = new("    no.such.instruction %r1;");
        CudaException failure = Assert.Throws<CudaException>(() => Device.Plan<float>(Small))!;
        Assert.That(failure.Call, Is.EqualTo("cuModuleLoadDataEx"));
        Assert.That(failure.Message, Does.Contain("no.such.instruction").Or.Contains("no"));
        Assert.That(failure.Finding, Is.Not.Null.And.Not.Empty);
    }

    [Test]
    public void A_module_without_its_entry_is_told()
    {
        using PtxFolder kernels = new("");
        kernels.Write("na_dense_f32_d32_sm80",
            ".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry other() { ret; }\n");
        CudaException failure = Assert.Throws<CudaException>(() => Device.Plan<float>(Small))!;
        Assert.That(failure.Call, Is.EqualTo("cuModuleGetFunction"));
        Assert.That(failure.Result, Is.EqualTo(CudaResult.NotFound));
    }

    [Test]
    public void A_missing_module_is_told_with_the_folder()
    {
        using PtxFolder kernels = new("");
        File.Delete(Path.Combine(kernels.Path, "na_dense_f32_d32_sm80.ptx"));
        FileNotFoundException failure = Assert.Throws<FileNotFoundException>(() =>
            Device.Plan<float>(Small))!;
        Assert.That(failure.Message, Does.Contain(kernels.Path).And.Contains("na_dense_f32_d32_sm80.ptx"));
        Assert.That(Device.LiveResources, Is.EqualTo(1), "no half-made plan is left");
    }

    // A GPU tells only that something failed.
    private static void HasFinding(CudaException failure, string statement)
    {
        if (TestDevice.IsEmulated)
        {
            Assert.That(failure.Message,
                Does.Contain(statement).And.Contains("na_dense_tiled_f32_d32_sm80"));
        }
    }

    private void RunAndWait()
    {
        Start();
        Stream.Synchronize();
    }

    private void Start()
    {
        AttentionPlan<float> plan = Device.Plan<float>(Small);
        DeviceTensor<float> query = Device.Upload<float>(RandomData.Floats(16, 1), [1, 2, 1, 8], Stream);
        DeviceTensor<float> key = Device.Upload<float>(RandomData.Floats(24, 2), [1, 3, 1, 8], Stream);
        DeviceTensor<float> output = Device.Allocate<float>([1, 2, 1, 8], Stream);
        plan.Run(query, key, key, output, Stream);
    }
}
