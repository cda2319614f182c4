using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Results;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>A contender on a case, and what was measured of it.</summary>
internal sealed class Turn(BenchCase @case, IContender contender)
{
    private readonly Preparation _prepared = contender.Prepare(@case);
    private readonly Samples _times = new();
    private readonly List<double> _pass = [];
    private double? _allocated;

    /// <summary>The case.</summary>
    public BenchCase Case => @case;

    /// <summary>Takes a sample that does not count.</summary>
    public void WarmUp(double seconds) => contender.Measure(@case, seconds);

    /// <summary>Takes a sample.</summary>
    public void Measure(double seconds)
    {
        Sample sample = contender.Measure(@case, seconds);
        _pass.Add(sample.Seconds);
        // The count is of a whole process; what a run itself allocates is in every sample.
        _allocated = Math.Min(_allocated ?? double.MaxValue, sample.AllocatedBytes);
    }

    /// <summary>Ends a pass.</summary>
    public void EndPass()
    {
        _times.Add(_pass);
        _pass.Clear();
    }

    /// <summary>The line of results.</summary>
    public MeasurementLine Line() => @case.Line(contender.Provider, _prepared.Kernel) with
    {
        Status = ResultStatus.Ok,
        Seconds = _times.Timing,
        Spread = _times.Spread,
        AllocatedBytes = _allocated,
        MaxError = _prepared.MaxError,
    };
}
