using NativeAttention.Neighborhood;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>Every rule of the spans of a run, forward and backward, has a test of its message.</summary>
[TestFixture]
internal sealed class SpansTests
{
    private const string Shape = "batch 1, map 4, heads 2/1, head dims 8/4, 3 extra keys";

    private static readonly NeighborhoodProblem Problem = NeighborhoodProblem.Create(ElementType.Float32,
        new NeighborhoodShape(1, new GridShape(4), 2, 1, 8, 4) { ExtraKeys = 3 },
        new(NeighborhoodPattern.Windows(3)) { RelativeBias = true });

    // Elements of query, key, value, extra key, extra value, bias, output, lse.
    private static readonly int[] Lengths = [64, 32, 16, 24, 12, 10, 32, 8];

    private static IEnumerable<TestCaseData> Inputs() => new (string, int)[]
    {
        ("query", 0), ("key", 1), ("value", 2), ("ExtraKey", 3), ("ExtraValue", 4), ("RelativeBias", 5), ("output", 6),
        ("lse", 7),
    }.Select(p => new TestCaseData(p.Item1, p.Item2));

    private static IEnumerable<TestCaseData> BackwardSpansOf() => new (string, int)[]
    {
        ("Query", 0), ("Key", 1), ("Value", 2), ("ExtraKey", 3), ("ExtraValue", 4), ("RelativeBias", 5), ("Output", 6),
        ("Lse", 7), ("OutputGradient", 8), ("LseGradient", 9), ("gradient of the query", 10), ("gradient of the key", 11),
        ("gradient of the value", 12), ("gradient of the extra keys", 13), ("gradient of the extra values", 14),
        ("gradient of the bias", 15),
    }.Select(p => new TestCaseData(p.Item1, p.Item2));

    [TestCaseSource(nameof(Inputs))]
    public void Too_short(string name, int which)
    {
        Tensors tensors = new();
        tensors.All[which] = tensors.All[which] with { Length = tensors.All[which].Length - 1 };
        Assert.That(() => tensors.Check(Problem), Throws.ArgumentException.With.Message.StartsWith(
            $"The {name} span has {Lengths[which] - 1} elements: {Shape} needs {Lengths[which]}.")
            .And.Property("ParamName").EqualTo(name));
    }

    [TestCaseSource(nameof(BackwardSpansOf))]
    public void Too_short_in_backward(string name, int which)
    {
        Tensors tensors = new();
        int needed = tensors.All[which].Length;
        tensors.All[which] = tensors.All[which] with { Length = tensors.All[which].Length - 1 };
        Assert.That(() => tensors.CheckBackward(Problem), Throws.ArgumentException.With.Message.StartsWith(
            $"The {name} span has {needed - 1} elements: {Shape} needs {needed}.").And.Property("ParamName").EqualTo(name));
    }

    [Test]
    public void What_a_problem_does_not_have_must_be_left_out()
    {
        NeighborhoodProblem plain = NeighborhoodProblem.Create(ElementType.Float32,
            Problem.Shape with { ExtraKeys = 0 }, new(NeighborhoodPattern.Windows(3)));
        (string Name, string Plan, int Which)[] optional =
            [("ExtraKey", "ExtraKeys", 3), ("ExtraValue", "ExtraKeys", 4), ("RelativeBias", "RelativeBias", 5)];
        foreach ((string name, string plan, int which) in optional)
        {
            Assert.That(() => Only(which).Check(plain), Throws.ArgumentException.With.Message.StartsWith(
                $"The {name} span has {Lengths[which]} elements, but the problem has none: leave it empty, or plan with "
                + $"{plan}.").And.Property("ParamName").EqualTo(name));
            Assert.That(() => Only(which).CheckBackward(plain), Throws.ArgumentException.With.Message.StartsWith(
                $"The {name} span has {Lengths[which]} elements, but {plain.Shape} has none of it: leave it empty."));
        }

        (string Name, int Which)[] gradients =
            [("extra keys", 13), ("extra values", 14), ("bias", 15)];
        foreach ((string name, int which) in gradients)
        {
            Assert.That(() => Only(which).CheckBackward(plain), Throws.ArgumentException.With.Message.StartsWith(
                $"The gradient of the {name} span has {Lengths[which - 10]} elements, but {plain.Shape} has none of it"));
        }

        static Tensors Only(int kept)
        {
            Tensors tensors = new();
            foreach (int which in new[] { 3, 4, 5, 13, 14, 15 })
            {
                tensors.All[which] = which == kept ? tensors.All[which] : default;
            }

            return tensors;
        }
    }

    [Test]
    public void Longer_spans_are_cut_and_what_is_optional_may_be_missing()
    {
        Tensors tensors = new(slack: 3);
        tensors.All[7] = default;
        Assert.That(() => tensors.Check(Problem), Throws.Nothing);
        NeighborhoodInputs<float> exact = NeighborhoodSpans.Check(Problem, tensors.Forward, tensors.All[6], default);
        Assert.That((exact.Query.Length, exact.ExtraKey.Length, exact.RelativeBias.Length), Is.EqualTo((64, 24, 10)));
        tensors = new(slack: 3);
        tensors.All[9] = default;
        BackwardInputs<float> inputs = BackwardSpans.Of(Problem).Check(tensors.Backward, tensors.Gradients,
            out AttentionGradients<float> written);
        Assert.That((inputs.Lse.Length, inputs.LseGradient.Length, inputs.OutputGradient.Length), Is.EqualTo((8, 0, 32)));
        Assert.That((written.Query.Length, written.ExtraValue.Length, written.RelativeBias.Length),
            Is.EqualTo((64, 12, 10)));
    }

    [Test]
    public void Nothing_is_needed_of_an_empty_batch_and_longer_spans_are_cut()
    {
        NeighborhoodProblem empty = NeighborhoodProblem.Create(ElementType.Float32,
            new NeighborhoodShape(0, new GridShape(4), 2, 1, 8, 4), new(NeighborhoodPattern.Windows(3)));
        Tensors tensors = new();
        foreach (int which in new[] { 3, 4, 5, 13, 14, 15 })
        {
            tensors.All[which] = default;
        }

        Assert.That(() => tensors.Check(empty), Throws.Nothing);
        Assert.That(() => tensors.CheckBackward(empty), Throws.Nothing);
    }

    [Test]
    public void More_than_a_span_can_hold()
    {
        NeighborhoodProblem huge = NeighborhoodProblem.Create(ElementType.Float32,
            new NeighborhoodShape(1, new GridShape(1 << 16, 1 << 10), 4, 4, 64), new(NeighborhoodPattern.Blocks(8, 8)));
        Assert.That(() => new Tensors().Check(huge), Throws.ArgumentException.With.Message.StartsWith(
            "The query span has 64 elements: batch 1, map 65536x1024, heads 4/4, head dims 64/64 needs 17179869184, more than "
            + "a span can hold."));
        Assert.That(() => new Tensors().CheckBackward(huge), Throws.ArgumentException.With.Message.EndsWith(
            "needs 17179869184, more than a span can hold. (Parameter 'Query')"));
    }

    [Test]
    public void What_forward_writes_lies_apart()
    {
        string[] names = ["query", "key", "value", "ExtraKey", "ExtraValue", "RelativeBias", "output", "lse"];
        for (int written = 6; written < 8; written++)
        {
            for (int other = 0; other < 8; other++)
            {
                if (other != written)
                {
                    Tensors tensors = new();
                    tensors.Share(written, other);
                    (string first, string second) = other > 5 ? ("lse", "output") : (names[written], names[other]);
                    Assert.That(() => tensors.Check(Problem), Throws.ArgumentException.With.Message.StartsWith(
                        $"The {first} overlaps the {second}: what is written must have memory of its own."));
                }
            }
        }
    }

    [Test]
    public void What_backward_writes_lies_apart()
    {
        string[] names =
        [
            "query", "key", "value", "extra keys", "extra values", "bias", "output", "lse", "output gradient",
            "lse gradient", "gradient of the query", "gradient of the key", "gradient of the value",
            "gradient of the extra keys", "gradient of the extra values", "gradient of the bias",
        ];
        for (int written = 10; written < names.Length; written++)
        {
            for (int other = 0; other < written; other++)
            {
                Tensors tensors = new();
                tensors.Share(written, other);
                Assert.That(() => tensors.CheckBackward(Problem), Throws.ArgumentException.With.Message.StartsWith(
                    $"The {names[written]} overlaps the {names[other]}: what is written must have memory of its own."));
            }
        }
    }

    [Test]
    public void Backward_of_dense_attention_takes_the_lengths_of_its_layout()
    {
        AttentionProblem problem = AttentionProblem.Create(ElementType.Float32, new AttentionShape(2, 3, 5, 4, 2, 8, 6),
            AttentionOptions.Default);
        BackwardSpans spans = BackwardSpans.Of(problem);
        Assert.That((spans.Query, spans.Key, spans.Value, spans.Output, spans.Lse),
            Is.EqualTo((192L, 160L, 120L, 144L, 24L)));
        Assert.That((spans.ExtraKey, spans.ExtraValue, spans.RelativeBias), Is.EqualTo((0L, 0L, 0L)));
        Assert.That(() => spans.Check(default(BackwardInputs<float>), default, out _), Throws.ArgumentException
            .With.Message.StartsWith($"The Query span has 0 elements: {problem.Shape} in layout "));
    }

    /// <summary>The sixteen tensors of the problem, as parts of one array.</summary>
    private sealed class Tensors
    {
        private readonly float[] memory = new float[2048];

        public Tensors(int slack = 0)
        {
            int begin = 0;
            int[] lengths = [.. Lengths, 32, 8, .. Lengths[..6]];
            All = [.. lengths.Select(length => new Part(memory, begin += 100, length + slack))];
        }

        public Part[] All { get; }

        public NeighborhoodInputs<float> Forward => new(All[0], All[1], All[2])
        {
            ExtraKey = All[3],
            ExtraValue = All[4],
            RelativeBias = All[5],
        };

        public BackwardInputs<float> Backward => new()
        {
            Query = All[0],
            Key = All[1],
            Value = All[2],
            ExtraKey = All[3],
            ExtraValue = All[4],
            RelativeBias = All[5],
            Output = All[6],
            Lse = All[7],
            OutputGradient = All[8],
            LseGradient = All[9],
        };

        public AttentionGradients<float> Gradients => new(All[10], All[11], All[12])
        {
            ExtraKey = All[13],
            ExtraValue = All[14],
            RelativeBias = All[15],
        };

        /// <summary>Moves a tensor so that its first element is the last of another.</summary>
        public void Share(int moved, int other) => All[moved] = new Part(memory,
            All[other].Begin + All[other].Length - 1, All[moved].Length);

        public void Check(NeighborhoodProblem problem) => NeighborhoodSpans.Check(problem, Forward, All[6], All[7]);

        public void CheckBackward(NeighborhoodProblem problem) =>
            BackwardSpans.Of(problem).Check(Backward, Gradients, out _);
    }

    private readonly record struct Part(float[] Of, int Begin, int Length)
    {
        public static implicit operator ReadOnlySpan<float>(Part part) => part.Of.AsSpan(part.Begin, part.Length);

        public static implicit operator Span<float>(Part part) => part.Of.AsSpan(part.Begin, part.Length);
    }
}
