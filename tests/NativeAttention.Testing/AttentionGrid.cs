namespace NativeAttention.Testing;

/// <summary>Cases over awkward lengths, head dims, groups, masks, layouts and scales.</summary>
public static class AttentionGrid
{
    private static readonly int[] Lengths = [0, 1, 3, 64, 113, 128, 129];
    private static readonly int[] Groups = [1, 2, 4, 8];

    private static readonly int[] HeadDims =
        [64, 1, 128, 33, 8, 2, 80, 127, 16, 3, 96, 17, 32, 7, 112, 65, 24, 31, 72, 5, 63, 15, 48, 97, 40];

    private static readonly AttentionMask[] Masks =
        [AttentionMask.None, AttentionMask.Causal, AttentionMask.CausalTopLeft];

    private static readonly Func<AttentionShape, AttentionLayout>[] Layouts =
    [
        _ => AttentionLayout.Bshd, _ =>
            AttentionLayout.Bhsd, TestLayouts.PaddedOdd, TestLayouts.PaddedAligned,
        TestLayouts.SequenceMajor, TestLayouts.SharedKeyValue,
    ];

    /// <summary>Everything below that fits into a budget of multiply-adds per case.</summary>
    /// <param name="type">Element type.</param>
    /// <param name="maxWork">
    /// Largest batch * heads * queries * keys * (head dim + value head dim); leaves cases out.
    /// </param>
    public static IEnumerable<AttentionCase> All(ElementType type, long maxWork = long.MaxValue) =>
        LengthPairs(type).Concat(EveryHeadDim(type)).Concat(Scales(type)).Concat(Spoiled(type))
            .Where(c => Work(c.Shape) <= maxWork);

    /// <summary>
    /// Every pair of lengths under every mask; head dims, groups, batch and layouts rotate through.
    /// </summary>
    public static IEnumerable<AttentionCase> LengthPairs(ElementType type)
    {
        int n = 0;
        foreach (int queries in Lengths)
        {
            foreach (int keys in Lengths)
            {
                foreach (AttentionMask mask in Masks)
                {
                    yield return Rotated(type, n++, queries, keys, mask);
                }
            }
        }
    }

    /// <summary>Every head dim with another value head dim, on lengths just beyond a tile.</summary>
    public static IEnumerable<AttentionCase> EveryHeadDim(ElementType type)
    {
        for (int n = 0; n < HeadDims.Length; n++)
        {
            int valueDim = n % 2 == 0 ? HeadDims[n] : HeadDims[(n + 7) % HeadDims.Length];
            AttentionShape shape = new(1, 67, 131, 2, 1, HeadDims[n], valueDim);
            yield return new AttentionCase(type, shape, Options(shape, n, Masks[n % 3]), seed: 1000 + n);
        }
    }

    /// <summary>Given scales: 0, negative, tiny, large.</summary>
    public static IEnumerable<AttentionCase> Scales(ElementType type)
    {
        AttentionShape shape = new(2, 65, 70, 4, 2, 40, 24);
        float[] scales = [0f, -0.125f, 1e-20f, 1f, -2f];
        return scales.Select((scale, n) => new AttentionCase(type, shape,
            Options(shape, n, Masks[n % 3]) with { Scale = scale }, seed: 2000 + n));
    }

    /// <summary>Logits of about 1e4, and rows with NaN and infinity.</summary>
    public static IEnumerable<AttentionCase> Spoiled(ElementType type)
    {
        AttentionShape shape = new(2, 66, 133, 2, 2, 64);
        AttentionShape odd = new(1, 130, 129, 4, 1, 37, 19);
        return
        [
            new AttentionCase(type, shape, AttentionOptions.Default, 3001, InputKind.HugeLogits),
            new AttentionCase(type, odd, AttentionOptions.Causal, 3002, InputKind.HugeLogits),
            new AttentionCase(type, shape, AttentionOptions.Causal, 3003, InputKind.NanRows),
            new AttentionCase(type, odd, AttentionOptions.Default, 3004, InputKind.NanRows),
        ];
    }

    /// <summary>
    /// Windows and other bands, open on neither side: what every kernel must know that takes a band. Not in
    /// <see cref="All"/>, which holds only what users can ask for.
    /// </summary>
    public static IEnumerable<AttentionCase> Bands(ElementType type)
    {
        (long Left, long Right)[] bands =
            [(-3, 0), (-40, 10), (0, 0), (5, 90), (-200, -70), (4, 3), (-1000, 1000), (64, 64)];
        return bands.Select((band, n) =>
        {
            AttentionShape shape = new(1, 130 + n, 199 - (n * 5), 2, 1, 24 + n, 17);
            AttentionMask mask = new BandMask(band.Left, band.Right);
            return new AttentionCase(type, shape, Options(shape, n, mask), seed: 4000 + n);
        });
    }

    /// <summary>Cases drawn at random; the case's name has all it takes to make it again.</summary>
    /// <param name="type">Element type.</param>
    /// <param name="seed">Seed of the draw.</param>
    /// <param name="count">Number of cases.</param>
    public static IEnumerable<AttentionCase> Random(ElementType type, int seed, int count)
    {
        Random random = new(seed);
        for (int n = 0; n < count; n++)
        {
            int keyValueHeads = random.Next(1, 4);
            AttentionShape shape = new(random.Next(1, 4), random.Next(0, 140), random.Next(0, 140),
                keyValueHeads * Groups[random.Next(Groups.Length)], keyValueHeads, random.Next(1, 129),
                random.Next(1, 129));
            AttentionOptions options =
                Options(shape, random.Next(Layouts.Length), Masks[random.Next(Masks.Length)]);
            float? scale = random.Next(4) == 0 ? (random.NextSingle() * 2) - 1 : null;
            yield return new AttentionCase(type, shape, options with { Scale = scale }, random.Next(1 << 20));
        }
    }

    private static AttentionCase Rotated(ElementType type, int n, int queries, int keys, AttentionMask mask)
    {
        int group = Groups[n % Groups.Length];
        int keyValueHeads = 1 + (n % 3 / 2);
        int dim = HeadDims[n % HeadDims.Length];
        int valueDim = n % 3 == 0 ? HeadDims[(n + 11) % HeadDims.Length] : dim;
        AttentionShape shape =
            new(1 + (n % 2), queries, keys, group * keyValueHeads, keyValueHeads, dim, valueDim);
        return new AttentionCase(type, shape, Options(shape, n, mask), seed: n + 1);
    }

    private static AttentionOptions Options(AttentionShape shape, int n, AttentionMask mask) =>
        new() { Mask = mask, Layout = Layouts[n % Layouts.Length](shape) };

    private static long Work(AttentionShape s) =>
        (long)s.Batch * s.QueryHeads * s.QueryLength * s.KeyLength * (s.HeadDim + s.ValueHeadDim);
}
