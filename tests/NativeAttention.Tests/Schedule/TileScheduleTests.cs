namespace NativeAttention.Tests.Schedule;

public class TileScheduleTests
{
    private static readonly int[] Lengths = [1, 2, 5, 8, 13];
    private static readonly int[] Tiles = [1, 3, 4, 8];

    // All small bands, lengths and tiles, against the definition of visibility.
    [Test]
    public void Agrees_with_brute_force()
    {
        foreach (int queries in Lengths)
        {
            foreach (int keys in Lengths.Prepend(0))
            {
                foreach (KeyBand band in Bands())
                {
                    foreach (int queryTile in Tiles)
                    {
                        foreach (int keyTile in Tiles)
                        {
                            Check(new TileSchedule(queries, keys, band, queryTile, keyTile));
                        }
                    }
                }
            }
        }
    }

    [Test]
    public void Causal_lower_triangle_by_hand()
    {
        TileSchedule schedule = new(256, 256, new KeyBand(-KeyBand.Open, 0), 64, 32);
        Assert.Multiple(() =>
        {
            Assert.That(schedule.QueryTiles, Is.EqualTo(4));
            Assert.That(schedule.KeyTiles(0), Is.EqualTo(new KeyTileRange(0, 2, 0, 0)));
            Assert.That(schedule.KeyTiles(2), Is.EqualTo(new KeyTileRange(0, 6, 0, 4)));
        });
    }

    [Test]
    public void The_largest_lengths_and_bands_do_not_overflow()
    {
        const int most = int.MaxValue;
        TileSchedule open = new(most, most, KeyBand.Unbounded, 64, 96);
        TileSchedule causal = new(most, most, new KeyBand(-KeyBand.Open, 0), 64, 96);
        int last = open.QueryTiles - 1;
        Assert.Multiple(() =>
        {
            Assert.That(open.QueryTiles, Is.EqualTo(33554432));
            Assert.That(open.KeyTiles(last), Is.EqualTo(new KeyTileRange(0, 22369622, 0, 22369621)));
            Assert.That(causal.KeyTiles(last).End, Is.EqualTo(22369622));
            Assert.That(new TileSchedule(0, 5, KeyBand.Unbounded, 64, 96).QueryTiles, Is.Zero);
        });
    }

    [Test]
    public void Masks_lower_to_the_bands_of_their_definition()
    {
        Assert.Multiple(() =>
        {
            Assert.That(AttentionMask.None.Lower(2).Band, Is.EqualTo(KeyBand.Unbounded));
            Assert.That(AttentionMask.Causal.Lower(2).Band.Right, Is.EqualTo(2));
            Assert.That(AttentionMask.Causal.Lower(-int.MaxValue).Band.Right, Is.EqualTo(-int.MaxValue));
            Assert.That(AttentionMask.CausalTopLeft.Lower(0).Band.Right, Is.Zero);
            Assert.That(AttentionMask.Causal.Lower(2).Band.Left, Is.EqualTo(-KeyBand.Open));
        });
    }

    private static IEnumerable<KeyBand> Bands()
    {
        long[] left = [-KeyBand.Open, -14, -5, -1, 0, 2, 14];
        long[] right = [KeyBand.Open, 14, 4, 1, 0, -1, -3, -14];
        return left.SelectMany(l => right.Select(r => new KeyBand(l, r)));
    }

    private static void Check(TileSchedule s)
    {
        for (int m = 0; m < s.QueryTiles; m++)
        {
            KeyTileRange range = s.KeyTiles(m);
            int tiles = (s.KeyLength + s.KeyTile - 1) / s.KeyTile;
            bool ordered = range.Begin <= range.FullBegin && range.FullBegin <= range.FullEnd
                && range.FullEnd <= range.End && range.End <= tiles;
            Assert.That(ordered, $"{s} tile {m}: {range}");
            for (int n = 0; n < tiles; n++)
            {
                (bool any, bool all) = Visible(s, m, n);
                bool visited = n >= range.Begin && n < range.End;
                // An empty band may make the range of a tile empty, never the other way round.
                Assert.That(!any || visited, $"{s}: query tile {m} misses key tile {n}: {range}");
                Assert.That(!range.IsFull(n)
                    || all, $"{s}: query tile {m} does not mask key tile {n}: {range}");
                Assert.That(!(all && visited)
                    || range.IsFull(n), $"{s}: query tile {m} masks key tile {n}: {range}");
                Assert.That(s.Band.Left > s.Band.Right || any || !visited
                    || Gap(s, m), $"{s}: {m} visits {n}: {range}");
            }
        }
    }

    // Whether some row of the tile sees nothing because its keys lie beyond the ends: a tile between may be
    // visited.
    private static bool Gap(TileSchedule s, int m) => Rows(s, m).Any(i =>
        Math.Max(0, i + s.Band.Left) > Math.Min(s.KeyLength - 1, i + s.Band.Right));

    private static (bool Any, bool All) Visible(TileSchedule s, int m, int n)
    {
        int[] keys = [.. Enumerable.Range(n * s.KeyTile, s.KeyTile)];
        bool[] visible = [.. Rows(s, m).SelectMany(i => keys.Select(j =>
            j < s.KeyLength && j >= i + s.Band.Left && j <= i + s.Band.Right))];
        return (visible.Any(v => v), visible.All(v => v));
    }

    private static IEnumerable<int> Rows(TileSchedule s, int m) =>
        Enumerable.Range(m * s.QueryTile, Math.Min(s.QueryTile, s.QueryLength - (m * s.QueryTile)));
}
