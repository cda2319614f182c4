using System.Diagnostics;
using NativeAttention.Bindings;

namespace NativeAttention.Bundle.Tests;

/// <summary>Everything that can become of a test, for the tests of the host; nobody else runs these.
/// They run in the order of their names.</summary>
[Explicit("Planted: most of them fail.")]
public sealed class PlantedTests
{
    private static bool s_contextLost;

    [Test]
    public void Passes() => Assert.Pass();

    [Test]
    public void Fails() => Assert.Fail("the text of the failure");

    [Test]
    public void Is_skipped() => Assert.Ignore("the reason why");

    [Test]
    public void Kills_its_process() => Process.GetCurrentProcess().Kill();

    [Test]
    public void Hangs() => Thread.Sleep(Timeout.Infinite);

    [Test]
    public void Loses_the_context()
    {
        s_contextLost = true;
        throw new CudaException(CudaResult.IllegalAddress, "cuStreamSynchronize", 0);
    }

    [Test]
    public void Runs_after_it_with_a_context() => Assert.That(s_contextLost, Is.False);

    [Test]
    [Category("LosesContext")]
    public void Has_a_process_of_its_own() =>
        Assert.That(Environment.GetEnvironmentVariable("NATTN_OWN_PROCESS"), Is.EqualTo("1"));

    [TestCase("a\tb")]
    [TestCase("a b")]
    public void Names_that_become_the_same_in_the_journal_are_two_tests(string name) =>
        Assert.That(name, Has.Length.EqualTo(3));
}
