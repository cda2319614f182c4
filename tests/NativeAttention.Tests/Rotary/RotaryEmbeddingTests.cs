using System.Numerics.Tensors;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Rotary;

/// <summary>Rotary embedding on the host: against float64, by hand, and what it refuses.</summary>
public class RotaryEmbeddingTests
{
    public static IEnumerable<RotaryCase> Cases() => RotaryCase.All(Random.Shared.Next(1 << 30));

    [TestCaseSource(nameof(Cases))]
    public void It_agrees_with_float64(RotaryCase test)
    {
        TestContext.Out.WriteLine(test);
        Check<float>(test);
        Check<Half>(test);
        Check<BFloat16>(test);
    }

    // Positions 0 and 1, angles 1 and 1/100 a step.
    [Test]
    public void Caches_by_hand()
    {
        float[] cos = new float[6], sin = new float[6];
        RotaryEmbedding.FillCaches(cos, sin, rotaryDim: 4);
        Assert.That(cos, Is.EqualTo(new[] { 1f, 1, MathF.Cos(1), MathF.Cos(0.01f), MathF.Cos(2),
            MathF.Cos(0.02f) })
            .Within(1e-7f));
        Assert.That(sin, Is.EqualTo(new[] { 0f, 0, MathF.Sin(1), MathF.Sin(0.01f), MathF.Sin(2),
            MathF.Sin(0.02f) })
            .Within(1e-7f));
        RotaryEmbedding.FillCaches(cos, sin, rotaryDim: 4, theta: 16);
        Assert.That(sin[3], Is.EqualTo(MathF.Sin(0.25f)).Within(1e-7f), "16^(-2/4)");
    }

    // What it is for: the product of a rotated query and key depends on the distance of their positions
    // alone.
    [Test]
    public void Products_depend_on_the_distance_alone([Values] bool interleaved)
    {
        const int dim = 20, positions = 300;
        int seed = Random.Shared.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        float[] cos = new float[positions * dim / 2], sin = new float[positions * dim / 2];
        RotaryEmbedding.FillCaches(cos, sin, dim);
        double[] q = RandomTensor.Normal(ElementType.Float32, dim, seed);
        double[] k = RandomTensor.Normal(ElementType.Float32, dim, seed + 1);
        double near = Dot(Rotated(q, 17), Rotated(k, 5)), far = Dot(Rotated(q, 292), Rotated(k, 280));
        Assert.That(far, Is.EqualTo(near).Within(2e-5));
        Assert.That(Dot(Rotated(q, 5), Rotated(k, 5)),
            Is.EqualTo(q.Zip(k, (a, b) => a * b).Sum()).Within(1e-5));

        float[] Rotated(double[] x, int position)
        {
            float[] row = [.. x.Select(v => (float)v)];
            TensorSpan<float> tensor = new(row, [1, 1, 1, dim]);
            RotaryEmbedding.Apply<float>(tensor, new(cos, [positions, dim / 2]),
                new(sin, [positions, dim / 2]),
                RotaryPositions.From(position), tensor, new() { Interleaved = interleaved });
            return row;
        }

        static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
    }

    [Test]
    public void Tensors_that_disagree_are_refused_by_name()
    {
        float[] x = new float[128], o = Poison(64);
        Assert.Multiple(() =>
        {
            Refuses("input", "has 3 axes: it must have 4", () =>
                Run([1, 2, 8], [4, 4], [4, 4], [1, 2, 1, 8]));
            Refuses("output", "is [1, 1, 2, 8], but the input is [1, 2, 1, 8]: they must be the same",
                () => Run([1, 2, 1, 8], [4, 4], [4, 4], [1, 1, 2, 8]));
            Refuses("cos", "has 1 axes: it must have 2", () => Run([1, 2, 1, 8], [4], [4], [1, 2, 1, 8]));
            Refuses("cos", "is [4, 5]: the rotary dim, twice its last axis, must be at most the head dim, 8",
                () => Run([1, 2, 1, 8], [4, 5], [4, 5], [1, 2, 1, 8]));
            Refuses("cos", "is [1, 3, 4]: it must be [1, 2, 4]",
                () => Run([1, 2, 1, 8], [1, 3, 4], [1, 3, 4], [1, 2, 1, 8]));
            Refuses("sin", "is [4, 3]: it must be [4, 4], as cos",
                () => Run([1, 2, 1, 8], [4, 4], [4, 3], [1, 2, 1, 8]));
            Refuses("layout", "The layout is strided", () => RotaryEmbedding.Apply<float>(
                new(x, [1, 2, 1, 8]), new(x, [4, 4]), new(x, [4, 4]), default, new(o, [1, 2, 1, 8]),
                new() { Layout = AttentionLayout.Strided(default, default, default, default) }));
        });
        Assert.That(o, Is.EqualTo(Poison(64)));
        Assert.That(() => RotaryEmbedding.Apply<double>(default, default, default, default, default),
            Throws.TypeOf<NotSupportedException>());

        void Run(nint[] input, nint[] cos, nint[] sin, nint[] output) => RotaryEmbedding.Apply<float>(
            new(x, input), new(x, cos), new(x, sin), default, new(o, output));
    }

    [Test]
    public void Positions_out_of_the_caches_are_refused_before_anything_is_written()
    {
        float[] x = new float[64], o = Poison(32);
        Assert.Multiple(() =>
        {
            OutOfRange(4, "The position of token 1 of sequence 0 is 4: it must lie between 0 and 3",
                () => Run(RotaryPositions.From(3)));
            OutOfRange(-1, "The position of token 0 of sequence 0 is -1", () =>
                Run(RotaryPositions.From(-1)));
            OutOfRange(4, "The position of token 1 of sequence 1 is 4",
                () => Run(RotaryPositions.PerSequence([0, 3])));
            OutOfRange(9, "The position of token 0 of sequence 1 is 9", () =>
                Run(RotaryPositions.Of([0, 1, 9, 0])));
            OutOfRange(1L << 40, "The position of token 1 of sequence 1 is 1099511627776",
                () => Run(RotaryPositions.Of([0L, 1, 2, 1L << 40])));
            Refuses("positions", "The positions are 3: there must be 2, [batch]",
                () => Run(RotaryPositions.PerSequence([0, 1, 2])));
            Refuses("positions", "The positions are 3: there must be 4, [batch, sequence]",
                () => Run(RotaryPositions.Of([0, 1, 2])));
            Refuses("positions", "The positions are given, but the caches have a row for every token",
                () => RotaryEmbedding.Apply<float>(new(x, [2, 2, 1, 8]), new(x, [2, 2, 4]), new(x, [2, 2, 4]),
                    RotaryPositions.From(0), new(o, [2, 2, 1, 8])));
        });
        Assert.That(o, Is.EqualTo(Poison(32)));

        void Run(RotaryPositions positions) => RotaryEmbedding.Apply<float>(new(x, [2, 2, 1, 8]),
            new(x, [4, 4]),
            new(x, [4, 4]), positions, new(o, [2, 2, 1, 8]));
    }

    [TestCase("input", 8)]
    [TestCase("cos", 63)]
    [TestCase("sin", 87)]
    public void Overlap_is_refused(string other, int output)
    {
        float[] x = Poison(128); // input 0..32, cos 64..80, sin 88..104
        Refuses("output", $"The output overlaps the {other}: what is written must have memory of its own",
        () =>
            RotaryEmbedding.Apply<float>(new(x.AsSpan(0, 16), [1, 2, 1, 8]), new(x.AsSpan(64, 16), [4, 4]),
                new(x.AsSpan(88, 16), [4, 4]), default, new(x.AsSpan(output, 16), [1, 2, 1, 8])));
        Assert.That(x, Is.EqualTo(Poison(128)));
    }

    [TestCase(3, 10000.0, "The rotary dim is 3: it must be even, 2 or more")]
    [TestCase(0, 10000.0, "The rotary dim is 0: it must be even, 2 or more")]
    [TestCase(4, 0.0, "The base is 0: it must be finite and more than 0")]
    [TestCase(4, double.NaN, "The base is NaN: it must be finite and more than 0")]
    public void Impossible_caches_are_refused(int rotaryDim, double theta, string message) =>
        Assert.That(() => RotaryEmbedding.FillCaches(new float[4], new float[4], rotaryDim, theta),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains(message));

    [TestCase(4, 6)]
    [TestCase(5, 5)]
    public void Caches_that_do_not_fit_are_refused(int cos, int sin) =>
        Assert.That(() => RotaryEmbedding.FillCaches(new float[cos], new float[sin], rotaryDim: 4),
            Throws.ArgumentException.With.Message.Contains($"have {cos} and {sin} elements").And.Message
                .Contains("a multiple of 2"));

    private static void Check<T>(RotaryCase test)
        where T : unmanaged
    {
        PaddedTensor<T> input = test.MakeInput<T>(), output = test.MakeOutput<T>();
        double[] values = input.Values;
        Apply(test, input, output);
        test.Check(values, output);
        Apply(test, input, input);
        Assert.That(input.Values, Is.EqualTo(output.Values), "in place");
        input.CheckGaps();
    }

    private static void Apply<T>(RotaryCase test, PaddedTensor<T> input, PaddedTensor<T> output)
        where T : unmanaged
    {
        RotaryPositions positions = test.Kind switch
        {
            PositionKind.From => RotaryPositions.From(test.Offsets[0]),
            PositionKind.PerSequence => RotaryPositions.PerSequence(test.Offsets),
            PositionKind.Ids => RotaryPositions.Of(test.Positions),
            PositionKind.WideIds => RotaryPositions.Of(Array.ConvertAll(test.Positions, p => (long)p)),
            _ => default,
        };
        nint[] lengths = Array.ConvertAll(test.CacheLengths, l => (nint)l);
        RotaryEmbedding.Apply<T>(input.Span, Cache(test.Cos, lengths), Cache(test.Sin, lengths), positions,
            output.Span, test.Options);
    }

    private static ReadOnlyTensorSpan<float> Cache(float[] values, nint[] lengths) =>
        new(values.Length > 0 ? values : new float[1], lengths);

    private static float[] Poison(int count)
    {
        float[] values = new float[count];
        Array.Fill(values, Elements.Poison<float>());
        return values;
    }

    private static void Refuses(string argument, string message, Action call) => Assert.That(call,
        Throws.ArgumentException.With.Message.Contains(message).And.Property("ParamName").EqualTo(argument));

    private static void OutOfRange(long value, string message, Action call) => Assert.That(call,
        Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains(message)
            .And.Property("ParamName").EqualTo("positions").And.Property("ActualValue").EqualTo(value));
}
