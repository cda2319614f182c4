namespace NativeAttention.Tests.Problem;

/// <summary>What each mask means, against its definition, for every pair of small indices and offset.</summary>
public class AttentionMaskTests
{
    private static readonly int[] Widths = [0, 1, 3, 40];

    [Test]
    public void Windows_see_what_lies_within_their_widths_of_the_diagonal()
    {
        foreach (int left in Widths)
        {
            foreach (int right in Widths)
            {
                Check(AttentionMask.Window(left, right), (i, j, o) => j >= i + o - left && j <= i + o + right);
                Check(AttentionMask.Window(left, null), (i, j, o) => j >= i + o - left);
                Check(AttentionMask.Window(null, right), (i, j, o) => j <= i + o + right);
            }
        }

        Check(AttentionMask.Window(null, null), (_, _, _) => true);
    }

    [Test]
    public void Causal_masks_see_up_to_the_diagonal()
    {
        Check(AttentionMask.Causal, (i, j, o) => j <= i + o);
        Check(AttentionMask.None, (_, _, _) => true);
        Assert.Multiple(() =>
        {
            Assert.That(Offset(AttentionMask.Causal, null), Is.EqualTo(4));
            Assert.That(Offset(AttentionMask.CausalTopLeft, null), Is.Zero);
            Assert.That(Offset(AttentionMask.CausalTopLeft.WithPrefix(2), null), Is.Zero);
            Assert.That(Offset(AttentionMask.Causal, -7), Is.EqualTo(-7));
        });

        static long Offset(AttentionMask mask, int? given) => AttentionProblem.Create(ElementType.Float32,
            new(1, 3, 7, 1, 1, 8), new() { Mask = mask, DiagonalOffset = given }).DiagonalOffset(3, 7);
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(5)]
    [TestCase(40)]
    public void A_prefix_is_seen_by_all_and_sink_tokens_by_those_after_them(int keys)
    {
        Check(AttentionMask.Causal.WithPrefix(keys), (i, j, o) => j <= i + o || j < keys);
        Check(AttentionMask.Window(2, 0).WithPrefix(keys),
            (i, j, o) => (j >= i + o - 2 && j <= i + o) || j < keys);
        Check(AttentionMask.Window(2, 0).WithSinkTokens(keys),
            (i, j, o) => j <= i + o && (j >= i + o - 2 || j < keys));
        Check(AttentionMask.Window(2, null).WithSinkTokens(keys), (i, j, o) => j >= i + o - 2 || j < keys);
    }

    [Test]
    public void Wrong_masks_are_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => AttentionMask.Window(-1, 0), Throws.TypeOf<ArgumentOutOfRangeException>()
                .With.Message.StartsWith("The window reaches -1 keys to the left: it must be 0 or more"));
            Assert.That(() => AttentionMask.Window(null, -4), Throws.TypeOf<ArgumentOutOfRangeException>()
                .With.Message.StartsWith("The window reaches -4 keys to the right"));
            Assert.That(() => AttentionMask.None.WithPrefix(-1),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("keys"));
            Assert.That(() => AttentionMask.Causal.WithPrefix(3).WithSinkTokens(1),
                Throws.InvalidOperationException.With.Message.Contains("has a prefix already"));
        });
    }

    private static void Check(AttentionMask mask, Func<int, int, int, bool> sees)
    {
        foreach (int offset in new[] { -5, 0, 1, 9 })
        {
            KeyVisibility lowered = mask.Lower(offset);
            for (int i = 0; i < 12; i++)
            {
                for (int j = 0; j < 24; j++)
                {
                    Assert.That(lowered.Sees(i, j), Is.EqualTo(sees(i, j, offset)),
                        $"{mask} offset {offset} query {i} key {j}");
                }
            }
        }
    }
}
