using NativeAttention.Neighborhood;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>Every pattern's tables against its definition, pair by pair, from the queries and from the keys.</summary>
[TestFixture]
internal sealed class LoweringTests
{
    private static IEnumerable<TestCaseData> Patterns() => PatternGrid.All().Select(p =>
        new TestCaseData(p.Pattern, p.Queries, p.Keys).SetArgDisplayNames($"{p.Pattern}", $"{p.Queries}", $"{p.Keys}"));

    [TestCaseSource(nameof(Patterns))]
    public void Tables_say_what_the_definition_says(PatternSpec pattern, GridShape queries, GridShape? keys) => Same(new(
        ElementType.Float32, new NeighborhoodShape(2, queries, 4, 2, 1) { KeyGrid = keys, ExtraKeys = 2 }, pattern)
    {
        RelativeBias = keys is null,
    });

    [Test]
    public void A_ragged_batch_has_the_sections_of_all_its_maps() => Same(new(ElementType.Float32,
        NeighborhoodShape.Ragged([new(5, 7), new(3, 4), new(9, 3)], 2, 1, 1) with { ExtraKeys = 3 },
        PatternSpec.Windows(3, new NeighborhoodAxis(1, 1, 2)))
    {
        RelativeBias = true,
    });

    [Test]
    public void Heads_may_have_patterns_of_their_own()
    {
        PatternSpec a = PatternSpec.Windows(3), b = PatternSpec.Windows(new NeighborhoodAxis(3, 1, 2));
        NeighborhoodCase test = new(ElementType.Float32, new NeighborhoodShape(2, new(8), 4, 2, 1), a)
        {
            HeadPatterns = [a, b, b, a],
            RelativeBias = true,
        };
        Same(test);
        Assert.That(test.Problem.Lowered.Maps.Select(map => map.Heads), Is.EqualTo(new int[][] { [0, 3], [1, 2] }));
    }

    [Test]
    public void Windows_are_cut_to_small_maps_when_asked()
    {
        Same(new(ElementType.Float32, new NeighborhoodShape(1, new(5, 20), 1, 1, 1),
            PatternSpec.Windows(new NeighborhoodAxis(7, 7, 2), 7))
        {
            ClampWindow = true,
        });
        Same(new(ElementType.Float32, NeighborhoodShape.Ragged([new(9), new(4), new(6)], 1, 1, 1), PatternSpec.Windows(7))
        {
            ClampWindow = true,
            RelativeBias = true,
        });
    }

    [Test]
    public void Random_windows()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int n = 0; n < 150; n++)
        {
            int rank = random.Next(1, 4);
            int[] extents = [.. Enumerable.Range(0, rank).Select(_ => random.Next(1, rank == 1 ? 60 : 13))];
            NeighborhoodAxis[] axes = [.. extents.Select(extent =>
            {
                int dilation = random.Next(1, Math.Max(2, extent / 2)), window = random.Next(1, (extent / dilation) + 1);
                return new NeighborhoodAxis(window, random.Next(1, window + 1), dilation, random.Next(2) == 0,
                    (EdgeMode)random.Next(3));
            })];
            Same(new(ElementType.Float32, new NeighborhoodShape(1, GridShape.Of(extents), 1, 1, 1),
                PatternSpec.Windows(axes))
            {
                RelativeBias = true,
            });
        }
    }

    [Test]
    public void Keys_of_another_map_act_as_keys_made_to_the_size_of_the_queries()
    {
        // Nearest-upsampling by f and dilation f emulate two maps.
        int[][] two = Lowerings.Map(NeighborhoodPattern.Windows(3), new GridShape(15), new GridShape(5)).Sections
            .SelectMany(s => Lowerings.Queries(s).Select(q => Lowerings.Seen(s, null, q).Select(k => k.Key.X).ToArray()))
            .ToArray();
        int[][] upsampled = Lowerings.Keys(NeighborhoodPattern.Windows(new NeighborhoodAxis(3, 1, 3)), 15);
        Assert.That(two, Is.EqualTo(upsampled.Select(keys => keys.Select(key => key / 3).ToArray())));
    }

    [Test]
    public void Dense_attention_is_a_map_of_one_line([Values(0, 1, 5)] int queries, [Values(0, 1, 7)] int keys,
        [Values(null, -2, 3)] int? offset)
    {
        AttentionShape shape = new(2, queries, keys, 4, 2, 3, 5);
        foreach (AttentionMask mask in new[] { AttentionMask.None, AttentionMask.Causal, new BandMask(-2, 1) })
        {
            AttentionOptions options = new() { Mask = mask, DiagonalOffset = offset };
            MapProblem lowered = MapProblem.Of(AttentionProblem.Create(ElementType.Float32, shape, options));
            LoweredPairs actual = new(lowered), back = new(lowered, fromKeys: true);
            DensePairs expected = new(shape, ReferenceAttention.Visible(mask, offset ?? (keys - queries)));
            double count = 0;
            for (int h = 0; h < 4; h++)
            {
                for (int b = 0; b < 2; b++)
                {
                    for (int i = 0; i < queries; i++)
                    {
                        // Rows of the lowered problem lie heads-first, those of dense pairs batch-first.
                        (int Head, int Key)[] keysOf = Sorted(expected, (((b * 4) + h) * queries) + i)
                            .Select(p => (p.Key / keys % 2, p.Key % keys)).ToArray();
                        int row = (((h * 2) + b) * queries) + i;
                        Assert.That(Sorted(actual, row).Select(p => (p.Key / keys / 2, p.Key % keys)), Is.EqualTo(keysOf));
                        Assert.That(Sorted(back, row), Is.EqualTo(Sorted(actual, row)));
                        count += keysOf.Length;
                    }
                }
            }

            Assert.That(lowered.Pairs, Is.EqualTo(count));
        }
    }

    private static void Same(NeighborhoodCase test)
    {
        NeighborhoodPairs expected = test.Pairs;
        MapProblem lowered = test.Problem.Lowered;
        LoweredPairs actual = new(lowered), back = new(lowered, fromKeys: true);
        Assert.That((actual.QueryRows, actual.KeyRows), Is.EqualTo((expected.QueryRows, expected.KeyRows)), $"{test}");
        double count = 0;
        for (int row = 0; row < expected.QueryRows; row++)
        {
            Pair[] pairs = Sorted(expected, row);
            count += pairs.Length;
            if (!Sorted(actual, row).SequenceEqual(pairs) || !Sorted(back, row).SequenceEqual(pairs))
            {
                Assert.Fail($"{test}, row {row}: expected {string.Join(" ", pairs)}, from queries "
                    + $"{string.Join(" ", Sorted(actual, row))}, from keys {string.Join(" ", Sorted(back, row))}");
            }
        }

        Assert.That(lowered.Pairs, Is.EqualTo(count), $"{test}");
    }

    private static Pair[] Sorted(AttentionPairs pairs, int row)
    {
        List<Pair> list = [];
        pairs.List(row, list);
        return [.. list.OrderBy(p => p.Key).ThenBy(p => p.Bias)];
    }
}
