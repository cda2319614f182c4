using System.Diagnostics;
using System.Text.Json;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.App;

/// <summary>The program as a process: streams, environment and exit code as a shell sees them.</summary>
public class ProcessTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeInputs()
    {
        _folder = new TempFolder();
        _folder.WriteRamp("q.npy", 1, 3, 4, 8);
        _folder.WriteRamp("k.npy", 1, 5, 2, 8);
        _folder.WriteRamp("v.npy", 1, 5, 2, 6);
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void The_environment_chooses_the_device_and_relative_paths_work()
    {
        ToolResult result = Start("cpu", "run", "--query", "q.npy", "--key", "k.npy", "--value", "v.npy",
            "--output", "o.npy", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(result.Error, Is.Empty);
        Assert.That(result.Json.GetProperty("device").GetString(), Is.EqualTo("cpu"));
        Assert.That(_folder.Read("o.npy").Shape, Is.EqualTo(new long[] { 1, 3, 4, 6 }));
    }

    [Test]
    public void A_bad_environment_is_named()
    {
        ToolResult result = Start("gpu", "run", "--query", "q.npy", "--key", "k.npy", "--value", "v.npy",
            "--output", "o.npy");
        result.AssertFailed(ExitCodes.BadInput,
            "NATTN_DEVICE is 'gpu'; allowed are cpu, emulator, cuda:0, cuda:1, ...");
    }

    [Test]
    public void Logs_go_to_standard_error_and_leave_the_document_alone()
    {
        ToolResult result = Start("cpu", "run", "--query", "q.npy", "--key", "k.npy", "--value", "v.npy",
            "--output", "o.npy", "--json", "--verbose");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(result.Json.ValueKind, Is.EqualTo(JsonValueKind.Object));
        Assert.That(result.Error, Does.Match(@"NativeAttention\.Tool.*\s.*cpu: planned na_cpu_[a-z]+_f32"));
    }

    private ToolResult Start(string deviceVariable, params string[] arguments)
    {
        // Where the runtime lies beside the program there may be no other.
        string assembly = typeof(NattnApp).Assembly.Location;
        bool selfContained = Path.GetDirectoryName(typeof(object).Assembly.Location)
            == Path.GetDirectoryName(assembly);
        ProcessStartInfo start = new(
            selfContained ? Path.ChangeExtension(assembly, OperatingSystem.IsWindows() ? ".exe" : null) : "dotnet",
            selfContained ? arguments : [assembly, .. arguments])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[ToolEnvironment.DeviceVariable] = deviceVariable;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new ToolResult(process.ExitCode, output, error.Result);
    }
}
