using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Tests.Devices;

public class DeviceNameTests
{
    [TestCase("cpu")]
    [TestCase("emulator")]
    [TestCase("cuda:0")]
    [TestCase("cuda:17")]
    public void Names_are_understood_and_written_again(string text)
    {
        Assert.That(DeviceName.TryParse(text, out DeviceName name));
        Assert.That(name.ToString(), Is.EqualTo(text));
    }

    [TestCase("")]
    [TestCase("CPU")]
    [TestCase("cuda")]
    [TestCase("cuda:")]
    [TestCase("cuda:-1")]
    [TestCase("cuda:+1")]
    [TestCase("cuda: 1")]
    [TestCase("cuda:1 ")]
    [TestCase("cuda:99999999999")]
    [TestCase("emulator:0")]
    public void Everything_else_is_not(string text) =>
        Assert.That(DeviceName.TryParse(text, out _), Is.False);
}
