using System.Runtime.InteropServices;

namespace NativeAttention.Bindings.Tests;

/// <summary>Whatever can be wrong with a driver is a clear reason, never a crash.</summary>
[NonParallelizable]
internal sealed unsafe class DriverLoadingTests
{
    private StubDriver _stub = null!;

    [SetUp]
    public void CreateStub()
    {
        _stub = new StubDriver();
    }

    [TearDown]
    public void DeleteStub()
    {
        _stub.Dispose();
    }

    [Test]
    public void A_complete_driver_loads_and_its_entries_are_callable()
    {
        CudaDriver driver = LoadStub();
        int value = -1;
        CudaResult result = driver.DeviceGetCount(&value);
        int count = value;
        Assert.Multiple(() =>
        {
            Assert.That(result, Is.EqualTo(CudaResult.Success));
            Assert.That(count, Is.EqualTo(3));
            Assert.That(driver.Version, Is.EqualTo(12040));
            Assert.That(driver.IsEmulated, Is.False);
            Assert.That(driver.Library, Does.EndWith("libstub.so").Or.EndWith("stub.dll"));
            Assert.That(driver.LastFinding, Is.Null);
            Assert.That(driver.HasTensorMaps && driver.HasStreamOrderedAllocation && driver.HasMemoryPools);
        });
    }

    [Test]
    public void A_missing_library_is_named_with_the_loaders_words()
    {
        string path = Path.Combine(Path.GetTempPath(), "no-such-folder", "libcuda-absent.so.1");
        string reason = ReasonAgainst(path);
        Assert.That(reason, Does.Contain(path).And.Contain("NATTN_CUDA_LIBRARY"));
        if (OperatingSystem.IsLinux())
        {
            Assert.That(reason, Does.Contain("cannot open shared object file"));
        }
    }

    [Test]
    public void A_file_that_is_no_library_is_refused()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "this is not a shared library");
            Assert.That(ReasonAgainst(path), Does.Contain(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void A_library_that_is_no_driver_is_refused()
    {
        foreach ((string export, bool _) in StubDriver.Exports)
        {
            _stub.Bodies[export] = null;
        }

        Assert.That(ReasonAgainstStub(), Does.Contain("is not a CUDA driver").And.Contain("cuMemAlloc_v2"));
    }

    [TestCase("cuInit")]
    [TestCase("cuMemAlloc_v2")]
    [TestCase("cuGraphLaunch")]
    public void A_missing_required_symbol_of_a_library_is_named(string export)
    {
        _stub.Bodies[export] = null;
        string reason = ReasonAgainstStub();
        Assert.That(reason, Does.Contain($"(CUDA 12.4) lacks required symbols: {export}."));
    }

    [Test]
    public void Each_required_symbol_is_missed_by_name_and_each_optional_one_is_not()
    {
        nint library = NativeLibrary.Load(_stub.Build());
        try
        {
            Assert.Multiple(() =>
            {
                foreach ((string export, bool required) in StubDriver.Exports)
                {
                    string? reason = ReasonWithout(library, export);
                    Assert.That(reason, required ? Does.Contain(export) : Is.Null, export);
                }
            });
        }
        finally
        {
            NativeLibrary.Free(library);
        }
    }

    [TestCase("cuMemAllocAsync", false, true, true, true)]
    [TestCase("cuMemFreeAsync", false, true, true, true)]
    [TestCase("cuDeviceGetDefaultMemPool", true, false, true, true)]
    [TestCase("cuMemPoolTrimTo", true, false, true, true)]
    [TestCase("cuGraphInstantiateWithFlags", true, true, false, true)]
    [TestCase("cuTensorMapEncodeTiled", true, true, true, false)]
    public void A_missing_optional_symbol_only_switches_its_capability_off(
        string export, bool streamOrdered, bool pools, bool graphs, bool tensorMaps)
    {
        _stub.Bodies[export] = null;
        CudaDriver driver = LoadStub();
        Assert.Multiple(() =>
        {
            Assert.That(driver.HasStreamOrderedAllocation, Is.EqualTo(streamOrdered));
            Assert.That(driver.HasMemoryPools, Is.EqualTo(pools));
            Assert.That(driver.HasGraphs, Is.EqualTo(graphs));
            Assert.That(driver.HasTensorMaps, Is.EqualTo(tensorMaps));
        });
    }

    [Test]
    public void An_old_driver_is_refused_with_its_version_and_the_one_needed()
    {
        _stub.Bodies["cuDriverGetVersion"] = "*(int*)a = 10020; return 0;";
        string reason = ReasonAgainstStub();
        Assert.That(reason, Does.Contain("supports CUDA 10.2; CUDA 11.0 (driver branch 450) or newer is"));
    }

    [Test]
    public void An_old_driver_that_lacks_symbols_is_first_of_all_old()
    {
        _stub.Bodies["cuDriverGetVersion"] = "*(int*)a = 10020; return 0;";
        _stub.Bodies["cuStreamIsCapturing"] = null;
        Assert.That(
            ReasonAgainstStub(),
            Does.Contain("is too old: it supports CUDA 10.2 (it lacks cuStreamIsCapturing)"));
    }

    [Test]
    public void The_oldest_supported_driver_loads()
    {
        _stub.Bodies["cuDriverGetVersion"] = "*(int*)a = 11000; return 0;";
        Assert.That(LoadStub().Version, Is.EqualTo(11000));
    }

    [Test]
    public void A_driver_that_does_not_tell_its_version_is_refused()
    {
        _stub.Bodies["cuDriverGetVersion"] = "return 999;";
        Assert.That(ReasonAgainstStub(), Does.Contain("cuDriverGetVersion failed: CUDA_ERROR_UNKNOWN (999)"));
    }

    [TestCase(100, "CUDA_ERROR_NO_DEVICE (100)", "CUDA_VISIBLE_DEVICES")]
    [TestCase(999, "CUDA_ERROR_UNKNOWN (999)", "cuInit failed")]
    [TestCase(34, "CUDA_ERROR_STUB_LIBRARY (34)", "stub for linking")]
    [TestCase(803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)", "cuInit failed")]
    [TestCase(4711, "unnamed error (4711)", "cuInit failed")]
    public void A_driver_that_does_not_initialise_is_refused_with_its_code(int code, string name, string hint)
    {
        _stub.Bodies["cuInit"] = $"return {code};";
        Assert.That(ReasonAgainstStub(), Does.Contain(name).And.Contain(hint));
    }

    [Test]
    public void The_environment_names_the_only_library_tried()
    {
        string path = Path.Combine(Path.GetTempPath(), "no-such-folder", "libcuda-chosen.so.1");
        string? before = Environment.GetEnvironmentVariable("NATTN_CUDA_LIBRARY");
        Environment.SetEnvironmentVariable("NATTN_CUDA_LIBRARY", path);
        try
        {
            Assert.That(DriverLibrary.Candidates(), Is.EqualTo((string[])[path]));
            NotSupportedException? error = Assert.Throws<NotSupportedException>(() => CudaDriver.Load());
            Assert.That(error!.Message, Does.Contain(path).And.Not.Contain("libcuda.so.1 "));
        }
        finally
        {
            Environment.SetEnvironmentVariable("NATTN_CUDA_LIBRARY", before);
        }
    }

    [Test]
    public void The_installed_driver_loads_once_or_says_why_not()
    {
        if (CudaDriver.TryLoad(out CudaDriver? driver, out string? reason))
        {
            Assert.That(driver.Version, Is.GreaterThanOrEqualTo(11000));
            Assert.That(CudaDriver.Load(), Is.SameAs(driver));
            return;
        }

        Assert.That(reason, Does.Contain(OperatingSystem.IsWindows() ? "nvcuda.dll" : "cuda"));
        NotSupportedException? error = Assert.Throws<NotSupportedException>(() => CudaDriver.Load());
        Assert.That(error!.Message, Is.EqualTo(reason));
    }

    [TestCase("")]
    [TestCase(null)]
    public void A_path_must_be_given(string? path)
    {
        Assert.That(
            () => CudaDriver.TryLoad(path!, out _, out _),
            Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo("path"));
    }

    private CudaDriver LoadStub()
    {
        bool loaded = CudaDriver.TryLoad(_stub.Build(), out CudaDriver? driver, out string? reason);
        Assert.That(loaded, reason);
        return driver!;
    }

    private string ReasonAgainstStub()
    {
        string path = _stub.Build();
        string reason = ReasonAgainst(path);
        Assert.That(reason, Does.Contain(path));
        return reason;
    }

    private static string ReasonAgainst(string path)
    {
        bool loaded = CudaDriver.TryLoad(path, out CudaDriver? driver, out string? reason);
        Assert.Multiple(() =>
        {
            Assert.That(loaded, Is.False);
            Assert.That(driver, Is.Null);
            Assert.That(reason, Is.Not.Null.And.Not.Empty);
        });
        return reason!;
    }

    private static string? ReasonWithout(nint library, string missing)
    {
        try
        {
            CudaDriver.FromExports(
                name => name == missing ? 0 : DriverLibrary.Find(library, name),
                new DriverOrigin("stub", false, null));
            return null;
        }
        catch (NotSupportedException e)
        {
            return e.Message;
        }
    }
}
