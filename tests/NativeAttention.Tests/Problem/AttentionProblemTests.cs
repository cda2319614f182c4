namespace NativeAttention.Tests.Problem;

/// <summary>Every rule of a problem has a test of its message.</summary>
public class AttentionProblemTests
{
    private static readonly AttentionShape Good = new(2, 3, 5, 4, 2, 8, 6);

    private static IEnumerable<TestCaseData> WrongLengths()
    {
        yield return new(Good with { Batch = -1 }, "Batch is -1: it must be 0 or more.");
        yield return new(Good with { QueryLength = -2 }, "QueryLength is -2: it must be 0 or more.");
        yield return new(Good with { KeyLength = int.MinValue },
            "KeyLength is -2147483648: it must be 0 or more.");
        yield return new(Good with { QueryHeads = 0 }, "QueryHeads is 0: it must be 1 or more.");
        yield return new(Good with { KeyValueHeads = 0 }, "KeyValueHeads is 0: it must be 1 or more.");
        yield return new(Good with { HeadDim = 0 }, "HeadDim is 0: it must be 1 or more.");
        yield return new(Good with { ValueHeadDim = -8 }, "ValueHeadDim is -8: it must be 1 or more.");
    }

    [TestCaseSource(nameof(WrongLengths))]
    public void Lengths_out_of_range(AttentionShape shape, string message) =>
        Assert.That(() => Create(shape), Throws.TypeOf<ArgumentOutOfRangeException>()
            .With.Message.StartsWith(message).And.Property("ParamName").EqualTo("shape"));

    [Test]
    public void Query_heads_must_be_a_multiple_of_key_value_heads() =>
        Assert.That(() => Create(Good with { QueryHeads = 3 }),
            Throws.ArgumentException.With.Message.StartsWith(
            "QueryHeads is 3: it must be a multiple of KeyValueHeads, which is 2."));

    [TestCase(float.NaN, "Scale is NaN: it must be finite")]
    [TestCase(float.PositiveInfinity, "Scale is Infinity: it must be finite")]
    [TestCase(float.NegativeInfinity, "Scale is -Infinity: it must be finite")]
    public void Scale_must_be_finite(float scale, string message) =>
        Assert.That(() => Create(Good, new() { Scale = scale }),
            Throws.ArgumentException.With.Message.StartsWith(message).And.Property("ParamName").EqualTo(
            "options"));

    [TestCase(0f)]
    [TestCase(-3f)]
    public void Zero_and_negative_scales_are_values(float scale) =>
        Assert.That(Create(Good, new() { Scale = scale }).Scale, Is.EqualTo(scale));

    [Test]
    public void The_default_scale_is_one_over_the_root_of_the_head_dim() =>
        Assert.That(Create(Good).Scale, Is.EqualTo((float)(1 / Math.Sqrt(8))));

    [Test]
    public void Options_and_their_members_must_not_be_null()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => Create(Good, null!), Throws.ArgumentNullException);
            Assert.That(() => Create(Good, new() { Mask = null! }), Throws.ArgumentException.With.Message
                .StartsWith("Mask is null: leave it out for its default."));
            Assert.That(() => Create(Good, new() { Layout = null! }), Throws.ArgumentException.With.Message
                .StartsWith("Layout is null: leave it out for its default."));
            Assert.That(() => Create(Good, new() { Tuning = null! }), Throws.ArgumentException.With.Message
                .StartsWith("Tuning is null: leave it out for its default."));
        });
    }

    [Test]
    public void At_least_one_thread() =>
        Assert.That(() => Create(Good, new() { Tuning = new() { MaxThreads = 0 } }), Throws.ArgumentException
            .With.Message.StartsWith("MaxThreads is 0: it must be 1 or more"));

    [Test]
    public void The_element_type_must_be_one() =>
        Assert.That(() => AttentionProblem.Create((ElementType)7, Good, AttentionOptions.Default),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains(
            "Float32, Float16 and BFloat16"));

    [Test]
    public void Strides_must_not_be_negative()
    {
        string[] names = ["query", "key", "value", "output"];
        for (int i = 0; i < names.Length; i++)
        {
            TensorStrides[] strides = DenseStrides();
            strides[i] = strides[i] with { Head = -8 };
            Assert.That(() => Create(Good, Strided(strides)),
                Throws.ArgumentException.With.Message.StartsWith(
                $"The {names[i]} strides {strides[i]} must not be negative."));
        }
    }

    [Test]
    public void Inputs_may_repeat_but_the_output_may_not()
    {
        TensorStrides[] strides = DenseStrides();
        strides[0] = strides[1] = strides[2] = default;
        Assert.That(() => Create(Good, Strided(strides)), Throws.Nothing);
        strides[3] = strides[3] with { Batch = 0 };
        Assert.That(() => Create(Good, Strided(strides)), Throws.ArgumentException.With.Message.StartsWith(
            $"The output strides {strides[3]} let two elements share an address: they differ by ")
            .And.Message.Contains("Every output element must have an address of its own."));
    }

    [Test]
    public void An_output_stride_below_the_head_dim_overlaps_vectors()
    {
        TensorStrides[] strides = DenseStrides();
        strides[3] = new TensorStrides(1000, 24, 5); // vectors of 6
        Assert.That(() => Create(Good, Strided(strides)),
            Throws.ArgumentException.With.Message.Contains("share an address"));
        strides[3] = new TensorStrides(1000, 24, 6);
        Assert.That(() => Create(Good, Strided(strides)), Throws.Nothing);
    }

    [Test]
    public void Outputs_woven_into_each_other_are_fine_while_they_stay_apart()
    {
        TensorStrides[] strides = DenseStrides();
        AttentionShape shape = new(1, 3, 5, 2, 2, 8, 2);
        strides[3] = new TensorStrides(0, 4, 6); // offsets 0 4 8 and 6 10 14, vectors of 2
        Assert.That(() => Create(shape, Strided(strides)), Throws.Nothing);
        strides[3] = new TensorStrides(0, 4, 8);
        Assert.That(() => Create(shape, Strided(strides)),
            Throws.ArgumentException.With.Message.Contains("share an address"));
    }

    // Pure arithmetic: nothing of this size is allocated.
    [Test]
    public void Offsets_beyond_31_bits_are_computed_in_64()
    {
        AttentionShape large = new(64, 1 << 20, 1 << 20, 128, 8, 128, 64);
        AttentionProblem problem = Create(large, new() { Layout = AttentionLayout.Bhsd });
        Assert.Multiple(() =>
        {
            Assert.That(problem.QueryStorageLength, Is.EqualTo(1L << (6 + 20 + 7 + 7)));
            Assert.That(problem.KeyStorageLength, Is.EqualTo(1L << (6 + 20 + 3 + 7)));
            Assert.That(problem.ValueStorageLength, Is.EqualTo(1L << (6 + 20 + 3 + 6)));
            Assert.That(problem.OutputStorageLength, Is.EqualTo(1L << (6 + 20 + 7 + 6)));
            Assert.That(problem.LseLength, Is.EqualTo(1L << (6 + 20 + 7)));
            Assert.That(problem.Strides.Query, Is.EqualTo(new TensorStrides(1L << 34, 1L << 7, 1L << 27)));
        });
    }

    [Test]
    public void Sizes_beyond_63_bits_are_refused()
    {
        AttentionShape shape = new(int.MaxValue, int.MaxValue, 1, 1, 1, 2);
        Assert.That(() => Create(shape), Throws.ArgumentException.With.Message.StartsWith(
            "The query tensor of 2147483647 x 2147483647 x 1 x 2 elements of 4 bytes has 36893488113059364872 bytes: "
            + "at most 9223372036854775807 can be addressed."));
        Assert.That(() => Create(new(0, int.MaxValue, 1, int.MaxValue, 1, int.MaxValue)),
            Throws.ArgumentException.With.Message.StartsWith("The query tensor of 0 x"));
    }

    [Test]
    public void Strides_beyond_63_bits_are_refused()
    {
        TensorStrides[] strides = DenseStrides();
        strides[1] = strides[1] with { Sequence = long.MaxValue / 8 };
        Assert.That(() => Create(Good, Strided(strides)), Throws.ArgumentException.With.Message.StartsWith(
            $"The key strides {strides[1]} reach offset ").And.Message.Contains(
                "offsets must stay below 2^63 bytes"));
    }

    [Test]
    public void Empty_batch_queries_and_keys_are_valid()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Create(Good with { Batch = 0 }).OutputStorageLength, Is.Zero);
            Assert.That(Create(Good with { QueryLength = 0 }).LseLength, Is.Zero);
            Assert.That(Create(Good with { KeyLength = 0 }).KeyStorageLength, Is.Zero);
            Assert.That(Create(Good with { KeyLength = 0 }).OutputStorageLength, Is.EqualTo(2 * 3 * 4 * 6));
        });
    }

    [Test]
    public void Layouts_resolve_to_their_strides()
    {
        LayoutStrides bshd = Create(Good).Strides;
        LayoutStrides bhsd = Create(Good, new() { Layout = AttentionLayout.Bhsd }).Strides;
        Assert.Multiple(() =>
        {
            Assert.That(bshd.Query, Is.EqualTo(new TensorStrides(3 * 4 * 8, 4 * 8, 8)));
            Assert.That(bshd.Key, Is.EqualTo(new TensorStrides(5 * 2 * 8, 2 * 8, 8)));
            Assert.That(bshd.Value, Is.EqualTo(new TensorStrides(5 * 2 * 6, 2 * 6, 6)));
            Assert.That(bshd.Output, Is.EqualTo(new TensorStrides(3 * 4 * 6, 4 * 6, 6)));
            Assert.That(bhsd.Query, Is.EqualTo(new TensorStrides(3 * 4 * 8, 8, 3 * 8)));
            Assert.That(bhsd.Output, Is.EqualTo(new TensorStrides(3 * 4 * 6, 6, 3 * 6)));
        });
    }

    private static AttentionProblem Create(AttentionShape shape, AttentionOptions options) =>
        AttentionProblem.Create(ElementType.Float32, shape, options);

    private static AttentionProblem Create(AttentionShape shape) => Create(shape, AttentionOptions.Default);

    private static TensorStrides[] DenseStrides()
    {
        LayoutStrides s = AttentionLayout.Bshd.Resolve(Good);
        return [s.Query, s.Key, s.Value, s.Output];
    }

    private static AttentionOptions Strided(TensorStrides[] s) =>
        new() { Layout = AttentionLayout.Strided(s[0], s[1], s[2], s[3]) };
}
