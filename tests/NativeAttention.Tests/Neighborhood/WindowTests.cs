using NativeAttention.Neighborhood;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>What holds of every window, for every length up to 24, window and stride.</summary>
[TestFixture]
internal sealed class WindowTests
{
    private const int Longest = 24;

    [Test]
    public void Invariants([Values] bool causal) => Each(causal, (axis, length, table) =>
    {
        for (int i = 0; i < length; i++)
        {
            int begin = table.KeyBegin[i], end = table.KeyEnd[i];
            bool inside = begin >= 0 && begin <= i && i < end && end <= length;
            bool near = i - begin < axis.Window && end - 1 - i < axis.Window;
            bool touches = i + 1 == length || (table.KeyBegin[i + 1] >= begin && table.KeyEnd[i + 1] >= end
                && table.KeyBegin[i + 1] <= end);
            bool whole = causal ? end == i + 1 && (axis.Stride > 1 || end - begin == Math.Min(i + 1, axis.Window))
                : end - begin == axis.Window;
            Require(inside && near && touches && whole, axis, length, i);
        }

        for (int j = 0; j < length; j++)
        {
            Require(table.QueryEnd[j] > table.QueryBegin[j], axis, length, j);
            Require(j == 0 || (table.QueryBegin[j] >= table.QueryBegin[j - 1] && table.QueryEnd[j] >= table.QueryEnd[j - 1]
                && table.QueryBegin[j] <= table.QueryEnd[j - 1]), axis, length, j);
        }
    });

    [Test]
    public void Queries_of_a_key_are_those_of_the_closed_form([Values] bool causal) =>
        Each(causal, (axis, length, table) =>
        {
            (int w, int s) = (axis.Window, axis.Stride);
            int left = w / 2, right = w - 1 - left, off = s - 1 - (s / 2);
            for (int j = 0; j < length; j++)
            {
                (int begin, int end) = causal
                    ? (j, j + w >= length ? length : s * ((j + w) / s))
                    : (j < w ? 0 : s * ((j - right + off) / s),
                        j >= length - w ? length : s * ((j + left + off + 1) / s));
                Require((table.QueryBegin[j], table.QueryEnd[j]) == (begin, end), axis, length, j);
            }
        });

    [Test]
    public void Pairs_are_those_of_the_formulas([Values] bool causal) => Each(causal, (axis, length, table) =>
    {
        (int w, int s) = (axis.Window, axis.Stride);
        long expected = !causal ? (long)length * w
            : s == 1 ? ((long)length * w) - ((long)w * (w - 1) / 2)
            : Enumerable.Range(0, length).Sum(i => i + 1 - Math.Max(Math.Min((i / s * s) + s - 1, length - 1) - w + 1, 0));
        Require(table.Pairs == expected, axis, length, 0);
    });

    [Test]
    public void Pairs_of_several_axes_classes_and_heads_multiply()
    {
        NeighborhoodAxis x = new(5, 2, 3), y = new(4, Causal: true), z = new(7, 3, 2, true);
        NeighborhoodProblem problem = NeighborhoodProblem.Create(ElementType.Float32,
            new NeighborhoodShape(3, new GridShape(17, 11, 15), 4, 2, 8) { ExtraKeys = 5 },
            new NeighborhoodOptions(NeighborhoodPattern.Windows(x, y, z)));
        long causal = Enumerable.Range(0, 2).Sum(g => Lowerings.Line(z with { Dilation = 1 }, (15 - g + 1) / 2).Pairs);
        double map = 17.0 * 5 * ((11 * 4) - (4 * 3 / 2)) * causal;
        Assert.That(problem.Pairs, Is.EqualTo(3 * 4 * (map + (17 * 11 * 15 * 5))));
    }

    [Test]
    public void A_stride_of_the_window_makes_blocks_and_a_window_of_the_length_dense_attention()
    {
        for (int length = 1; length <= Longest; length++)
        {
            for (int w = 1; w <= length; w++)
            {
                AxisIntervals blocks = Lowerings.Line(new(w, w), length), all = Lowerings.Line(new(length, w), length);
                AxisIntervals causal = Lowerings.Line(new(length, w, 1, true), length);
                for (int i = 0; i < length; i++)
                {
                    int block = Math.Min(i / w * w, length - w);
                    Assert.That((blocks.KeyBegin[i], blocks.KeyEnd[i]), Is.EqualTo((block, block + w)));
                    Assert.That((all.KeyBegin[i], all.KeyEnd[i]), Is.EqualTo((0, length)));
                    Assert.That((causal.KeyBegin[i], causal.KeyEnd[i]), Is.EqualTo((0, i + 1)));
                }
            }
        }
    }

    [Test]
    public void On_a_ring_the_queries_of_a_key_are_the_closed_form()
    {
        for (int length = 1; length <= Longest; length++)
        {
            for (int w = 1; w <= length; w++)
            {
                AxisIntervals ring = Lowerings.Line(new(w, Edge: EdgeMode.Wrap), length);
                for (int j = 0; j < length; j++)
                {
                    int right = w - 1 - (w / 2);
                    Assert.That((ring.QueryBegin[j], ring.QueryEnd[j]), Is.EqualTo((j - right, j - right + w)));
                    Assert.That((ring.KeyBegin[j], ring.KeyEnd[j]), Is.EqualTo((j - (w / 2), j - (w / 2) + w)));
                }
            }
        }
    }

    [Test]
    public void Intervals_and_their_inverse_agree([Values] EdgeMode edge, [Values] bool causal)
    {
        for (int length = 1; length <= 16; length++)
        {
            for (int w = 1; w <= length; w++)
            {
                for (int s = 1; s <= w; s++)
                {
                    NeighborhoodAxis axis = new(w, s, 1, causal, edge);
                    AxisIntervals table = Lowerings.Line(axis, length);
                    HashSet<(int, int)> forth = [], back = [];
                    for (int i = 0; i < length; i++)
                    {
                        for (int k = table.KeyBegin[i]; k < table.KeyEnd[i]; k++)
                        {
                            forth.Add((k - i, (k + length) % length));
                        }

                        for (int q = table.QueryBegin[i]; q < table.QueryEnd[i]; q++)
                        {
                            back.Add((i - q, i));
                        }
                    }

                    Require(forth.SetEquals(back) && table.Pairs == forth.Count, axis, length, 0);
                }
            }
        }
    }

    private static void Each(bool causal, Action<NeighborhoodAxis, int, AxisIntervals> check)
    {
        for (int length = 1; length <= Longest; length++)
        {
            for (int w = 1; w <= length; w++)
            {
                for (int s = 1; s <= w; s++)
                {
                    NeighborhoodAxis axis = new(w, s, 1, causal);
                    check(axis, length, Lowerings.Line(axis, length));
                }
            }
        }
    }

    private static void Require(bool holds, NeighborhoodAxis axis, int length, int index)
    {
        if (!holds)
        {
            Assert.Fail($"window {axis}, length {length}, index {index}");
        }
    }
}
