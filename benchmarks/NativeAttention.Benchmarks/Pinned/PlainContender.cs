using NativeAttention.Benchmarks.Cases;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>
/// Plain attention of the same shape: what stands beside a case with a modifier, so that its cost is a ratio of
/// two times measured in turns.
/// </summary>
/// <param name="ours">Who runs the plain cases.</param>
internal sealed class PlainContender(OurContender ours) : IContender
{
    /// <summary>Its name in results.</summary>
    public const string Name = "plain";

    private readonly Dictionary<BenchCase, Preparation> _prepared = [];

    /// <inheritdoc/>
    public string Provider => Name;

    /// <inheritdoc/>
    public string? Refusal(BenchCase @case) => @case.Modifier is null && @case.Map is null ? "the case is plain itself" : null;

    /// <inheritdoc/>
    public Preparation Prepare(BenchCase @case)
    {
        if (!_prepared.TryGetValue(@case.Plain, out Preparation preparation))
        {
            _prepared[@case.Plain] = preparation = ours.Prepare(@case.Plain);
        }

        return preparation;
    }

    /// <inheritdoc/>
    public Sample Measure(BenchCase @case, double seconds) => ours.Measure(@case.Plain, seconds);

    /// <inheritdoc/>
    public void Dispose() => ours.Dispose();
}
