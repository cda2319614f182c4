namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Keeps the GPU's context alive between tests: each opens and disposes its device, and making the context anew
/// takes a good part of a second.
/// </summary>
[SetUpFixture]
public sealed class OneContext
{
    private CudaDevice? _device;

    [OneTimeSetUp]
    public void Open() =>
        _device = TestDevice.IsEmulated ? null : TestDevice.Open(TestDevice.NewOrdinal(Emulation.EmulatorOptions.Default));

    [OneTimeTearDown]
    public void Close() => _device?.Dispose();
}
