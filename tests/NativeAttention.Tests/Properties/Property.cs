using FsCheck;
using FsCheck.Fluent;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Properties;

/// <summary>Checks a truth on random problems. The seed is printed, and fresh for each run.</summary>
internal static class Property
{
    /// <summary>Fails with the smallest problem found for which <paramref name="truth"/> throws.</summary>
    public static void Holds(Action<SmallProblem> truth) => Holds(SmallProblem.Any, truth);

    /// <summary>As the other, on some of the problems.</summary>
    public static void Holds(Arbitrary<SmallProblem> problems, Action<SmallProblem> truth)
    {
        ulong seed = (ulong)Random.Shared.NextInt64();
        ulong gamma = (ulong)Random.Shared.NextInt64() | 1; // must be odd
        TestContext.Out.WriteLine($"to replay: .WithReplay({seed}, {gamma})");
        Prop.ForAll(problems, truth).Check(Config.QuickThrowOnFailure.WithMaxTest(PropertyBackend.Problems)
            .WithQuietOnSuccess(true).WithReplay(seed, gamma));
    }

    /// <summary>Throws unless both are the same, bit for bit.</summary>
    public static void Same(string what, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(actual[i]) != BitConverter.SingleToInt32Bits(expected[i]))
            {
                throw new AttentionMismatchException($"{what} {i} is {actual[i]:R}, not {expected[i]:R}");
            }
        }
    }

    /// <summary>Throws unless both differ by no more than a tolerance; infinities must be the same.</summary>
    public static void Near(
        string what, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double tolerance)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            if (!actual[i].Equals(expected[i]) && !(Math.Abs((double)actual[i] - expected[i]) <= tolerance))
            {
                throw new AttentionMismatchException(
                    $"{what} {i} is {actual[i]:R}, not {expected[i]:R} within {tolerance}");
            }
        }
    }
}
