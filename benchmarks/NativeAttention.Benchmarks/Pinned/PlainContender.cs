using NativeAttention.Benchmarks.Cases;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>
/// Plain attention of the same shape: what stands beside a case with a modifier, so that its cost is a ratio of
/// two times measured in turns.
/// </summary>
/// <param name="ours">Who runs the plain cases.</param>
internal sealed class PlainContender(OurContender ours) : IContender
{
    private readonly Dictionary<BenchCase, Preparation> _prepared = [];

    /// <inheritdoc/>
    public string Provider => MeasurementLine.Plain;

    /// <inheritdoc/>
    public string? Refusal(BenchCase @case) => @case.Modifier is null ? "the case has no modifier" : null;

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
