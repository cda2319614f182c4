using NativeAttention.Benchmarks.Cases;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>That what should be measured is on the list, once, and can be measured.</summary>
public class CaseListTests
{
    [Test]
    public void The_modes_have_this_many_cases()
    {
        Assert.Multiple(() =>
        {
            Assert.That(CaseList.All, Has.Count.EqualTo(100));
            Assert.That(CaseList.All.Count(c => c.InShort), Is.EqualTo(33));
            Assert.That(CaseList.All.Count(c => c.InTable), Is.EqualTo(42));
            Assert.That(CaseList.All.Count(c => c.Device == BenchDevice.Emulator), Is.EqualTo(8));
        });
    }

    [Test]
    public void No_two_cases_have_the_same_name()
    {
        Assert.That(CaseList.All.Select(c => c.Name), Is.Unique);
    }

    [Test]
    public void The_cpu_has_every_shape_that_goals_are_set_for(
        [Values(64, 128)] int dim, [Values(128, 256, 1024, 4096)] int length, [Values] bool causal)
    {
        AttentionMask mask = causal ? AttentionMask.Causal : AttentionMask.None;
        Assert.That(CaseList.All.Count(c => c is
        { Device: BenchDevice.Cpu, Family: BenchFamily.Dense, Type: ElementType.Float32, Threads: null }
            && c.Mask == mask && c.Shape == new AttentionShape(1, length, length, 8, 8, dim)), Is.EqualTo(1));
    }

    [TestCase(ElementType.Float16)]
    [TestCase(ElementType.BFloat16)]
    public void Every_16_bit_case_of_prefill_has_its_float32_twin(ElementType type)
    {
        BenchCase[] cases = [.. CaseList.All.Where(c => c.Type == type && c is
        { Device: BenchDevice.Cpu, Family: BenchFamily.Dense })];
        Assert.That(cases, Has.Length.GreaterThanOrEqualTo(10));
        Assert.That(cases.Select(c => Problem(c with { Type = ElementType.Float32 })),
            Is.SubsetOf(CaseList.All.Select(Problem)));
    }

    [Test]
    public void Every_case_on_one_thread_has_its_twin_on_all()
    {
        BenchCase[] cases = [.. CaseList.All.Where(c => c.Threads == 1)];
        Assert.That(cases, Has.Length.EqualTo(4));
        Assert.That(cases.Select(c => Problem(c with { Threads = null })),
            Is.SubsetOf(CaseList.All.Select(Problem)));
    }

    [TestCaseSource(typeof(CaseList), nameof(CaseList.All))]
    public void A_case_can_be_stored(BenchCase @case)
    {
        string id = CaseId.Of(@case.FamilyName, Dtypes.Of(@case.Type), CaseShape.Of(@case.Shape),
            @case.ResultOptions);
        Assert.That(@case.Name, Is.EqualTo($"{@case.DeviceName}/{id}"));
    }

    [Test]
    public void A_case_leads_with_what_bounds_it()
    {
        Assert.That(Find("cpu/dense-f32-b1-h8x8-s1024x1024-d64x64").Metric, Is.EqualTo(ResultMetric.Tflops));
        Assert.That(Find("cpu/dense-f32-b1-h32x8-s1x8192-d128x128").Metric, Is.EqualTo(ResultMetric.Gbps));
        Assert.That(Find("cpu/dense-f32-b1-h1x1-s1x1-d1x1").Metric, Is.EqualTo(ResultMetric.Seconds));
        Assert.That(Find("cpu/plan-f32-b1-h1x1-s1x1-d1x1").Metric, Is.EqualTo(ResultMetric.Seconds));
        Assert.That(Find("cpu/backward-f32-b1-h8x8-s256x256-d64x64").Metric, Is.EqualTo(ResultMetric.Tflops));
    }

    [TestCase("cpu/dense-f32-b1-h1x1-s1x1-d1x1", "na_cpu_tiled_f32")]
    [TestCase("cpu/oneshot-f32-b1-h1x1-s1x1-d1x1", "na_cpu_tiled_f32")]
    [TestCase("cpu/plan-f32-b1-h1x1-s1x1-d1x1", "na_cpu_tiled_f32")]
    [TestCase("cpu/backward-f16-b1-h8x8-s256x256-d64x64-causal", "na_cpu_backward_tiled_f16")]
    [TestCase("cpu/backward-f32-b1-h4x4-s4096x4096-d32x32-map=64x64-window=7", "na_cpu_backward_tiled_f32")]
    [TestCase("cpu/dense-bf16-b1-h8x8-s1024x1024-d64x64", "na_cpu_tiled_bf16")]
    [TestCase("emulator/dense-f16-b1-h2x2-s512x512-d64x64-causal", "na_dense_tiled_f16_d64_sm80")]
    public void A_case_runs_on_its_device(string name, string kernel)
    {
        using BenchBody body = BenchBody.Of(Find(name));
        Assert.That(body.KernelName, Does.StartWith(kernel));
        body.Run();
        body.Run();
    }

    // Without what lists it is on.
    private static BenchCase Problem(BenchCase @case) => @case with { InShort = false, InTable = false };

    private static BenchCase Find(string name) => CaseList.All.Single(c => c.Name == name);
}
