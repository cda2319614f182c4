using System.Runtime.Intrinsics;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>
/// The widths that this processor has are tested in this process; here the runtime itself is told to do
/// without instruction sets, which also changes what the compiler makes of everything else.
/// </summary>
public class InstructionSetTests
{
    // What a child runs: these tests and those of every kernel.
    private const string Suite = "NativeAttention.Tests.Cpu.";

    [TestCase("DOTNET_EnableAVX512", "(v256|v128|scalar)")]
    [TestCase("DOTNET_EnableAVX", "(v128|scalar)")]
    [TestCase("DOTNET_EnableHWIntrinsic", "(v128|scalar)")]
    public void A_process_without_an_instruction_set_computes_the_same(string variable, string kernels)
    {
        ChildProcess child = ChildProcess.RunTests(Suite, kernels, (variable, "0"));
        Assert.That(child.ExitCode, Is.Zero, child.Output);
        Assert.That(child.Output, Does.Match(@"Passed! +- Failed: +0, Passed: +\d\d|\d\d passed, 0 failed"));
    }

    // In an ordinary run this is one more test.
    [Test]
    public void Smoke()
    {
        AttentionCase c = new(ElementType.Float16, new(1, 67, 70, 2, 1, 40, 24), AttentionOptions.Causal,
            seed: 6);
        using HostAttentionPlan<Half> plan = CpuBackend.Default.PlanHost<Half>(
            AttentionProblem.Create(c.ElementType, c.Shape, c.Options));
        string expected = ChildProcess.Purpose
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
