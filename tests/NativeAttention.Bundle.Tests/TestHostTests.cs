namespace NativeAttention.Bundle.Tests;

/// <summary>The host of the test suites outlives everything that its tests do.</summary>
public sealed class TestHostTests
{
    private static string Host => Path.Combine(AppContext.BaseDirectory,
        "NativeAttention.TestHost" + (OperatingSystem.IsWindows() ? ".exe" : ""));

    [Test]
    public void Every_test_has_its_result_whatever_the_others_do()
    {
        (int exitCode, string output) = Run("--filter", nameof(PlantedTests), "--quiet-limit", "15").Wait();
        Assert.Multiple(() =>
        {
            Assert.That(exitCode, Is.EqualTo(1));
            Assert.That(output.TrimEnd(), Does.EndWith("5 passed, 4 failed, 1 skipped"));
            Assert.That(output, Does.Match(@"FAILED \S+\.Fails\nthe text of the failure\n"));
            Assert.That(output, Does.Match(@"FAILED \S+\.Kills_its_process\nthe process ended with code 137\n"));
            Assert.That(output, Does.Match(@"FAILED \S+\.Hangs\nnothing ended within 15 s\n"));
            Assert.That(output, Does.Match(@"FAILED \S+\.Loses_the_context\n.*CUDA_ERROR_ILLEGAL_ADDRESS \(700\)"));
            Assert.That(output, Does.Contain("skipped 1: the reason why\n"));
        });
    }

    [Test]
    public void What_passes_is_0()
    {
        (int exitCode, string output) = Run("--filter", nameof(PlantedTests.Passes)).Wait();
        Assert.That(exitCode, Is.Zero);
        Assert.That(output.TrimEnd(), Does.EndWith("1 passed, 0 failed, 0 skipped"));
    }

    [Test]
    public void A_filter_that_no_test_passes_is_no_success() =>
        Assert.That(Run("--filter", "no such test").Wait().ExitCode, Is.EqualTo(1));

    [Test]
    public void A_signal_ends_it_with_the_count_so_far()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("There are no such signals on Windows.");
        }

        Script host = Run("--filter", nameof(PlantedTests.Hangs));
        host.WaitFor("1 tests to run");
        host.Terminate();
        (int exitCode, string output) = host.Wait();
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output.TrimEnd(), Does.EndWith("0 passed, 0 failed, 0 skipped, 1 not run"));
    }

    [TestCase("Nothing", "there is no suite 'Nothing', only Cuda, Conformance, ")]
    [TestCase("--quiet-limit", "--quiet-limit needs a value")]
    [TestCase("--quiet-limit 0", "--quiet-limit 0: no such option or value")]
    public void Bad_usage_is_named(string arguments, string message)
    {
        (int exitCode, string output) = Script.Start(Host, arguments.Split(' ')).Wait();
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(output, Does.StartWith("NativeAttention.TestHost: " + message));
    }

    private static Script Run(params string[] arguments) =>
        Script.Start(Host, [typeof(PlantedTests).Assembly.Location, .. arguments]);
}
