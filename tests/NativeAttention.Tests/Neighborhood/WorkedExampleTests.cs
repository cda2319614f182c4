using NativeAttention.Neighborhood;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>Examples worked out by hand, exactly.</summary>
[TestFixture]
internal sealed class WorkedExampleTests
{
    private static IEnumerable<TestCaseData> Lines()
    {
        yield return new(7, new NeighborhoodAxis(3), "012 012 123 234 345 456 456");
        yield return new(7, new NeighborhoodAxis(3, 1, 2), "024 135 024 135 246 135 246");
        yield return new(7, new NeighborhoodAxis(3, 1, 2, true), "0 1 02 13 024 135 246");
        yield return new(8, new NeighborhoodAxis(4), "0123 0123 0123 1234 2345 3456 4567 4567");
        yield return new(8, new NeighborhoodAxis(4, 2), "0123 0123 1234 1234 3456 3456 4567 4567");
        yield return new(8, new NeighborhoodAxis(5, 2), "01234 01234 12345 12345 34567 34567 34567 34567");
        yield return new(8, new NeighborhoodAxis(4, 3), "0123 0123 0123 2345 2345 2345 4567 4567");
        yield return new(9, new NeighborhoodAxis(4, 4), "0123 0123 0123 0123 4567 4567 4567 4567 5678");
        yield return new(8, new NeighborhoodAxis(4, 2, 1, true), "0 01 012 0123 234 2345 456 4567");
        yield return new(7, new NeighborhoodAxis(4, 3, 1, true), "0 01 012 23 234 2345 3456");
        yield return new(10, new NeighborhoodAxis(3, 2, 3), "036 147 258 036 147 258 369 147 258 369");
        yield return new(10, new NeighborhoodAxis(2, 2, 3), "03 14 25 03 14 25 69 47 58 69");
        yield return new(6, new NeighborhoodAxis(2), "01 01 12 23 34 45");
    }

    private static IEnumerable<TestCaseData> Inverses()
    {
        yield return new(7, new NeighborhoodAxis(3), "01 012 0123 234 3456 456 56");
        yield return new(7, new NeighborhoodAxis(3, 1, 2), "02 135 0246 135 0246 135 46");
        yield return new(8, new NeighborhoodAxis(4, 2), "01 0123 0123 012345 234567 4567 4567 67");
        yield return new(8, new NeighborhoodAxis(4, 2, 1, true), "0123 123 2345 345 4567 567 67 7");
        yield return new(7, new NeighborhoodAxis(4, 3, 1, true), "012 12 2345 3456 456 56 6");
    }

    [TestCaseSource(nameof(Lines))]
    public void Keys_of_each_query(int length, NeighborhoodAxis axis, string expected) =>
        Assert.That(Text(Lowerings.Keys(NeighborhoodPattern.Windows(axis), length)), Is.EqualTo(expected));

    [TestCaseSource(nameof(Inverses))]
    public void Queries_of_each_key(int length, NeighborhoodAxis axis, string expected) =>
        Assert.That(Text(Lowerings.Queries(NeighborhoodPattern.Windows(axis), length)), Is.EqualTo(expected));

    [Test]
    public void Two_axes()
    {
        int[][] plain = Picture(180, 3, 3);
        Assert.That(plain[0], Is.EqualTo(new[] { 0, 1, 2, 5, 6, 7, 10, 11, 12 }));
        Assert.That(plain[19], Is.EqualTo(new[] { 7, 8, 9, 12, 13, 14, 17, 18, 19 }));
        int[][] strided = Picture(180, new NeighborhoodAxis(3, 2), new NeighborhoodAxis(3, 2));
        Assert.That(strided[7], Is.EqualTo(new[] { 2, 3, 4, 7, 8, 9, 12, 13, 14 }));
        Assert.That(strided[11], Is.EqualTo(new[] { 5, 6, 7, 10, 11, 12, 15, 16, 17 }));
        int[][] dilated = Picture(120, new NeighborhoodAxis(2, 1, 2), 3);
        Assert.That(dilated[7], Is.EqualTo(new[] { 6, 7, 8, 16, 17, 18 }));
        Assert.That(dilated[11], Is.EqualTo(new[] { 0, 1, 2, 10, 11, 12 }));
    }

    [Test]
    public void Two_axes_of_which_one_is_causal()
    {
        NeighborhoodAxis[] axes = [new(3, Causal: true), new(2, 1, 2)];
        int[][] keys = Picture(90, axes);
        Assert.That(keys[0], Is.EqualTo(new[] { 0, 2 }));
        Assert.That(keys[7], Is.EqualTo(new[] { 0, 2, 5, 7 }));
        Assert.That(keys[19], Is.EqualTo(new[] { 7, 9, 12, 14, 17, 19 }));
        Assert.That(Lowerings.Queries(NeighborhoodPattern.Windows(axes), 4, 5)[7],
            Is.EqualTo(new[] { 5, 7, 9, 10, 12, 14, 15, 17, 19 }));
    }

    [TestCase(16, 5, 1, false, "0-3 none, 1-4 none")]
    [TestCase(16, 5, 1, true, "0-2 none, 1-4 none")]
    [TestCase(20, 6, 2, false, "0-3 none, 1-5 none, 3-5 4-5")]
    public void Aligned_tiles_of_each_query_tile(int length, int window, int stride, bool causal, string expected)
    {
        const int queries = 8, keys = 4;
        AxisIntervals axis = Lowerings.Line(new(window, stride, 1, causal), length);
        List<string> texts = [];
        long visited = 0, full = 0;
        for (int first = 0; first < length; first += queries)
        {
            AxisTiles tiles = AxisTiles.Of(axis, first, Math.Min(first + queries, length) - 1);
            int begin = tiles.KeyBegin / keys, end = Up(tiles.KeyEnd);
            int fullBegin = Up(tiles.FullBegin);
            int fullEnd = tiles.FullEnd == length ? Up(length) : tiles.FullEnd / keys;
            texts.Add($"{begin}-{end} {(fullEnd > fullBegin ? $"{fullBegin}-{fullEnd}" : "none")}");
            visited += end - begin;
            full += Math.Max(0, fullEnd - fullBegin);
        }

        Assert.That(string.Join(", ", texts), Is.EqualTo(expected));
        MapSection section = Lowerings.Section(
            NeighborhoodPattern.Windows(new NeighborhoodAxis(window, stride, 1, causal)), length);
        TileCounts counts = TileCounts.OfAligned(section, new(new(1, 1, queries), new(1, 1, keys)));
        Assert.That((counts.Visited, counts.Full), Is.EqualTo((visited, full)));

        static int Up(int tokens) => (tokens + keys - 1) / keys;
    }

    [Test]
    public void Queries_of_each_key_tile()
    {
        AxisIntervals axis = Lowerings.Line(5, 16).Transposed();
        Assert.That(Enumerable.Range(0, 4).Select(n => AxisTiles.Of(axis, 4 * n, (4 * n) + 3))
            .Select(tiles => (tiles.KeyBegin, tiles.KeyEnd)), Is.EqualTo(new[] { (0, 6), (0, 10), (6, 16), (10, 16) }));
    }

    [Test]
    public void Uniform_probabilities()
    {
        // With scores 0 and v_j = j, do = 1: o is the mean of the keys, dv the sum of 1 / |N|.
        Check(new(3, 1, 2), 7, [2, 3, 2, 3, 4, 3, 4], [2 / 3.0, 1, 4 / 3.0, 1, 4 / 3.0, 1, 2 / 3.0]);
        Check(new(4, 2), 8, [1.5, 1.5, 2.5, 2.5, 4.5, 4.5, 5.5, 5.5], [.5, 1, 1, 1.5, 1.5, 1, 1, .5]);

        static void Check(NeighborhoodAxis axis, int length, double[] means, double[] sums)
        {
            int[][] keys = Lowerings.Keys(NeighborhoodPattern.Windows(axis), length);
            int[][] queries = Lowerings.Queries(NeighborhoodPattern.Windows(axis), length);
            Assert.That(keys.Select(k => k.Average()), Is.EqualTo(means).Within(1e-12));
            Assert.That(queries.Select(q => q.Sum(i => 1.0 / keys[i].Length)), Is.EqualTo(sums).Within(1e-12));
        }
    }

    private static int[][] Picture(int pairs, params NeighborhoodAxis[] axes)
    {
        int[][] keys = Lowerings.Keys(NeighborhoodPattern.Windows(axes), 4, 5);
        Assert.That(keys.Sum(k => k.Length), Is.EqualTo(pairs));
        Assert.That(Lowerings.Map(NeighborhoodPattern.Windows(axes), new GridShape(4, 5)).Pairs, Is.EqualTo(pairs));
        return keys;
    }

    private static string Text(int[][] lists) => string.Join(" ", lists.Select(list => string.Concat(list)));
}
