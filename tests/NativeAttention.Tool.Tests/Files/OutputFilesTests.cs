using NativeAttention.Tool.Files;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Files;

public class OutputFilesTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Files_appear_with_the_commit_and_not_before()
    {
        using (OutputFiles files = new())
        {
            files.Stage(_folder["a"], s => s.Write("new a"u8));
            files.Stage(_folder["b"], s => s.Write("new b"u8));
            Assert.That(File.Exists(_folder["a"]) || File.Exists(_folder["b"]), Is.False);
            files.Commit();
        }

        Assert.That(_folder.Names, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(File.ReadAllText(_folder["a"]), Is.EqualTo("new a"));
        Assert.That(File.ReadAllText(_folder["b"]), Is.EqualTo("new b"));
    }

    [Test]
    public void Existing_files_are_replaced()
    {
        File.WriteAllText(_folder["a"], "old a, longer than the new one");
        File.WriteAllText(_folder["b"], "old b");
        using (OutputFiles files = new())
        {
            files.Stage(_folder["a"], s => s.Write("new a"u8));
            files.Stage(_folder["b"], s => s.Write("new b"u8));
            files.Commit();
        }

        Assert.That(_folder.Names, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(File.ReadAllText(_folder["a"]), Is.EqualTo("new a"));
    }

    [Test]
    public void Nothing_is_left_when_writing_fails()
    {
        File.WriteAllText(_folder["b"], "old b");
        using (OutputFiles files = new())
        {
            files.Stage(_folder["a"], s => s.Write("new a"u8));
            Assert.That(() => files.Stage(_folder["b"], WriteHalf), Throws.InstanceOf<IOException>());
        }

        Assert.That(_folder.Names, Is.EqualTo(new[] { "b" }));
        Assert.That(File.ReadAllText(_folder["b"]), Is.EqualTo("old b"));

        static void WriteHalf(Stream stream)
        {
            stream.Write("half"u8);
            throw new IOException("disk full");
        }
    }

    [Test]
    public void When_the_second_cannot_be_renamed_the_first_is_taken_back([Values] bool existing)
    {
        if (existing)
        {
            File.WriteAllText(_folder["a"], "old a");
        }

        using (OutputFiles files = new())
        {
            files.Stage(_folder["a"], s => s.Write("new a"u8));
            files.Stage(_folder["b"], s => s.Write("new b"u8));
            // A file cannot be renamed over a folder that has something in it.
            Directory.CreateDirectory(_folder["b"]);
            File.WriteAllText(Path.Combine(_folder["b"], "x"), "");
            Assert.That(files.Commit, Throws.InstanceOf<Exception>());
        }

        Assert.That(_folder.Names, Is.EqualTo(existing ? new[] { "a", "b" } : ["b"]));
        if (existing)
        {
            Assert.That(File.ReadAllText(_folder["a"]), Is.EqualTo("old a"));
        }
    }
}
