using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Files;

public class OutputPathTests
{
    // Also root can make no file there, so that the test means the same for everybody.
    [Test]
    [Platform(Include = "Linux")]
    public void A_folder_that_no_file_can_be_made_in_is_refused_before_anything_is_computed()
    {
        ToolException e = Assert.Throws<ToolException>(
            () => OutputPath.RequireWritable("--output", "o.npy", "/proc"))!;
        Assert.That(e.ExitCode, Is.EqualTo(ExitCodes.BadInput));
        Assert.That(e.Message, Does.StartWith("--output is 'o.npy', but no file can be made in '/proc': "));
    }

    [Test]
    public void A_folder_that_is_good_is_left_as_it_was()
    {
        using TempFolder folder = new();
        Assert.That(OutputPath.Resolve("--output", folder["o.npy"]), Is.EqualTo(folder["o.npy"]));
        Assert.That(folder.Names, Is.Empty);
    }
}
