using System.Text.Json;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary>Neighborhood attention on a picture in <c>nattn demo</c>.</summary>
public class DemoPictureTests
{
    [Test]
    public void Attention_takes_noise_from_the_picture()
    {
        JsonElement picture = Picture(new SystemDevices(), "--device", "cpu");
        Assert.That(picture.GetProperty("kernel").GetString(), Does.StartWith("na_cpu_"));
        Assert.That(picture.GetProperty("passed").GetBoolean(), Is.True);
        Assert.That(picture.GetProperty("maxError").GetDouble(), Is.LessThan(1e-4));
        Assert.That(picture.GetProperty("signalToNoise").GetDouble(),
            Is.GreaterThan(picture.GetProperty("noisySignalToNoise").GetDouble() + 4), "dB gained");
    }

    [Test]
    public void The_window_is_framed_and_its_weights_are_shown()
    {
        ToolResult result = ToolResult.Of(new FewKernels(), "demo", "--device", "cpu");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Out);
        string[] lines = result.Out.Split('\n');
        Assert.That(lines.Count(line => line.Contains('[') && line.Contains(']')), Is.EqualTo(7), "13 rows, two a line");
        Assert.That(result.Out, Does.Contain("@@"), "the pixel itself weighs most");
    }

    [Test]
    public void A_picture_of_ones_own_may_be_in_colour_and_of_any_size()
    {
        using TempFolder folder = new();
        byte[] pixels = [.. Enumerable.Range(0, 20 * 9 * 3).Select(i => (byte)(37 * i))];
        File.WriteAllBytes(folder["p.ppm"], [.. "P6\n# ours\n20 9\n255\n"u8, .. pixels]);
        JsonElement picture = Picture(new FewKernels(), "--device", "cpu", "--picture", folder["p.ppm"]);
        Assert.That(picture.GetProperty("height").GetInt32(), Is.EqualTo(9));
        Assert.That(picture.GetProperty("width").GetInt32(), Is.EqualTo(20));
        Assert.That(picture.GetProperty("passed").GetBoolean(), Is.True);
    }

    [TestCase("GIF89a", "begins with 'GIF89a'; allowed are binary PGM (P5) and PPM (P6) files")]
    [TestCase("P5\n4 4\n255\nabc", "ends after 3 of 16 bytes")]
    [TestCase("P5\n4 x\n255\n", "'x' stands where a number belongs")]
    [TestCase("P5\n4 4\n65535\n", "with levels up to 65535; allowed are")]
    [TestCase("P5\n0 4\n255\n", "0 x 4")]
    public void Another_file_is_refused(string content, string message)
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["p.pgm"], content);
        ToolResult.Of(new SystemDevices(), "demo", "--picture", folder["p.pgm"])
            .AssertFailed(ExitCodes.BadInput, message);
    }

    [Test]
    public void A_file_that_is_not_there_is_refused() =>
        ToolResult.Of(new SystemDevices(), "demo", "--picture", "/nowhere/p.pgm")
            .AssertFailed(ExitCodes.BadInput, "--picture /nowhere/p.pgm: cannot be read");

    private static JsonElement Picture(IDeviceCatalog devices, params string[] arguments)
    {
        ToolResult result = ToolResult.Of(devices, ["demo", "--json", .. arguments]);
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        return result.Json.GetProperty("pictures")[0];
    }
}
