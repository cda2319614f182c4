using System.Numerics.Tensors;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cache;

/// <summary>Taking tokens in on the host: to the bit, and what is refused.</summary>
public class KeyValueCacheTests
{
    public static IEnumerable<AppendCase> Cases() => AppendCase.All(Random.Shared.Next(1 << 30));

    [TestCaseSource(nameof(Cases))]
    public void Tokens_are_where_they_belong_and_nothing_else_changes(AppendCase test)
    {
        TestContext.Out.WriteLine(test);
        Check<float>(test);
        Check<Half>(test);
        Check<BFloat16>(test);
    }

    [Test]
    public void Past_and_new_tokens_by_hand()
    {
        float[] present = Poison(12);
        KeyValueCache.Concatenate<float>(new([1f, 2, 3, 4], [2, 1, 1, 2]), new([5f, 6, 7, 8, 9, 10, 11, 12],
            [2, 2, 1, 2]), new(present, [2, 3, 1, 2]));
        Assert.That(present, Is.EqualTo(new[] { 1f, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12 }));
        KeyValueCache.Concatenate<float>(new([1f, 2, 3, 4], [1, 2, 1, 2]), new([5f, 6, 7, 8, 9, 10, 11, 12],
            [1, 2, 2, 2]), new(present, [1, 2, 3, 2]), AttentionLayout.Bhsd);
        Assert.That(present, Is.EqualTo(new[] { 1f, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12 }));
    }

    [TestCase(0, 3)]
    [TestCase(3, 0)]
    [TestCase(0, 0)]
    public void A_past_or_an_addition_may_be_empty(int past, int added)
    {
        float[] values = [1, 2, 3, 4, 5, 6], present = Poison(6);
        KeyValueCache.Concatenate<float>(new(values, [1, past, 1, 2]), new(values, [1, added, 1, 2]),
            new(present, [1, past + added, 1, 2]));
        Assert.That(present, Is.EqualTo(past + added > 0 ? values : Poison(6)));
    }

    // What it is for: a sequence fed token by token gives the cache of the whole, and so the attention.
    [Test]
    public void A_cache_filled_token_by_token_is_the_whole()
    {
        int seed = Random.Shared.Next(1 << 30);
        TestContext.Out.WriteLine($"seed {seed}");
        float[] all = [.. RandomTensor.Normal(ElementType.Float32, 2 * 6 * 3 * 4, seed).Select(x =>
            (float)x)];
        float[] cache = Poison(all.Length);
        for (int t = 0; t < 6; t++)
        {
            ReadOnlyTensorSpan<float> token = new(all.AsSpan(t * 12), [2, 1, 3, 4], [72, 0, 4, 1]);
            KeyValueCache.Append(token, new TensorSpan<float>(cache, [2, 6, 3, 4]), [t, t]);
        }

        Assert.That(cache, Is.EqualTo(all));
    }

    [TestCase(-1, 0, "The position of sequence 0 is -1: it must lie between 0 and 3, since the cache has")]
    [TestCase(3, 4, "The position of sequence 1 is 4: it must lie between 0 and 3, since the cache has")]
    [TestCase(int.MaxValue, 0, "The position of sequence 0 is 2147483647: it must lie between 0 and 3")]
    public void What_does_not_fit_is_refused_before_anything_is_written(int first, int second, string message)
    {
        float[] cache = Poison(40);
        Assert.That(() => KeyValueCache.Append<float>(new(new float[16], [2, 2, 1, 4]),
            new(cache, [2, 5, 1, 4]),
            [first, second]), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains(message)
            .And.Property("ParamName").EqualTo("positions"));
        Assert.That(cache, Is.EqualTo(Poison(40)));
    }

    [Test]
    public void Tensors_that_disagree_are_refused_by_name()
    {
        float[] x = new float[128], to = Poison(128);
        Assert.Multiple(() =>
        {
            Refuses("added", "has 3 axes: it must have 4", () => Append([2, 2, 4], [2, 5, 1, 4], 2));
            Refuses("cache", "is [2, 5, 1, 3], but the added is [2, 2, 1, 4]: batch, heads and head dim",
                () => Append([2, 2, 1, 4], [2, 5, 1, 3], 2));
            Refuses("cache", "is [2, 5, 2, 4], but", () => Append([2, 2, 1, 4], [2, 5, 2, 4], 2));
            Refuses("cache", "is [1, 5, 1, 4], but", () => Append([2, 2, 1, 4], [1, 5, 1, 4], 2));
            Refuses("cache", "has room for 2 tokens, but the added has 3", () =>
                Append([2, 3, 1, 4], [2, 2, 1, 4], 2));
            Refuses("positions", "The positions are 1: there must be 2", () =>
                Append([2, 2, 1, 4], [2, 5, 1, 4], 1));
            Refuses("present", "has 4 tokens: it must have those of the past, 2, and those of the added, 1",
                () =>
                KeyValueCache.Concatenate<float>(new(x, [1, 2, 1, 4]), new(x, [1, 1, 1, 4]),
                new(to, [1, 4, 1, 4])));
            Refuses("past", "is [1, 2, 1, 4], but the added is [1, 1, 2, 4]", () =>
                KeyValueCache.Concatenate<float>(new(x, [1, 2, 1, 4]), new(x, [1, 1, 2, 4]),
                new(to, [1, 3, 1, 4])));
        });
        Assert.That(to, Is.EqualTo(Poison(128)));
        Assert.That(() => KeyValueCache.Append<int>(default, default, []),
            Throws.TypeOf<NotSupportedException>());

        void Append(nint[] added, nint[] cache, int positions) =>
            KeyValueCache.Append<float>(new(x, added), new(to, cache), new int[positions]);
    }

    [Test]
    public void Overlap_is_refused()
    {
        float[] x = Poison(64);
        Refuses("cache", "The cache overlaps the added", () => KeyValueCache.Append<float>(
            new(x.AsSpan(0, 8), [1, 2, 1, 4]), new(x.AsSpan(7, 20), [1, 5, 1, 4]), [0]));
        Refuses("present", "The present overlaps the past", () => KeyValueCache.Concatenate<float>(
            new(x.AsSpan(0, 8), [1, 2, 1, 4]), new(x.AsSpan(40, 4), [1, 1, 1, 4]), new(x, [1, 3, 1, 4])));
        Refuses("present", "The present overlaps the added", () => KeyValueCache.Concatenate<float>(
            new(x.AsSpan(20, 8), [1, 2, 1, 4]), new(x.AsSpan(11, 4), [1, 1, 1, 4]), new(x, [1, 3, 1, 4])));
        Assert.That(x, Is.EqualTo(Poison(64)));
    }

    private static void Check<T>(AppendCase test)
        where T : unmanaged
    {
        PaddedTensor<T> tokens = test.MakeAdded<T>(), cache = test.MakeCache<T>();
        T[] expected = test.Expected(cache, tokens, test.Positions);
        KeyValueCache.Append<T>(tokens.Span, cache.Span, test.Positions, test.Layout);
        Assert.That(Bits(cache.Storage), Is.EqualTo(Bits(expected)));
    }

    private static byte[] Bits<T>(T[] values)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes<T>(values).ToArray();

    private static float[] Poison(int count)
    {
        float[] values = new float[count];
        Array.Fill(values, Elements.Poison<float>());
        return values;
    }

    private static void Refuses(string argument, string message, Action call) => Assert.That(call,
        Throws.ArgumentException.With.Message.Contains(message).And.Property("ParamName").EqualTo(argument));
}
