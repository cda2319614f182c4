using System.Numerics.Tensors;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Merge;

/// <summary>Merging on the host: against float64, by hand, and what it refuses.</summary>
public class AttentionMergeTests
{
    private const float None = float.NegativeInfinity;

    public static IEnumerable<object[]> Cases()
    {
        int seed = Random.Shared.Next();
        yield return [new MergeCase(2, 2, 5, 3, 64, false, seed)];
        yield return [new MergeCase(3, 1, 37, 2, 37, true, seed + 1, padding: 5, offset: 3)];
        yield return [new MergeCase(7, 3, 1, 4, 1, false, seed + 2)];
        yield return [new MergeCase(1, 2, 9, 1, 300, false, seed + 3)];
        yield return [new MergeCase(70, 1, 3, 2, 513, true, seed + 4, padding: 1)];
        yield return [new MergeCase(4, 0, 3, 2, 8, false, seed + 5)];
        yield return [new MergeCase(4, 2, 0, 2, 8, true, seed + 6)];
    }

    [TestCaseSource(nameof(Cases))]
    public void It_agrees_with_float64(MergeCase test)
    {
        TestContext.Out.WriteLine(test);
        Check<float, float>(test);
        Check<float, Half>(test);
        Check<Half, Half>(test);
        Check<float, BFloat16>(test);
        Check<BFloat16, BFloat16>(test);
    }

    // Equal weights; weights 1/4 and 3/4; an empty part; both empty.
    [Test]
    public void Two_parts_by_hand()
    {
        float[] first = [2, 2, 2, float.NaN], second = [4, 6, float.NaN, float.NaN];
        float ln3 = MathF.Log(3);
        float[] firstLse = [1, 0, 5, None], secondLse = [1, ln3, None, None];
        (float[] o, float[] lse) = Pair(first, firstLse, second, secondLse);
        Assert.That(o, Is.EqualTo(new[] { 3f, 5, 2, 0 }).Within(1e-6f));
        Assert.That(lse, Is.EqualTo(new[] { 1 + MathF.Log(2), MathF.Log(4), 5, None }).Within(1e-6f));
        Assert.That((o[2], lse[2]), Is.EqualTo((2f, 5f)), "an empty part changes no bit");
    }

    [TestCase(1e30f, -1e30f, 2f, 1e30f)]
    [TestCase(-1e30f, -1e30f, 3f, -1e30f)]
    [TestCase(3e38f, 0f, 2f, 3e38f)]
    public void Huge_log_sum_exps_do_not_overflow(float l1, float l2, float output, float lse)
    {
        (float[] o, float[] l) = Pair([2], [l1], [4], [l2]);
        Assert.That((o[0], l[0]), Is.EqualTo((output, lse)));
    }

    [TestCase(float.NaN, 0f)]
    [TestCase(0f, float.NaN)]
    [TestCase(float.NaN, float.NaN)]
    [TestCase(float.NaN, None)]
    [TestCase(None, float.NaN)]
    [TestCase(float.PositiveInfinity, 0f)]
    public void What_is_no_number_stays_in_its_row(float l1, float l2)
    {
        (float[] o, float[] lse) = Pair([1, 1, 1], [0, l1, 0], [3, 3, 3], [0, l2, None]);
        Assert.That(o, Is.EqualTo(new[] { 2f, float.NaN, 1 }));
        Assert.That(lse, Is.EqualTo(new[] { MathF.Log(2), float.NaN, 0 }).Within(1e-6f));
    }

    [Test]
    public void A_nan_of_a_part_that_counts_is_seen()
    {
        (float[] o, float[] lse) = Pair([float.NaN, 1], [0, 0], [1, 1], [0, 0]);
        Assert.That(o, Is.EqualTo(new[] { float.NaN, 1f }));
        Assert.That(lse, Is.All.EqualTo(MathF.Log(2)).Within(1e-6f));
    }

    [Test]
    public void The_result_may_take_the_place_of_the_first_part()
    {
        float[] running = [1, 2, 3, 4], runningLse = [0, 1];
        float[] second = [5, 6, 7, 8], secondLse = [2, None];
        (float[] o, float[] lse) = Pair(running, runningLse, second, secondLse);
        AttentionMerge.MergePair<float, float>(Tensor(running, 2), Lse(runningLse), Tensor(second, 2),
            Lse(secondLse), Tensor(running, 2), Lse(runningLse));
        Assert.That(running, Is.EqualTo(o));
        Assert.That(runningLse, Is.EqualTo(lse));
    }

    [Test]
    public void Part_0_of_a_stack_may_be_the_result_too()
    {
        float[] stack = [1, 2, 5, 6, 3, 9], lses = [0, 2, 1];
        float[] o = new float[2], lse = new float[1];
        AttentionMerge.Merge<float, float>(new ReadOnlyTensorSpan<float>(stack, [3, 1, 1, 1, 2]),
            new ReadOnlyTensorSpan<float>(lses, [3, 1, 1, 1]), Tensor(o, 1), Lse(lse));
        AttentionMerge.Merge<float, float>(new ReadOnlyTensorSpan<float>(stack, [3, 1, 1, 1, 2]),
            new ReadOnlyTensorSpan<float>(lses, [3, 1, 1, 1]), Tensor(stack.AsSpan(0, 2), 1),
            Lse(lses.AsSpan(0, 1)));
        Assert.That(stack, Is.EqualTo(new[] { o[0], o[1], 5, 6, 3, 9 }));
        Assert.That(lses, Is.EqualTo(new[] { lse[0], 2, 1 }));
    }

    [Test]
    public void Neither_order_nor_grouping_matters_but_for_rounding()
    {
        int seed = Random.Shared.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        float[] a = Normal(200, seed), b = Normal(200, seed + 1), c = Normal(200, seed + 2);
        float[] la = Normal(200, seed + 3), lb = Normal(200, seed + 4), lc = Normal(200, seed + 5);
        (float[] ab, float[] lab) = Pair(a, la, b, lb);
        (float[] ba, float[] lba) = Pair(b, lb, a, la);
        (float[] left, float[] lLeft) = Pair(ab, lab, c, lc);
        (float[] bc, float[] lbc) = Pair(b, lb, c, lc);
        (float[] right, float[] lRight) = Pair(a, la, bc, lbc);
        Assert.That(ba, Is.EqualTo(ab).Within(1e-6f));
        Assert.That(lba, Is.EqualTo(lab).Within(1e-6f));
        Assert.That(right, Is.EqualTo(left).Within(1e-6f));
        Assert.That(lRight, Is.EqualTo(lLeft).Within(1e-6f));
    }

    // The reason to have it: any cut of the keys, with empty pieces, gives the attention over all of them.
    [Test]
    public void Splitting_the_keys_and_merging_is_the_whole([Range(0, 19)] int round)
    {
        int seed = Random.Shared.Next();
        Random random = new(seed);
        AttentionShape shape = new(random.Next(1, 4), random.Next(1, 40), random.Next(0, 150), 4,
            random.Next(2) == 0 ? 4 : 2, random.Next(1, 70), random.Next(1, 70));
        int parts = random.Next(2, 6);
        TestContext.Out.WriteLine($"round {round}: {shape} in {parts} parts, seed {seed}");
        float[] q = Normal(shape.Batch * shape.QueryLength * shape.QueryHeads * shape.HeadDim, seed);
        float[] k = Normal(shape.Batch * shape.KeyLength * shape.KeyValueHeads * shape.HeadDim, seed + 1);
        float[] v = Normal(shape.Batch * shape.KeyLength * shape.KeyValueHeads * shape.ValueHeadDim,
            seed + 2);
        (float[] whole, float[] wholeLse) = Attend(shape, q, k, v, 0, shape.KeyLength);

        int[] cuts = [0, .. Enumerable.Range(1, parts - 1).Select(_ =>
            random.Next(shape.KeyLength + 1)).Order(),
            shape.KeyLength];
        var pieces = Enumerable.Range(0, parts).Select(p =>
            Attend(shape, q, k, v, cuts[p], cuts[p + 1])).ToArray();
        float[] merged = new float[whole.Length], lse = new float[wholeLse.Length];
        int b = shape.Batch, s = shape.QueryLength, h = shape.QueryHeads;
        AttentionMerge.Merge<float, float>(
            new ReadOnlyTensorSpan<float>([.. pieces.SelectMany(p => p.Output)],
            [parts, b, s, h, shape.ValueHeadDim]),
            new ReadOnlyTensorSpan<float>([.. pieces.SelectMany(p => p.Lse)], [parts, b, h, s]),
            new TensorSpan<float>(merged, [b, s, h, shape.ValueHeadDim]),
            new TensorSpan<float>(lse, [b, h, s]));
        Assert.That(merged, Is.EqualTo(whole).Within(5e-6f));
        Assert.That(lse, Is.EqualTo(wholeLse).Within(5e-6f));
    }

    [Test]
    public void Tensors_that_disagree_are_refused_by_name()
    {
        float[] x = new float[64], o = Poison(16), l = Poison(8);
        Assert.Multiple(() =>
        {
            Refuses("outputs", "has 4 axes: it must have 5, [parts, batch, sequence, heads, head dim]",
                () => Merge(x, [2, 2, 2, 4], [2, 1, 2, 2], [1, 2, 2, 4], o, l, [1, 2, 2]));
            Refuses("outputs", "has 0 parts: there must be 1 or more",
                () => Merge(x, [0, 1, 2, 2, 4], [0, 1, 2, 2], [1, 2, 2, 4], o, l, [1, 2, 2]));
            Refuses("lses", "is [2, 1, 2, 3]: it must be [2, 1, 2, 2], [parts, batch, heads, sequence]",
                () => Merge(x, [2, 1, 2, 2, 4], [2, 1, 2, 3], [1, 2, 2, 4], o, l, [1, 2, 2]));
            Refuses("output", "is batch 1, sequence 2, heads 4, head dim 2, but the outputs is 1, 2, 2, 4",
                () => Merge(x, [2, 1, 2, 2, 4], [2, 1, 2, 2], [1, 2, 4, 2], o, l, [1, 2, 2]));
            Refuses("lse", "is [2, 1, 2]: it must be [1, 2, 2], [batch, heads, sequence]",
                () => Merge(x, [2, 1, 2, 2, 4], [2, 1, 2, 2], [1, 2, 2, 4], o, l, [2, 1, 2]));
            Refuses("layout", "The layout is strided: tensors with axes need BSHD or BHSD",
                () => AttentionMerge.MergePair<float, float>(Tensor(x.AsSpan(0, 2), 2), Lse(x.AsSpan(0, 1)),
                    Tensor(x.AsSpan(2, 2), 2), Lse(x.AsSpan(1, 1)), Tensor(o.AsSpan(0, 2), 2), default,
                    AttentionLayout.Strided(default, default, default, default)));
        });
        Assert.That(o, Is.EqualTo(Poison(16)));
        Assert.That(l, Is.EqualTo(Poison(8)));
    }

    [Test]
    public void Strides_that_cannot_be_are_refused()
    {
        float[] x = new float[64], o = Poison(16);
        Assert.Multiple(() =>
        {
            Refuses("first", "has stride 2 along its last axis: it must be 1", () =>
                AttentionMerge.MergePair<float, float>(new ReadOnlyTensorSpan<float>(x, [1, 1, 1, 4],
                    [0, 0, 0, 2]), Lse(x.AsSpan(0, 1)), Tensor(x.AsSpan(0, 4), 4), Lse(x.AsSpan(0, 1)),
                    Tensor(o.AsSpan(0, 4), 4)));
            Refuses("secondLse", "has stride 2 along axis 2: [batch, heads, sequence] must be dense", () =>
                AttentionMerge.MergePair<float, float>(Tensor(x.AsSpan(0, 4), 2), Lse(x.AsSpan(0, 2)),
                    Tensor(x.AsSpan(0, 4), 2), new ReadOnlyTensorSpan<float>(x, [1, 1, 2], [0, 0, 2]),
                    Tensor(o.AsSpan(0, 4), 2)));
            Refuses("output", "share an address", () =>
                AttentionMerge.MergePair<float, float>(Tensor(x.AsSpan(0, 4), 2), Lse(x.AsSpan(0, 2)),
                    Tensor(x.AsSpan(0, 4), 2), Lse(x.AsSpan(0, 2)),
                    new TensorSpan<float>(o, [1, 2, 1, 2], [0, 0, 0, 1])));
        });
        Assert.That(o, Is.EqualTo(Poison(16)));
    }

    [TestCase("output", "first", 4, 50)]
    [TestCase("output", "second", 12, 50)]
    [TestCase("output", "firstLse", 20, 50)]
    [TestCase("output", "secondLse", 31, 50)]
    [TestCase("lse", "first", 40, 7)]
    [TestCase("lse", "second", 40, 9)]
    [TestCase("lse", "firstLse", 40, 20)]
    [TestCase("lse", "secondLse", 40, 31)]
    [TestCase("lse", "output", 40, 43)]
    public void Overlap_is_refused(string written, string other, int output, int lse)
    {
        float[] x = Poison(60); // first 0..8, second 8..16, firstLse 19..21, secondLse 30..32
        Refuses(written, $"The {written} overlaps the {other}: what is written must have", () =>
            AttentionMerge.MergePair<float, float>(Tensor(x.AsSpan(0, 8), 2), Lse(x.AsSpan(19, 2)),
                Tensor(x.AsSpan(8, 8), 2), Lse(x.AsSpan(30, 2)), Tensor(x.AsSpan(output, 8), 2),
                Lse(x.AsSpan(lse, 2))));
        Assert.That(x, Is.EqualTo(Poison(60)));
    }

    [Test]
    public void Types_that_cannot_be_merged_are_refused()
    {
        Assert.That(() => AttentionMerge.Merge<Half, float>(default, default, default),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("use float or System.Single"));
        Assert.That(() => AttentionMerge.Merge<BFloat16, Half>(default, default, default),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("use float or System.Half"));
        Assert.That(() => AttentionMerge.Merge<double, double>(default, default, default),
            Throws.TypeOf<NotSupportedException>());
    }

    private static void Check<TPart, T>(MergeCase test)
        where TPart : unmanaged
        where T : unmanaged
    {
        PaddedTensor<TPart> parts = test.MakeParts<TPart>();
        double[] values = parts.Values;
        nint[] lses = [parts.Lengths[0], .. test.LseLengths.Select(l => (nint)l)];
        float[] lse = Poison(test.Rows);
        PaddedTensor<T> output = test.MakeOutput<T>(), alone = test.MakeOutput<T>();
        AttentionMerge.Merge<TPart, T>(parts.Span, new ReadOnlyTensorSpan<float>(test.Lses, lses),
            output.Span,
            new TensorSpan<float>(lse, lses.AsSpan(1)), test.Layout);
        test.Check<TPart, T>(values, output, lse);
        AttentionMerge.Merge<TPart, T>(parts.Span, new ReadOnlyTensorSpan<float>(test.Lses, lses), alone.Span,
            layout: test.Layout);
        Assert.That(alone.Storage, Is.EqualTo(output.Storage), "without lse");
    }

    private static (float[] Output, float[] Lse) Pair(float[] first, float[] firstLse, float[] second,
        float[] secondLse)
    {
        float[] o = Poison(first.Length), lse = Poison(firstLse.Length);
        AttentionMerge.MergePair<float, float>(Tensor(first, firstLse.Length), Lse(firstLse),
            Tensor(second, firstLse.Length), Lse(secondLse), Tensor(o, firstLse.Length), Lse(lse));
        return (o, lse);
    }

    private static (float[] Output, float[] Lse) Attend(AttentionShape shape, float[] q, float[] k, float[] v,
        int from, int to)
    {
        AttentionShape part = shape with { KeyLength = to - from };
        float[] o = Poison(shape.Batch * shape.QueryLength * shape.QueryHeads * shape.ValueHeadDim);
        float[] lse = Poison(shape.Batch * shape.QueryLength * shape.QueryHeads);
        using HostAttentionPlan<float> plan = CpuBackend.Default.PlanHost<float>(
            AttentionProblem.Create(ElementType.Float32, part, AttentionOptions.Default));
        plan.Run(q, Keys(k, shape.HeadDim), Keys(v, shape.ValueHeadDim), o, lse);
        return (o, lse);

        float[] Keys(float[] all, int dim) => [.. Enumerable.Range(0, shape.Batch).SelectMany(b =>
            all.Skip(((b * shape.KeyLength) + from) * shape.KeyValueHeads * dim)
                .Take((to - from) * shape.KeyValueHeads * dim))];
    }

    private static void Merge(float[] outputs, nint[] lengths, nint[] lses, nint[] outputLengths,
        float[] output,
        float[] lse, nint[] lseLengths) => AttentionMerge.Merge<float, float>(
            new ReadOnlyTensorSpan<float>(outputs, lengths),
            new ReadOnlyTensorSpan<float>(new float[64], lses),
            new TensorSpan<float>(output, outputLengths), new TensorSpan<float>(lse, lseLengths));

    private static TensorSpan<float> Tensor(Span<float> values, int rows) =>
        new(values, [1, rows, 1, values.Length / rows]);

    private static TensorSpan<float> Lse(Span<float> values) => new(values, [1, 1, values.Length]);

    private static float[] Poison(int count)
    {
        float[] values = new float[count];
        Array.Fill(values, Elements.Poison<float>());
        return values;
    }

    private static float[] Normal(int count, int seed) =>
        [.. RandomTensor.Normal(ElementType.Float32, count, seed).Select(x => (float)x)];

    private static void Refuses(string argument, string message, Action call) => Assert.That(call,
        Throws.ArgumentException.With.Message.Contains(message).And.Property("ParamName").EqualTo(argument));
}
