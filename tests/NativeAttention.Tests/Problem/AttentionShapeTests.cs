namespace NativeAttention.Tests.Problem;

public class AttentionShapeTests
{
    private static readonly nint[] Query = [2, 3, 4, 8], Key = [2, 5, 2, 8], Value = [2, 5, 2, 6],
        Output = [2, 3, 4, 6];

    [Test]
    public void The_lengths_come_from_the_tensors()
    {
        AttentionShape expected = new(2, 3, 5, 4, 2, 8, 6);
        Assert.Multiple(() =>
        {
            Assert.That(AttentionShape.FromTensors(AttentionLayout.Bshd, Query, Key, Value, Output),
                Is.EqualTo(expected));
            Assert.That(AttentionShape.FromTensors(AttentionLayout.Bhsd, [2, 4, 3, 8], [2, 2, 5, 8],
                [2, 2, 5, 6]), Is.EqualTo(expected));
        });
    }

    private static IEnumerable<TestCaseData> Disagreements()
    {
        yield return Case("key", Key, 0,
            "The key has batch 9, but the query has batch 2: they must be the same.");
        yield return Case("value", Value, 0,
            "The value has batch 9, but the query has batch 2: they must be the same.");
        yield return Case("key", Key, 3, "The key has head dim 9, but the query has head dim 8");
        yield return Case("value", Value, 1, "The value has length 9, but the key has length 5");
        yield return Case("output", Output, 0, "The output has batch 9, but the query has batch 2");
        yield return Case("output", Output, 1, "The output has length 9, but the query has length 3");
        yield return Case("output", Output, 2, "The output has heads 9, but the query has heads 4");
        yield return Case("output", Output, 3, "The output has head dim 9, but the value has head dim 6");
    }

    [TestCaseSource(nameof(Disagreements))]
    public void Disagreements_are_named(string tensor, nint[] wrong, string message) => Assert.That(
        () => AttentionShape.FromTensors(AttentionLayout.Bshd, Query, tensor == "key" ? wrong : Key,
            tensor == "value" ? wrong : Value, tensor == "output" ? wrong : Output),
        Throws.ArgumentException.With.Message.StartsWith(message).And.Property("ParamName").EqualTo(tensor));

    [Test]
    public void Axes_must_be_four_and_have_an_order()
    {
        AttentionLayout strided = AttentionLayout.Strided(default, default, default, default);
        Assert.Multiple(() =>
        {
            Assert.That(() => AttentionShape.FromTensors(AttentionLayout.Bshd, [2, 3, 8], Key, Value),
                Throws.ArgumentException.With.Message.StartsWith("The query has 3 axes: it must have 4"));
            Assert.That(() => AttentionShape.FromTensors(strided, Query, Key, Value),
                Throws.ArgumentException.With
                .Message.StartsWith("The layout is strided: tensors with axes need BSHD or BHSD"));
            Assert.That(() => AttentionShape.FromTensors(AttentionLayout.Bshd, [nint.MaxValue, 1, 1, 1],
                Key, Value), Throws.ArgumentException.With.Message.Contains("between 0 and 2^31 - 1"));
            Assert.That(() => AttentionShape.FromTensors(null!, Query, Key, Value),
                Throws.ArgumentNullException);
        });
    }

    [Test]
    public void The_value_head_dim_defaults_to_the_head_dim() =>
        Assert.That(new AttentionShape(1, 1, 1, 1, 1, 40).ValueHeadDim, Is.EqualTo(40));

    private static TestCaseData Case(string tensor, nint[] lengths, int axis, string message)
    {
        nint[] wrong = [.. lengths];
        wrong[axis] = 9;
        return new TestCaseData(tensor, wrong, message);
    }
}
