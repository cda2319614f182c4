using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Modifiers, operands, lengths and wide heads on the shipped PTX against float64, on the emulator with all its
/// checks. What lies behind a sequence's keys is NaN; outputs start as poison and their gaps must stay so.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class DenseModifierTests
{
    private const int RandomCases = 16;
    private static readonly string[] Rungs = ["tiled", "reference"];

    private CudaBackend _backend = null!;

    [OneTimeSetUp]
    public void Open() => _backend = CudaBackend.Open(TestDevice.Driver,
        TestDevice.NewOrdinal(NativeAttention.Emulation.EmulatorOptions.Default));

    [OneTimeTearDown]
    public void Close() => _backend.Dispose();

    // Each modifier, on one of the lengths: another one on each rung, and in the next run.
    [Test]
    public void Every_modifier_is_right([Values] ElementType type)
    {
        int seed = Seed();
        RunAll(Rungs.SelectMany((rung, n) =>
            On(rung, ModifierGrid.EachInTurn(type, seed % 3 + n + (int)type, largeDims: true))));
    }

    [Test]
    public void Combinations_are_right([Values] ElementType type) => RunAll(
        ModifierGrid.Random(type, Seed(), RandomCases, largeDims: true).SelectMany(c => Rungs.SelectMany(r => On(r, [c]))));

    private static int Seed()
    {
        int seed = Environment.TickCount & 0xffffff;
        TestContext.Out.WriteLine($"seed {seed}");
        return seed;
    }

    private static IEnumerable<AttentionCase> On(string rung, IEnumerable<AttentionCase> cases) =>
        cases.Select(c => c.With(new TuningHints { Rung = rung }));

    private void RunAll(IEnumerable<AttentionCase> cases)
    {
        List<string> failures = [];
        foreach (AttentionCase test in cases)
        {
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
