using Microsoft.Extensions.Logging.Abstractions;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Devices;

public class DeviceSelectorTests
{
    [TestCase(null, null, "cuda:0")]
    [TestCase(null, "emulator", "emulator")]
    [TestCase("cpu", "emulator", "cpu")]
    [TestCase("cuda:1", null, "cuda:1")]
    public void The_option_comes_before_the_environment_before_the_first_gpu(
        string? option, string? variable, string expected) =>
        Assert.That(Open(Machine("cuda:0", "cuda:1", "cpu", "emulator"), option, variable),
            Is.EqualTo(expected));

    [Test]
    public void Without_a_gpu_it_is_the_cpu_and_never_the_emulator() =>
        Assert.That(Open(Machine("emulator", "cpu"), null, null), Is.EqualTo("cpu"));

    [Test]
    public void A_bad_environment_does_not_matter_when_the_option_is_given() =>
        Assert.That(Open(Machine("cpu"), "cpu", "nonsense"), Is.EqualTo("cpu"));

    private static FakeDevices Machine(params string[] names)
    {
        FakeDevices machine = new();
        foreach (string name in names)
        {
            machine.With(new ReferenceBackend(name));
        }

        return machine;
    }

    private static string Open(FakeDevices machine, string? option, string? variable) =>
        new DeviceSelector(machine, new ToolEnvironment(variable))
            .Open(option, NullLoggerFactory.Instance).Name;
}
