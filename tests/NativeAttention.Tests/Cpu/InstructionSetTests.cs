using System.Runtime.Intrinsics;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>
/// The widths that this processor has are tested in this process; here the runtime itself is told to do
/// without instruction sets, which also changes what the compiler makes of everything else.
/// </summary>
public class InstructionSetTests
{
    // What a child runs: the tests below. In an ordinary run they are a few more tests.
    private const string InChild = "InstructionSetTests.Here_";

    [TestCase("DOTNET_EnableAVX512", "(v256|v128|scalar)")]
    [TestCase("DOTNET_EnableAVX", "(v128|scalar)")]
    [TestCase("DOTNET_EnableHWIntrinsic", "(v128|scalar)")]
    public void A_process_without_an_instruction_set_computes_the_same(string variable, string kernels)
    {
        ChildProcess child = ChildProcess.RunTests(InChild, kernels, (variable, "0"));
        Assert.That(child.ExitCode, Is.Zero, child.Output);
        Assert.That(child.Output, Does.Match("Failed: +0, Passed: +5, Skipped: +0|5 passed, 0 failed"));
    }

    [Test]
    public void Here_the_expected_kernel_is_chosen()
    {
        using HostAttentionPlan<Half> plan = CpuBackend.Default.PlanHost<Half>(AttentionProblem.Create(
            ElementType.Float16, new(1, 67, 70, 2, 1, 40, 24), AttentionOptions.Causal));
        string expected = ChildProcess.Purpose
            ?? (Vector512.IsHardwareAccelerated ? "v512" : "(v256|v128|scalar)");
        Assert.That(plan.KernelName, Does.Match($"^na_cpu_tiled_f16_{expected}$"));
    }

    // Masks, head dims, lengths, bands, huge logits and NaN rows; another part of each list for every type.
    [TestCase(ElementType.Float32)]
    [TestCase(ElementType.Float16)]
    [TestCase(ElementType.BFloat16)]
    public void Here_kernels_agree_with_float64(ElementType type)
    {
        foreach (AttentionCase c in AttentionGrid.EveryHeadDim(type).Where((_, n) => n % 3 == (int)type % 3)
            .Concat(AttentionGrid.LengthPairs(type).Where((_, n) => n % 6 == (int)type % 6))
            .Concat(AttentionGrid.Bands(type)).Concat(AttentionGrid.Spoiled(type))
            .Concat(GuardPageTests.Decoding(type).Where((_, n) => n % 2 == 0)))
        {
            c.RunOn(CpuBackend.Default);
            c.With(new() { Rung = "reference" }).RunOn(CpuBackend.Default);
        }
    }

    [Test]
    public void Here_vectors_and_conversions_are_right()
    {
        VectorWidthTests vectors = new();
        vectors.Lanes_are_numbered_selected_and_compared();
        vectors.The_panel_product_agrees_with_a_plain_loop();
        new Exp2Tests().Floats_of_the_whole_range_and_its_ends();
        ElementConvertTests conversions = new();
        conversions.Every_half_widens_exactly(int.MaxValue);
        conversions.Every_bfloat16_widens_exactly(int.MaxValue);
        conversions.Floats_narrow_to_half_as_the_scalar_cast_does(int.MaxValue);
        conversions.Floats_narrow_to_bfloat16_as_the_scalar_cast_does(int.MaxValue);
    }
}
