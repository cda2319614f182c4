namespace NativeAttention.Tests.Backends;

/// <summary>The rules of a run: spans, one run at a time, disposal.</summary>
public class HostAttentionPlanTests
{
    // query 2*3*4*8 = 192, key 2*5*2*8 = 160, value 2*5*2*6 = 120, output 2*3*4*6 = 144, lse 2*4*3 = 24
    private static readonly AttentionProblem Problem =
        AttentionProblem.Create(ElementType.Float32, new(2, 3, 5, 4, 2, 8, 6), AttentionOptions.Default);

    private static readonly float[] Query = new float[192], Key = new float[160], Value = new float[120],
        Output = new float[144], Lse = new float[24];

    [Test]
    public void Exact_and_longer_spans_are_taken_and_handed_on_exact()
    {
        using FakePlan<float> plan = new(Problem);
        plan.Run(Query, Key, Value, Output, Lse);
        Assert.That(plan.Lengths, Is.EqualTo(new[] { 192, 160, 120, 144, 24 }));
        plan.Run(new float[200], new float[200], new float[200], new float[200], new float[200]);
        Assert.That(plan.Lengths, Is.EqualTo(new[] { 192, 160, 120, 144, 24 }));
        plan.Run(Query, Key, Value, Output);
        Assert.That(plan.Lengths[4], Is.Zero);
    }

    [TestCase("query", 192)]
    [TestCase("key", 160)]
    [TestCase("value", 120)]
    [TestCase("output", 144)]
    [TestCase("lse", 24)]
    public void A_short_span_is_refused_with_what_it_needs(string name, int needed)
    {
        using FakePlan<float> plan = new(Problem);
        Assert.That(() => plan.Run(Cut(Query, "query"), Cut(Key, "key"), Cut(Value, "value"),
            Cut(Output, "output"), Cut(Lse, "lse")), Throws.ArgumentException.With.Message.StartsWith(
            $"The {name} span has {needed - 1} elements: AttentionShape {{").And.Message.Contains(
            $"in layout BSHD needs {needed}.").And.Property("ParamName").EqualTo(name));
        Assert.That(plan.Runs, Is.Zero);

        float[] Cut(float[] span, string which) => which == name ? span[1..] : span;
    }

    [Test]
    public void A_span_that_cannot_be_long_enough_is_told_so()
    {
        AttentionProblem large = AttentionProblem.Create(
            ElementType.Float32, new(1, 1 << 20, 1, 64, 1, 64), AttentionOptions.Default);
        using FakePlan<float> plan = new(large);
        Assert.That(() => plan.Run(new float[64], new float[64], new float[64], new float[64]),
            Throws.ArgumentException.With.Message.Contains("needs 4294967296, more than a span can hold."));
    }

    [TestCase(0, "output", "query")]
    [TestCase(1, "output", "key")]
    [TestCase(2, "output", "value")]
    [TestCase(3, "lse", "query")]
    [TestCase(4, "lse", "key")]
    [TestCase(5, "lse", "value")]
    [TestCase(6, "lse", "output")]
    public void Overlap_is_refused(int pair, string written, string other)
    {
        float[] shared = new float[400];
        using FakePlan<float> plan = new(Problem);
        float[] q = pair is 0 or 3 ? shared : Query, k = pair is 1 or 4 ? shared : Key;
        float[] v = pair is 2 or 5 ? shared : Value;

        // One element in common: the last of one and the first of the other.
        Assert.That(() => plan.Run(q, k, v, OutputOf(), LseOf()),
            Throws.ArgumentException.With.Message.StartsWith(
            $"The {written} span overlaps the {other} span").And.Property("ParamName").EqualTo(written));
        Assert.That(plan.Runs, Is.Zero);

        Span<float> OutputOf() => pair switch
        {
            0 => shared.AsSpan(191),
            1 => shared.AsSpan(159),
            2 => shared.AsSpan(119),
            6 => shared,
            _ => Output,
        };

        Span<float> LseOf() => pair switch
        {
            3 => shared.AsSpan(191),
            4 => shared.AsSpan(159),
            5 => shared.AsSpan(119),
            6 => shared.AsSpan(143),
            _ => Lse,
        };
    }

    [Test]
    public void Neighbours_do_not_overlap_and_slack_does_not_count()
    {
        float[] shared = new float[192 + 144 + 24];
        using FakePlan<float> plan = new(Problem);
        plan.Run(shared, Key, Value, shared.AsSpan(192), shared.AsSpan(192 + 144));
        Assert.That(plan.Runs, Is.EqualTo(1));
    }

    [Test]
    public void The_element_type_must_be_the_problems()
    {
        Assert.That(() => new FakePlan<Half>(Problem), Throws.ArgumentException.With.Message.StartsWith(
            "The problem has elements of type Float32, but the plan was asked for System.Half."));
        Assert.That(() => new FakePlan<double>(Problem), Throws.TypeOf<NotSupportedException>());
    }

    [Test]
    public void A_disposed_plan_refuses_to_run_and_releases_once()
    {
        FakePlan<float> plan = new(Problem);
        plan.Dispose();
        plan.Dispose();
        Assert.That(plan.Releases, Is.EqualTo(1));
        Assert.That(() => plan.Run(Query, Key, Value, Output), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void A_second_run_at_the_same_time_is_refused_and_the_plan_stays_usable()
    {
        using FakePlan<float> plan = new(Problem);
        plan.Body = () => Assert.That(() => plan.Run(Query, Key, Value, Output),
            Throws.InvalidOperationException.With.Message.StartsWith("The plan is running already"));
        plan.Run(Query, Key, Value, Output);
        plan.Body = () => { };
        plan.Run(Query, Key, Value, Output);
        Assert.That(plan.Runs, Is.EqualTo(2));
    }

    [Test]
    public void Disposal_during_a_run_waits_for_its_end()
    {
        FakePlan<float> plan = new(Problem);
        plan.Body = () =>
        {
            plan.Dispose();
            Assert.That(plan.Releases, Is.Zero);
        };
        plan.Run(Query, Key, Value, Output);
        Assert.That(plan.Releases, Is.EqualTo(1));
        Assert.That(() => plan.Run(Query, Key, Value, Output), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void A_run_that_throws_leaves_the_plan_usable()
    {
        using FakePlan<float> plan = new(Problem);
        plan.Body = () => throw new InvalidDataException("broken");
        Assert.That(() => plan.Run(Query, Key, Value, Output), Throws.TypeOf<InvalidDataException>());
        plan.Body = () => { };
        plan.Run(Query, Key, Value, Output);
    }

    [Test]
    public void A_run_that_is_cancelled_already_does_not_start_and_the_plan_stays_usable()
    {
        using FakePlan<float> plan = new(Problem);
        CancellationToken cancelled = new(canceled: true);
        Assert.That(() => plan.Run(Query, Key, Value, Output, Lse, cancelled),
            Throws.TypeOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(cancelled));
        Assert.That(plan.Runs, Is.Zero);
        Assert.That(() => plan.Run(Query, Key, Value, new float[143], Lse, cancelled),
            Throws.ArgumentException);
        plan.Run(Query, Key, Value, Output);
        Assert.That(plan.Runs, Is.EqualTo(1));
    }

    [Test]
    public void The_token_reaches_the_run()
    {
        using FakePlan<float> plan = new(Problem);
        using CancellationTokenSource source = new();
        plan.Run(Query, Key, Value, Output, Lse, source.Token);
        Assert.That(plan.Token, Is.EqualTo(source.Token));
    }

    [Test]
    public void A_bad_call_leaves_the_output_untouched()
    {
        using HostAttentionPlan<float> plan = CpuBackend.Default.PlanHost<float>(Problem);
        float[] output = new float[144], lse = new float[23];
        Array.Fill(output, -7);
        Array.Fill(lse, -7);
        Assert.That(() => plan.Run(Query, Key, Value, output, lse), Throws.ArgumentException);
        Assert.That(output, Is.All.EqualTo(-7f));
        Assert.That(lse, Is.All.EqualTo(-7f));
    }
}
