using System.Text.Json;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

public class InfoCommandTests
{
    [Test]
    public void The_text_lists_devices_driver_and_kernels()
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), "info");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok));
        Assert.That(result.Error, Is.Empty);
        Assert.That(result.Out, Does.StartWith("nattn 0."));
        Assert.That(result.Out, Does.Contain("CUDA driver: fake driver 1.0\n"));
        Assert.That(result.Out, Does.Contain("  cuda:0  not available  there is no driver\n"));
        Assert.That(result.Out, Does.Contain("  cpu     available      the float64 reference\n"));
        Assert.That(result.Out, Does.Contain("Kernels of cpu\n"));
        Assert.That(result.Out, Does.Match(@"reference_Float16 +dense +reference +fp16 +<= 32 +sm_80"));
    }

    [Test]
    public void The_document_has_the_same()
    {
        JsonElement json = ToolResult.Of(FakeDevices.WithCpu(), "info", "--json").Json;
        Assert.That(json.GetProperty("command").GetString(), Is.EqualTo("info"));
        Assert.That(json.GetProperty("driver").GetString(), Is.EqualTo("fake driver 1.0"));
        JsonElement[] devices = [.. json.GetProperty("devices").EnumerateArray()];
        Assert.That(devices, Has.Length.EqualTo(2));
        Assert.That(devices[0].GetProperty("name").GetString(), Is.EqualTo("cuda:0"));
        Assert.That(devices[0].GetProperty("available").GetBoolean(), Is.False);
        Assert.That(devices[0].GetProperty("reason").GetString(), Is.EqualTo("there is no driver"));
        Assert.That(devices[0].GetProperty("kernels").GetArrayLength(), Is.Zero);
        Assert.That(devices[1].GetProperty("available").GetBoolean());
        Assert.That(devices[1].GetProperty("kernels")[1].GetProperty("elementType").GetString(),
            Is.EqualTo("fp16"));
        Assert.That(devices[1].GetProperty("kernels")[1].GetProperty("headDim").GetInt32(), Is.EqualTo(32));
    }

    [TestCase("cpu", "neighborhood", "reference", "tiled")]
    [TestCase("cpu", "backward", "reference", "tiled")]
    [TestCase("emulator", "neighborhood", "reference", "tiled")]
    [TestCase("emulator", "backward", "reference", "tiled")]
    public void Maps_and_gradients_are_listed_by_the_rungs_that_users_ask_for(string device, string family,
        params string[] rungs)
    {
        JsonElement json = ToolResult.Of(new SystemDevices(), "info", "--json").Json;
        JsonElement kernels = json.GetProperty("devices").EnumerateArray()
            .Single(d => d.GetProperty("name").GetString() == device).GetProperty("kernels");
        string[] listed = [.. kernels.EnumerateArray().Where(k => k.GetProperty("family").GetString() == family)
            .Select(k => k.GetProperty("rung").GetString()!).Distinct().Where(rung => rung != "stencil")];
        Assert.That(listed, Is.EquivalentTo(rungs));
    }
}
