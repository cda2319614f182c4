using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Modifiers, operands, lengths and wide heads on the shipped PTX against float64, on the emulator with all its
/// checks. What lies behind a sequence's keys is NaN; outputs start as poison and their gaps must stay so.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class DenseModifierTests
{
    private const int RandomCases = 40;
    private static readonly string[] Rungs = ["tiled", "reference"];

    private CudaBackend _backend = null!;

    [OneTimeSetUp]
    public void Open() => _backend = CudaBackend.Open(TestDevice.Driver,
        TestDevice.NewOrdinal(NativeAttention.Emulation.EmulatorOptions.Default));

    [OneTimeTearDown]
    public void Close() => _backend.Dispose();

    [Test]
    public void Every_modifier_is_right([Values] ElementType type, [ValueSource(nameof(Rungs))] string rung) =>
        RunAll(ModifierGrid.Each(type, largeDims: true), rung);

    [Test]
    public void Combinations_are_right([Values] ElementType type, [ValueSource(nameof(Rungs))] string rung)
    {
        int seed = Environment.TickCount & 0xffffff;
        TestContext.Out.WriteLine($"seed {seed}");
        RunAll(ModifierGrid.Random(type, seed, RandomCases, largeDims: true), rung);
    }

    private void RunAll(IEnumerable<AttentionCase> cases, string rung)
    {
        List<string> failures = [];
        foreach (AttentionCase each in cases)
        {
            AttentionCase test = each.With(new TuningHints { Rung = rung });
            try
            {
                test.RunOn(_backend);
            }
            catch (Exception failure) when (failure is AttentionMismatchException or Bindings.CudaException)
            {
                failures.Add(failure.Message);
            }
        }

        Assert.That(failures, Is.Empty);
    }
}
