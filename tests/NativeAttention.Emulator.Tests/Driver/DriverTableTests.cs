using System.Reflection;
using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>The table of the emulator: complete, and no entry lets anything thrown inside out.</summary>
[NonParallelizable]
internal sealed unsafe class DriverTableTests
{
    private static IEnumerable<FieldInfo> Entries =>
        typeof(CudaDriver)
            .GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
            .Where(f => f.FieldType.IsFunctionPointer);

    private static IEnumerable<string> EntryNames => Entries.Select(e => e.Name);

    [Test]
    public void Every_entry_is_emulated()
    {
        Assert.That(Entries.Where(e => AddressOf(e.Name) == 0).Select(e => e.Name), Is.Empty);
    }

    [Test]
    public void The_driver_is_an_emulated_one_that_says_so()
    {
        Assert.Multiple(() =>
        {
            Assert.That(EmulatedDriver.Driver.IsEmulated);
            Assert.That(EmulatedDriver.Driver.Version, Is.EqualTo(12080));
            Assert.That(EmulatedDriver.Driver.Library, Does.Contain("emulator"));
            Assert.That(EmulatedDriver.Driver.HasStreamOrderedAllocation);
            Assert.That(EmulatedDriver.Driver.HasMemoryPools);
            Assert.That(EmulatedDriver.Driver.HasTensorMaps);
        });
    }

    [TestCaseSource(nameof(EntryNames))]
    public void Whatever_is_thrown_in_an_entry_comes_out_as_a_code(string name)
    {
        string? probed = null;
        DriverEntries.Probe = entry =>
        {
            probed = entry;
            throw new InvalidOperationException("thrown by the test");
        };
        CudaResult result;
        try
        {
            result = CallWithZeros(name);
        }
        finally
        {
            DriverEntries.Probe = null;
        }

        string? finding = EmulatedDriver.Driver.LastFinding!(-1);
        Assert.Multiple(() =>
        {
            Assert.That(probed, Is.EqualTo(name));
            Assert.That(result, Is.EqualTo(CudaResult.Unknown));
            Assert.That(finding, Does.Contain("emulator failed by itself").And.Contain("thrown by the test"));
        });
    }

    // Zero is device 0: resetting that is valid and would disturb other tests.
    private static IEnumerable<string> HarmlessEntryNames =>
        EntryNames.Where(n => n != nameof(CudaDriver.DevicePrimaryCtxReset));

    [TestCaseSource(nameof(HarmlessEntryNames))]
    public void An_entry_called_with_nothing_but_zeros_does_not_crash(string name)
    {
        Assert.That(() => CallWithZeros(name), Throws.Nothing);
    }

    [Test]
    public void Memory_that_the_host_does_not_have_is_out_of_memory()
    {
        DriverEntries.Probe = _ => NativeMemory.Alloc(nuint.MaxValue);
        try
        {
            Assert.That(CallWithZeros(nameof(CudaDriver.MemAlloc)), Is.EqualTo(CudaResult.OutOfMemory));
        }
        finally
        {
            DriverEntries.Probe = null;
        }
    }

    [Test]
    public void Every_code_has_its_name_and_text()
    {
        Assert.Multiple(() =>
        {
            foreach (CudaResult code in Enum.GetValues<CudaResult>())
            {
                Assert.That(EmulatedDriver.Driver.Name(code), Does.StartWith("CUDA_"));
                Assert.That(EmulatedDriver.Driver.Text(code), Is.Not.Empty.And.Not.Contain("_"));
            }

            Assert.That(EmulatedDriver.Driver.Text(CudaResult.IllegalAddress), Is.EqualTo("illegal address"));
            Assert.That(EmulatedDriver.Driver.Name((CudaResult)4711), Is.EqualTo("unnamed error"));
        });
    }

    [Test]
    public void A_name_is_the_same_pointer_every_time()
    {
        byte* first;
        byte* second;
        EmulatedDriver.Driver.GetErrorName(CudaResult.InvalidValue, &first);
        EmulatedDriver.Driver.GetErrorName(CudaResult.InvalidValue, &second);
        string? text = Marshal.PtrToStringUTF8((nint)first);
        bool same = first == second;
        Assert.That(same);
        Assert.That(text, Is.EqualTo("CUDA_ERROR_INVALID_VALUE"));
    }

    private static nint AddressOf(string name)
    {
        return (nint)Entries.Single(e => e.Name == name).GetValue(EmulatedDriver.Driver)!;
    }

    /// <summary>Extra arguments do no harm in the calling conventions of 64-bit Linux and Windows.</summary>
    private static CudaResult CallWithZeros(string name)
    {
        var entry = (delegate* unmanaged<
            nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, CudaResult>)
            AddressOf(name);
        return entry(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
}
