using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Backward of dense attention of the shipped PTX against float64. Gradients start as poison, gaps must stay so, and
/// a second run of some must give the same bits; the case's name holds its seed.
/// </summary>
public sealed class DenseBackwardTests : BackwardFixture
{
    private static readonly int[][] HeadDims =
        [[1, 1], [3, 5], [8, 8], [20, 8], [32, 32], [40, 64], [64, 40], [72, 72], [127, 127], [128, 128], [129, 64],
        [8, 200], [255, 131], [256, 256]];

    // Queries and keys; more queries than keys leave rows that see nothing under a causal mask.
    private static readonly int[][] Lengths =
        [[1, 1], [1, 70], [70, 1], [3, 5], [33, 129], [129, 33], [64, 64], [100, 37], [0, 9], [9, 0], [150, 150]];

    private static readonly AttentionMask[] Masks =
        [AttentionMask.None, AttentionMask.Causal, AttentionMask.CausalTopLeft, AttentionMask.Window(20, 3)];

    public static IEnumerable<PairCase> EveryHeadDim() =>
        from type in Enum.GetValues<ElementType>()
        from rung in Rungs
        from dims in HeadDims.Select((pair, n) => (Query: pair[0], Value: pair[1], n))
        where Takes(rung, type, dims.n)
        select new DenseBackwardCase(type, new AttentionShape(1, 37, 43, 2, 1, dims.Query, dims.Value),
            new AttentionOptions { Mask = Masks[dims.n % 4], Tuning = On(rung) }, seed: 100 + dims.n)
        {
            LseGradient = dims.n % 2 == 1,
        };

    public static IEnumerable<PairCase> EveryLength() =>
        from type in Enum.GetValues<ElementType>()
        from rung in Rungs
        from lengths in Lengths.Select((pair, n) => (Queries: pair[0], Keys: pair[1], n))
        where Takes(rung, type, lengths.n)
        from mask in new[] { AttentionMask.Causal, Masks[(lengths.n + (int)type) % 4] }.Distinct()
        select new DenseBackwardCase(type, new AttentionShape(2, lengths.Queries, lengths.Keys, 3, 1, 24, 16),
            new AttentionOptions { Mask = mask, Tuning = On(rung) }, seed: 200 + lengths.n)
        {
            LseGradient = lengths.n % 2 == 0,
        };

    public static IEnumerable<PairCase> EveryLayout() =>
        from type in Enum.GetValues<ElementType>()
        from rung in Rungs
        from layout in Layouts().Select((make, n) => (make, n))
        where Takes(rung, type, layout.n)
        let shape = new AttentionShape(2, 19, 40, 6, 2, layout.n % 2 == 0 ? 32 : 20, 16)
        select new DenseBackwardCase(type, shape, new AttentionOptions
        {
            Layout = layout.make(shape),
            Mask = Masks[layout.n % 4],
            Tuning = On(rung),
        }, seed: 300 + layout.n);

    // Factors that are no powers of two, none, and one that turns the order of scores; probabilities of 0 and 1.
    public static IEnumerable<PairCase> EveryScale() =>
        from type in Enum.GetValues<ElementType>()
        from rung in Rungs
        from scale in new[] { 0.3f, 0, -0.7f }
        from factor in new[] { 1.0, 12 }
        select new DenseBackwardCase(type, new AttentionShape(1, 40, 50, 2, 2, 16),
            new AttentionOptions { Scale = scale, Mask = AttentionMask.Causal, Tuning = On(rung) }, seed: 400)
        {
            QueryFactor = factor,
            GradientFactor = 0.05,
        };

    [TestCaseSource(nameof(EveryHeadDim))]
    [TestCaseSource(nameof(EveryLength))]
    [TestCaseSource(nameof(EveryLayout))]
    [TestCaseSource(nameof(EveryScale))]
    public void Gradients_are_those_of_float64(PairCase test) => Run(test);

    private static IEnumerable<Func<AttentionShape, AttentionLayout>> Layouts() =>
        [_ => AttentionLayout.Bhsd, TestLayouts.PaddedOdd, TestLayouts.PaddedAligned, TestLayouts.SequenceMajor];
}
