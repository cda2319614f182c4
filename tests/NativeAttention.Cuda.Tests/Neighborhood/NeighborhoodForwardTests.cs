using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Neighborhood attention of the shipped PTX against float64. Inputs are surrounded by NaN and outputs start as poison;
/// the case's name holds its seed.
/// </summary>
public sealed class NeighborhoodForwardTests
{
    private CudaBackend _backend = null!;

    [OneTimeSetUp]
    public void Open() => _backend = CudaBackend.Open(TestDevice.Driver,
        TestDevice.NewOrdinal(EmulatorOptions.Default));

    [OneTimeTearDown]
    public void Close() => _backend.Dispose();

    public static IEnumerable<NeighborhoodCase> Patterns() => NeighborhoodCases.Patterns();

    public static IEnumerable<NeighborhoodCase> Causal() => NeighborhoodCases.Causal();

    public static IEnumerable<NeighborhoodCase> HeadDims() => NeighborhoodCases.HeadDims();

    public static IEnumerable<NeighborhoodCase> Features() => NeighborhoodCases.Features();

    public static IEnumerable<NeighborhoodCase> Fixed() => NeighborhoodCases.Fixed();

    [TestCaseSource(nameof(Patterns))]
    [TestCaseSource(nameof(Causal))]
    [TestCaseSource(nameof(HeadDims))]
    [TestCaseSource(nameof(Features))]
    [TestCaseSource(nameof(Fixed))]
    public void Agrees_with_float64(NeighborhoodCase test)
    {
        ArgumentNullException.ThrowIfNull(test);
        TestContext.Out.WriteLine(test.RunOn(_backend));
    }

    /// <summary>Ten problems of each rank; a thousand where NATTN_SWEEP is "full".</summary>
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Random_problems_agree_with_float64(int rank)
    {
        int count = Environment.GetEnvironmentVariable("NATTN_SWEEP") == "full" ? 1000 : 10;
        foreach (NeighborhoodCase test in NeighborhoodCases.Random(rank, count))
        {
            TestContext.Out.WriteLine($"{test}: {test.RunOn(_backend)}");
        }
    }

    [Test]
    public void The_log_sum_exp_may_be_left_out([Values] ElementType type) => NeighborhoodCases.Case(type,
        new NeighborhoodShape(1, new GridShape(9, 11), 2, 2, 16), PatternSpec.Windows(3, 5), "tiled", 400)
        .RunOn(_backend, withLse: false);
}
