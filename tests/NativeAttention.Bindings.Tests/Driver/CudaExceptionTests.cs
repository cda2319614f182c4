namespace NativeAttention.Bindings.Tests;

/// <summary>Driver errors become exceptions that say everything that is known.</summary>
internal sealed class CudaExceptionTests
{
    private StubDriver _stub = null!;
    private CudaDriver _driver = null!;

    [OneTimeSetUp]
    public void LoadStub()
    {
        _stub = new StubDriver();
        Assert.That(CudaDriver.TryLoad(_stub.Build(), out CudaDriver? driver, out string? reason), reason);
        _driver = driver!;
    }

    [OneTimeTearDown]
    public void DeleteStub()
    {
        _stub.Dispose();
    }

    [Test]
    public void Success_passes_without_allocation()
    {
        _driver.Check(CudaResult.Success, "cuInit");
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            _driver.Check(CudaResult.Success, "cuLaunchKernel", 0);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void The_drivers_own_name_and_text_are_told()
    {
        CudaException error = Fail(CudaResult.OutOfMemory, "cuMemAlloc_v2", 3);
        Assert.Multiple(() =>
        {
            Assert.That(error.Result, Is.EqualTo(CudaResult.OutOfMemory));
            Assert.That(error.ResultName, Is.EqualTo("STUB_NAME_OF_2"));
            Assert.That(error.Call, Is.EqualTo("cuMemAlloc_v2"));
            Assert.That(error.Device, Is.EqualTo(3));
            Assert.That(error.Finding, Is.Null);
            Assert.That(error.IsContextLost, Is.False);
            Assert.That(
                error.Message,
                Is.EqualTo(
                    "cuMemAlloc_v2 failed on device 3: STUB_NAME_OF_2 (2), stub text of 2. "
                    + "Free device memory, or use smaller batches or sequences."));
        });
    }

    [Test]
    public void A_code_the_driver_does_not_name_still_has_its_number()
    {
        CudaException error = Fail((CudaResult)4711, "cuInit", -1);
        Assert.That(error.Message, Is.EqualTo("cuInit failed: unnamed error (4711)."));
    }

    [TestCase(222, "cuModuleLoadDataEx", "This driver supports CUDA 12.4; kernels for sm_80 need CUDA 11.0")]
    [TestCase(209, "cuModuleLoadDataEx", "compute capability 8.0 or newer")]
    [TestCase(100, "cuDeviceGet", "CUDA_VISIBLE_DEVICES")]
    [TestCase(700, "cuStreamSynchronize", "The context is lost")]
    [TestCase(719, "cuStreamSynchronize", "The context is lost")]
    public void Well_known_codes_come_with_advice(int code, string call, string advice)
    {
        Assert.That(Fail((CudaResult)code, call, 0).Message, Does.Contain($"({code})").And.Contain(advice));
    }

    [Test]
    public void Only_faults_of_the_device_lose_the_context()
    {
        int[] lost = [214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721];
        CudaResult[] all = Enum.GetValues<CudaResult>();
        Assert.That(all.Where(CudaException.LosesContext).Select(r => (int)r), Is.EqualTo(lost));
    }

    [Test]
    public void Every_code_of_the_enum_has_the_drivers_name()
    {
        Assert.Multiple(() =>
        {
            foreach (CudaResult result in Enum.GetValues<CudaResult>())
            {
                string plain = (CudaResultNames.NameOf(result) ?? "")
                    .Replace("CUDA_ERROR_", "", StringComparison.Ordinal)
                    .Replace("CUDA_", "", StringComparison.Ordinal)
                    .Replace("_PC", "_PROGRAM_COUNTER", StringComparison.Ordinal)
                    .Replace("_", "", StringComparison.Ordinal);
                Assert.That(plain, Is.EqualTo(result.ToString()).IgnoreCase);
            }
        });
    }

    [Test]
    public void A_finding_is_told_and_kept()
    {
        CudaException error = _driver.CreateException(
            CudaResult.InvalidPtx, "cuModuleLoadDataEx", 0, "module.ptx(7): unsupported instruction 'frob'");
        Assert.That(error.Finding, Is.EqualTo("module.ptx(7): unsupported instruction 'frob'"));
        Assert.That(error.Message, Does.Contain("CUDA_ERROR_INVALID_PTX (218)").And.EndWith(error.Finding));
    }

    [Test]
    public void An_exception_made_by_hand_names_the_code_too()
    {
        CudaException error = new(CudaResult.InvalidHandle, "cuEventQuery", 1);
        string expected = "cuEventQuery failed on device 1: CUDA_ERROR_INVALID_HANDLE (400).";
        Assert.That(error.Message, Is.EqualTo(expected));
    }

    private CudaException Fail(CudaResult result, string call, int device)
    {
        return Assert.Throws<CudaException>(() => _driver.Check(result, call, device))!;
    }
}
