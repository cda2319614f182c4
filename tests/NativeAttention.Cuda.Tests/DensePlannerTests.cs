namespace NativeAttention.Cuda.Tests;

public sealed class DensePlannerTests
{
    private const int Shared = 163 * 1024;

    [TestCase(1, 1, 32)]
    [TestCase(32, 32, 32)]
    [TestCase(33, 8, 64)]
    [TestCase(8, 65, 96)]
    [TestCase(96, 96, 96)]
    [TestCase(97, 1, 128)]
    [TestCase(128, 128, 128)]
    [TestCase(64, 129, 192)]
    [TestCase(193, 64, 256)]
    [TestCase(256, 256, 256)]
    public void The_smallest_module_that_holds_both_head_dims_is_chosen(int dim, int valueDim, int module)
    {
        foreach (ElementType type in Enum.GetValues<ElementType>())
        {
            KernelEntry kernel = Choose(new AttentionShape(1, 4, 4, 2, 1, dim, valueDim), type: type);
            Assert.That((kernel.HeadDim, kernel.Rung, kernel.ElementType),
                Is.EqualTo((module, "tiled", type)));
        }
    }

    [Test]
    public void A_rung_may_be_asked_for() =>
        Assert.That(Choose(new AttentionShape(1, 4, 4, 2, 1, 64), rung: "reference").Rung,
        Is.EqualTo("reference"));

    [Test]
    public void Kernels_with_modifiers_run_what_needs_them_and_what_asks_for_them()
    {
        AttentionShape shape = new(1, 4, 4, 2, 1, 64);
        Assert.Multiple(() =>
        {
            Assert.That(Choose(shape, rung: "tiled_mod").Rung, Is.EqualTo("tiled_mod"));
            foreach (string? rung in new[] { null, "tiled", "tiled_mod", "reference" })
            {
                AttentionOptions options = new() { SoftCap = 2, Tuning = new TuningHints { Rung = rung } };
                bool can = DensePlanner.TryChoose(AttentionProblem.Create(ElementType.Float16, shape, options),
                    80, Shared, out KernelEntry? kernel, out string why);
                Assert.That(can, Is.True, why);
                Assert.That(kernel!.Rung, Is.EqualTo(rung == "reference" ? "reference_mod" : "tiled_mod"));
            }

            AttentionOptions far = new()
            {
                DiagonalOffset = int.MinValue,
                Operands = new() { AlibiSlopes = OperandStrides.PerHead },
            };
            Assert.That(DensePlanner.TryChoose(AttentionProblem.Create(ElementType.Float16, shape, far), 80, Shared,
                out _, out string reason), Is.False);
            Assert.That(reason, Does.Contain("-2147483648").And.Contains("1073741824"));
        });
    }

    [Test]
    public void Refusals_say_why()
    {
        AttentionShape shape = new(1, 4, 4, 2, 1, 64);
        Assert.Multiple(() =>
        {
            Assert.That(Refusal(shape, rung: "fast"),
                Does.Contain("'fast'").And.Contains("tiled, reference"));
            Assert.That(Refusal(shape with { HeadDim = 257 }),
                Does.Contain("head dim 257").And.Contains("1 to 256"));
            Assert.That(Refusal(shape with { ValueHeadDim = 1000 }),
                Does.Contain("value head dim 1000").And.Contains("1 to 256"));
            Assert.That(Refusal(shape, capability: 75), Does.Contain("7.5").And.Contains("8.0"));
            Assert.That(Refusal(shape with { KeyLength = (1 << 30) + 1 }),
                Does.Contain("1073741825").And.Contains("1073741824"));
            Assert.That(Refusal(shape, shared: 1024), Does.Contain("32768 bytes").And.Contains("1024"));
            Assert.That(Refusal(shape with { Batch = int.MaxValue }),
                Does.Contain("4294967294 thread blocks").And.Contains("2147483647"));
        });
    }

    [Test]
    public void Newer_devices_take_the_same_kernels() =>
        Assert.That(Choose(new AttentionShape(1, 4, 4, 2, 1, 64), capability: 120).Rung, Is.EqualTo("tiled"));

    private static KernelEntry Choose(AttentionShape shape, int capability = 80, int shared = Shared,
        string? rung = null, ElementType type = ElementType.Float16)
    {
        bool can = DensePlanner.TryChoose(Problem(shape, type, rung), capability, shared,
            out KernelEntry? kernel, out string why);
        Assert.That(can, Is.True, why);
        Assert.That(why, Is.Not.Empty);
        return kernel!;
    }

    private static string Refusal(AttentionShape shape, int capability = 80, int shared = Shared,
        string? rung = null)
    {
        bool can = DensePlanner.TryChoose(
            Problem(shape, ElementType.Float16, rung), capability, shared, out _, out string why);
        Assert.That(can, Is.False);
        return why;
    }

    private static AttentionProblem Problem(AttentionShape shape, ElementType type, string? rung) =>
        AttentionProblem.Create(
        type, shape, new AttentionOptions { Tuning = new TuningHints { Rung = rung } });
}
