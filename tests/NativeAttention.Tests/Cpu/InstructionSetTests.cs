using System.Diagnostics;
using System.Runtime.Intrinsics;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>
/// The widths that this processor has are tested in this process; here the runtime itself is told to do
/// without instruction sets, which also changes what the compiler makes of everything else.
/// </summary>
public class InstructionSetTests
{
    private const string Child = "NATTN_TEST_CHILD";

    [TestCase("DOTNET_EnableAVX512", "(v256|v128|scalar)")]
    [TestCase("DOTNET_EnableHWIntrinsic", "(v128|scalar)")]
    public void A_process_without_an_instruction_set_computes_the_same(string variable, string kernels)
    {
        string assembly = Path.Combine(AppContext.BaseDirectory, "NativeAttention.Tests.dll");
        if (Environment.GetEnvironmentVariable(Child) is not null || !File.Exists(assembly))
        {
            Assert.Ignore("Runs only where it can start this assembly in a process of its own, and not inside one.");
        }

        string self = Environment.ProcessPath ?? "";
        bool testHost = Path.GetFileName(self).StartsWith("NativeAttention.TestHost", StringComparison.Ordinal);
        ProcessStartInfo start = testHost
            ? new(self, ["Core", "--filter", nameof(Smoke)])
            : new(Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet",
                ["test", assembly, "--filter", $"FullyQualifiedName~{nameof(Smoke)}"]);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment[variable] = "0";
        start.Environment[Child] = kernels;
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.That(child.ExitCode, Is.Zero, output + errors.Result);
        Assert.That(output, Does.Contain(testHost ? "1 passed, 0 failed" : "Passed!"));
    }

    // What the child runs; in an ordinary run it is one more test.
    [Test]
    public void Smoke()
    {
        AttentionCase c = new(ElementType.Float16, new(1, 67, 70, 2, 1, 40, 24), AttentionOptions.Causal,
            seed: 6);
        using HostAttentionPlan<Half> plan = CpuBackend.Default.PlanHost<Half>(
            AttentionProblem.Create(c.ElementType, c.Shape, c.Options));
        string expected = Environment.GetEnvironmentVariable(Child)
            ?? (Vector512.IsHardwareAccelerated ? "v512" : "(v256|v128|scalar)");
        Assert.That(plan.KernelName, Does.Match($"^na_cpu_tiled_f16_{expected}$"));
        foreach (ElementType type in Enum.GetValues<ElementType>())
        {
            foreach (AttentionCase one in AttentionGrid.EveryHeadDim(type).Take(6).Concat(
                AttentionGrid.Spoiled(type)))
            {
                one.RunOn(CpuBackend.Default);
                one.With(new() { Rung = "reference" }).RunOn(CpuBackend.Default);
            }
        }
    }
}
