using NativeAttention.DeviceBenchmarks.App;
using NativeAttention.DeviceBenchmarks.Devices;

namespace NativeAttention.DeviceBenchmarks.Tests.App;

public sealed class RunHeaderTests
{
    [TestCase("NVIDIA H200", "h200")]
    [TestCase("NVIDIA GeForce RTX 4090", "geforce-rtx-4090")]
    [TestCase("emulator", "emulator")]
    [TestCase("NVIDIA", "unknown")]
    public void A_product_becomes_the_name_of_a_machine(string product, string machine) =>
        Assert.That(RunHeader.Slug(product), Is.EqualTo(machine));

    [Test]
    public void Clocks_are_read_from_a_line()
    {
        Assert.That(BusyClocks.Parse("580.82, 1980, 3201, 698.43\n"),
            Is.EqualTo(new BusyClocks("580.82", 1980, 3201, 698.43)));
        Assert.That(BusyClocks.Parse("580.82, [N/A], 3201, 698.43"), Is.Null);
        Assert.That(BusyClocks.Parse(""), Is.Null);
    }
}
