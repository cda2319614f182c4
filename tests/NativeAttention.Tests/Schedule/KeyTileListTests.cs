namespace NativeAttention.Tests.Schedule;

public class KeyTileListTests
{
    // Two query tiles of 4 rows and four key tiles of 3 keys (the last has one), causal from the top left.
    private static readonly TileSchedule Grid = new(8, 10, new KeyBand(-KeyBand.Open, 0), 4, 3);

    [Test]
    public void A_range_and_the_list_of_its_tiles_are_walked_alike()
    {
        foreach (KeyBand band in new[] { KeyBand.Unbounded, new(-KeyBand.Open, 0), new(-2, 3), new(5, 1) })
        {
            TileSchedule range = Grid with { Band = band };
            TileSchedule list = range with
            {
                List = KeyTileList.Create(range, [0, 4, 8], [0, 1, 2, 3, 0, 1, 2, 3]),
            };
            for (int m = 0; m < range.QueryTiles; m++)
            {
                Assert.That(Tiles(list, m), Is.EqualTo(Tiles(range, m)), $"{band}, query tile {m}");
            }
        }
    }

    [Test]
    public void Tiles_that_are_not_listed_or_not_visible_are_not_visited()
    {
        TileSchedule schedule = Grid with { List = KeyTileList.Create(Grid, [0, 2, 2], [1, 3]) };
        Assert.Multiple(() =>
        {
            Assert.That(Tiles(schedule, 0), Is.EqualTo(new[] { new KeyTileVisit(1, false) }));
            Assert.That(Tiles(schedule, 1), Is.Empty);
        });
    }

    [TestCase(new[] { 0, 1 }, new[] { 0 }, "2 offsets for 2 query tiles")]
    [TestCase(new[] { 1, 1, 1 }, new[] { 0 }, "from 1 to 1")]
    [TestCase(new[] { 0, 1, 1 }, new[] { 0, 1 }, "must go from 0 to the number of tiles, 2")]
    [TestCase(new[] { 0, 2, 1 }, new[] { 0 }, "Offset 2 is 1, less than 2")]
    [TestCase(new[] { 0, 0, 1 }, new[] { 4 }, "Query tile 1 lists key tile 4: there are key tiles 0 to 3")]
    [TestCase(new[] { 0, 1, 1 }, new[] { -1 }, "Query tile 0 lists key tile -1")]
    [TestCase(new[] { 0, 2, 2 }, new[] { 2, 2 }, "2 after 2: tiles must ascend and none may come twice")]
    [TestCase(new[] { 0, 2, 2 }, new[] { 2, 1 }, "key tile 1 after 2")]
    public void A_list_that_is_none_is_refused(int[] offsets, int[] tiles, string message) =>
        Assert.That(() => KeyTileList.Create(Grid, offsets, tiles),
            Throws.ArgumentException.With.Message.Contains(message));

    private static List<KeyTileVisit> Tiles(TileSchedule schedule, int queryTile)
    {
        List<KeyTileVisit> visits = [];
        KeyTileWalk walk = schedule.Walk(queryTile);
        while (!walk.IsDone)
        {
            visits.Add(walk.Take());
        }

        return visits;
    }
}
