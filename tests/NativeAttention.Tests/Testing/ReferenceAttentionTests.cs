using NativeAttention.Testing;

namespace NativeAttention.Tests.Testing;

/// <summary>The yardstick itself, held against numbers worked out by hand.</summary>
public class ReferenceAttentionTests
{
    // One query [1, 0] against keys [2, 0] and [0, 5], scale 1/2: scores 1 and 0, weights e/(e+1) and
    // 1/(e+1).
    [Test]
    public void Two_keys_by_hand()
    {
        AttentionShape shape = new(1, 1, 2, 1, 1, 2);
        AttentionReference result = ReferenceAttention.Compute(shape, (_, _) => true, 0.5,
            [1, 0], [2, 0, 0, 5], [10, 20, 30, 40]);
        double p = Math.E / (Math.E + 1);
        Assert.Multiple(() =>
        {
            Assert.That(result.Output[0], Is.EqualTo((p * 10) + ((1 - p) * 30)).Within(1e-14));
            Assert.That(result.Output[1], Is.EqualTo((p * 20) + ((1 - p) * 40)).Within(1e-14));
            Assert.That(result.Lse[0], Is.EqualTo(Math.Log(Math.E + 1)).Within(1e-15));
            Assert.That(result.ScoreMagnitude, Is.EqualTo(1));
        });
    }

    [Test]
    public void Causal_aligns_at_the_bottom_right_and_rows_without_keys_are_zero()
    {
        AttentionShape shape = new(1, 3, 2, 1, 1, 1);
        AttentionReference result = ReferenceAttention.Compute(shape,
            ReferenceAttention.Visible(AttentionMask.Causal, shape), 1, [1, 1, 1], [0, 0], [3, 5]);
        Assert.Multiple(() =>
        {
            Assert.That(result.Output, Is.EqualTo(new[] { 0.0, 3, 4 }));
            Assert.That(result.Lse, Is.EqualTo(new[] { double.NegativeInfinity, 0, Math.Log(2) }));
            Assert.That(result.HasKeys, Is.EqualTo(new[] { false, true, true }));
        });
    }

    [Test]
    public void Query_heads_share_key_heads_in_consecutive_groups()
    {
        AttentionShape shape = new(1, 1, 1, 4, 2, 1);
        AttentionReference result = ReferenceAttention.Compute(shape, (_, _) => true, 1,
            [1, 1, 1, 1], [1, 1], [7, 9]);
        Assert.That(result.Output, Is.EqualTo(new[] { 7.0, 7, 9, 9 }));
    }

    [Test]
    public void A_nan_query_spoils_its_own_row_only()
    {
        AttentionShape shape = new(1, 2, 2, 1, 1, 1);
        AttentionReference result = ReferenceAttention.Compute(shape, (_, _) => true, 1,
            [double.NaN, 0], [1, 2], [3, 5]);
        Assert.Multiple(() =>
        {
            Assert.That(result.Output[0], Is.NaN);
            Assert.That(result.Lse[0], Is.NaN);
            Assert.That(result.Output[1], Is.EqualTo(4));
        });
    }

    [TestCase(ElementType.Float32)]
    [TestCase(ElementType.Float16)]
    [TestCase(ElementType.BFloat16)]
    public void The_dense_yardstick_passes_its_own_bound_on_the_whole_grid(ElementType type)
    {
        int cases = 0;
        foreach (AttentionCase c in AttentionGrid.All(type, maxWork: 2_000_000))
        {
            var (query, key, value, _) = TensorView.Of(c.Shape, c.Options.Layout);
            cases++;
            switch (type)
            {
                case ElementType.Float32: Check(c, c.Allocate<float>(), query, key, value); break;
                case ElementType.Float16: Check(c, c.Allocate<Half>(), query, key, value); break;
                default: Check(c, c.Allocate<BFloat16>(), query, key, value); break;
            }
        }

        Assert.That(cases, Is.GreaterThan(100));
    }

    [Test]
    public void The_check_names_the_worst_element_and_the_case()
    {
        AttentionCase c = new(ElementType.Float32, new(1, 4, 5, 2, 1, 3), seed: 42);
        AttentionBuffers<float> buffers = Solved(c);
        buffers.Output[7] += 0.25f; // row 1, head 0, dim 1 of [1, 4, 2, 3]
        Assert.That(() => c.Check(buffers), Throws.TypeOf<AttentionMismatchException>().With.Message
            .Contains("output is wrong in 1 of 24").And.Message.Contains("[batch 0, head 0, row 1, dim 1]")
            .And.Message.Contains("Sq4 Sk5 H2-1 D3-3").And.Message.Contains("seed 42"));
    }

    [Test]
    public void The_check_finds_unwritten_elements_writes_to_gaps_and_a_wrong_lse()
    {
        AttentionCase c = new(ElementType.Float32, new(1, 4, 5, 2, 1, 3));
        AttentionBuffers<float> unwritten = Solved(c), gap = Solved(c), lse = Solved(c);
        unwritten.Output[3] = Elements.Poison<float>();
        gap.Output[24] = 0;
        lse.Lse[5] += 1e-4f;
        Assert.Multiple(() =>
        {
            Assert.That(() => c.Check(unwritten),
                Throws.Exception.With.Message.Contains("offset 3 was never written"));
            Assert.That(() => c.Check(gap),
                Throws.Exception.With.Message.Contains("offset 24 belongs to no element"));
            Assert.That(() => c.Check(lse), Throws.Exception.With.Message.Contains("lse is wrong in 1 of 8"));
        });
    }

    [Test]
    public void The_check_insists_on_exact_zero_for_rows_without_keys()
    {
        AttentionCase c = new(ElementType.Float32, new(1, 2, 1, 1, 1, 2), AttentionOptions.Causal);
        AttentionBuffers<float> buffers = Solved(c);
        buffers.Output[1] = 1e-7f;
        Assert.That(() => c.Check(buffers), Throws.Exception.With.Message.Contains("sees no key"));
    }

    [Test]
    public void Guarded_memory_is_usable_to_both_ends()
    {
        foreach (GuardSide side in Enum.GetValues<GuardSide>())
        {
            using GuardedMemory<Half> memory = GuardedMemory.Copy<Half>([(Half)1, (Half)2, (Half)3], side);
            memory.Span[2] = (Half)5;
            Assert.That(memory.Span.ToArray(), Is.EqualTo(new[] { (Half)1, (Half)2, (Half)5 }));
        }
    }

    private static AttentionBuffers<float> Solved(AttentionCase c)
    {
        AttentionBuffers<float> buffers = c.Allocate<float>();
        TensorView.Of(c.Shape, c.Options.Layout).Output.Scatter<float>(c.Reference.Output, buffers.Output);
        for (int i = 0; i < buffers.Lse.Length; i++)
        {
            buffers.Lse[i] = (float)c.Reference.Lse[i];
        }

        c.Check(buffers);
        return buffers;
    }

    private static void Check<T>(AttentionCase c, AttentionBuffers<T> buffers, TensorView q, TensorView k,
        TensorView v)
        where T : unmanaged
    {
        float scale = c.Options.Scale ?? (float)(1.0 / Math.Sqrt(c.Shape.HeadDim));
        (double[] output, double[] lse) = DenseAttention.Compute(c.ElementType, c.Shape,
            ReferenceAttention.Visible(c.Options.Mask, c.Shape), scale, q.Gather<T>(buffers.Query),
            k.Gather<T>(buffers.Key), v.Gather<T>(buffers.Value));
        TensorView.Of(c.Shape, c.Options.Layout).Output.Scatter<T>(output, buffers.Output);
        c.Check<T>(buffers.Output, Array.ConvertAll(lse, x => (float)x));
    }
}
