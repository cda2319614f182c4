using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>Examples worked out by hand; truths on random problems are in Properties.</summary>
[TestFixture("reference")]
[TestFixture("tiled")]
[TestFixture("decode")]
public class AttentionInvariantsTests(string rung)
{
    private const float Tolerance = 2e-6f;
    private readonly AttentionRuntime runtime = new([CpuBackend.Default]);

    [OneTimeTearDown]
    public void Close() => runtime.Dispose();

    // Scores 1 and 0 (scale 1/2): weights e/(e+1) and 1/(e+1).
    [Test]
    public void Two_keys_by_hand()
    {
        (float[] o, float[] lse) = Attend(new(1, 1, 2, 1, 1, 2), [1, 0], [2, 0, 0, 5], [10, 20, 30, 40],
            new() { Scale = 0.5f });
        double p = Math.E / (Math.E + 1);
        Assert.Multiple(() =>
        {
            Assert.That(o[0], Is.EqualTo((10 * p) + (30 * (1 - p))).Within(1e-5));
            Assert.That(o[1], Is.EqualTo((20 * p) + (40 * (1 - p))).Within(1e-5));
            Assert.That(lse[0], Is.EqualTo(Math.Log(Math.E + 1)).Within(1e-6));
        });
    }

    [Test]
    public void Scale_zero_averages_the_values()
    {
        (float[] o, float[] lse) =
            Attend(new(1, 1, 4, 1, 1, 1), [3], [1, 2, 3, 4], [1, 2, 3, 10], new() { Scale = 0 });
        Assert.That(o[0], Is.EqualTo(4).Within(1e-6));
        Assert.That(lse[0], Is.EqualTo(Math.Log(4)).Within(1e-6));
    }

    [Test]
    public void A_negative_scale_prefers_the_least_similar_key()
    {
        (float[] o, _) = Attend(new(1, 1, 2, 1, 1, 1), [1], [-50, 50], [7, 9], new() { Scale = -2 });
        Assert.That(o[0], Is.EqualTo(7).Within(1e-5));
    }

    // Three queries, two keys: bottom right leaves the first row empty, top left lets the last two see both.
    [Test]
    public void Both_causal_alignments_by_hand()
    {
        AttentionShape shape = new(1, 3, 2, 1, 1, 1);
        (float[] bottom, float[] lse) = Attend(shape, [1, 1, 1], [0, 0], [3, 5], AttentionOptions.Causal);
        (float[] top, _) = Attend(shape, [1, 1, 1], [0, 0], [3, 5],
            new() { Mask = AttentionMask.CausalTopLeft });
        Assert.Multiple(() =>
        {
            Assert.That(bottom, Is.EqualTo(new[] { 0f, 3, 4 }).Within(Tolerance));
            Assert.That(bottom[0], Is.Zero);
            Assert.That(lse[0], Is.EqualTo(float.NegativeInfinity));
            Assert.That(lse[2], Is.EqualTo(Math.Log(2)).Within(Tolerance));
            Assert.That(top, Is.EqualTo(new[] { 3f, 4, 4 }).Within(Tolerance));
        });
    }

    [Test]
    public void No_keys_give_zero_and_minus_infinity()
    {
        (float[] o, float[] lse) = Attend(new(2, 3, 0, 2, 1, 4), Random(48, 1), [], []);
        Assert.That(o, Is.All.Zero);
        Assert.That(lse, Is.All.EqualTo(float.NegativeInfinity));
    }

    [TestCase(0, 3)]
    [TestCase(2, 0)]
    public void Nothing_to_compute_is_valid(int batch, int queries)
    {
        (float[] o, float[] lse) = Attend(new(batch, queries, 5, 2, 1, 4), [], Random(batch * 20, 1),
            Random(batch * 20, 2));
        Assert.That((o.Length, lse.Length), Is.EqualTo((0, 0)));
    }

    [Test]
    public void Adding_the_same_to_every_score_of_a_row_changes_the_lse_alone()
    {
        const int dim = 3;
        AttentionShape shape = new(1, 5, 40, 1, 1, dim);
        float[] q = Random(5 * dim, 1), k = Random(40 * dim, 2), v = Random(40 * dim, 3);
        for (int i = 0; i < 5; i++)
        {
            q[i * dim] = 1;
        }

        (float[] before, float[] lse) = Attend(shape, q, k, v, new() { Scale = 1 });
        for (int j = 0; j < 40; j++)
        {
            k[j * dim] += 8; // adds 8 * 1 to every score
        }

        (float[] after, float[] lseAfter) = Attend(shape, q, k, v, new() { Scale = 1 });
        Assert.That(after, Is.EqualTo(before).Within(1e-5));
        Assert.That(lseAfter.Select(x => x - 8), Is.EqualTo(lse).Within(1e-5));
    }

    [Test]
    public void Two_runs_give_the_same_bits()
    {
        AttentionShape shape = new(2, 130, 257, 4, 4, 33);
        float[] q = Random(2 * 130 * 4 * 33, 1), k = Random(2 * 257 * 4 * 33, 2),
            v = Random(2 * 257 * 4 * 33, 3);
        (float[] first, _) = Attend(shape, q, k, v);
        (float[] second, _) = Attend(shape, q, k, v);
        Assert.That(second, Is.EqualTo(first));
    }

    private (float[] Output, float[] Lse) Attend(AttentionShape shape, float[] q, float[] k, float[] v,
        AttentionOptions? options = null)
    {
        float[] output = new float[shape.Batch * shape.QueryLength * shape.QueryHeads * shape.ValueHeadDim];
        float[] lse = new float[shape.Batch * shape.QueryHeads * shape.QueryLength];
        Array.Fill(output, Elements.Poison<float>());
        Array.Fill(lse, Elements.Poison<float>());
        runtime.Attend<float>(q, k, v, output, shape,
            (options ?? AttentionOptions.Default) with { Tuning = new() { Rung = rung } }, lse);
        return (output, lse);
    }

    private static float[] Random(int count, int seed) =>
        Array.ConvertAll(RandomTensor.Normal(ElementType.Float32, count, seed), x => (float)x);
}
