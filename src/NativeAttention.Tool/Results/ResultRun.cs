namespace NativeAttention.Tool.Results;

/// <summary>A run and the lines that belong to it.</summary>
/// <param name="Run">What ran where.</param>
/// <param name="Lines">The lines after it, in their order.</param>
internal sealed record ResultRun(RunLine Run, IReadOnlyList<ResultLine> Lines)
{
    /// <summary>The ceilings.</summary>
    public IEnumerable<CeilingLine> Ceilings => Lines.OfType<CeilingLine>();

    /// <summary>The measurements.</summary>
    public IEnumerable<MeasurementLine> Measurements => Lines.OfType<MeasurementLine>();

    /// <summary>The kernels.</summary>
    public IEnumerable<KernelLine> Kernels => Lines.OfType<KernelLine>();

    /// <summary>The goals.</summary>
    public IEnumerable<GoalLine> Goals => Lines.OfType<GoalLine>();

    /// <summary>What was counted.</summary>
    public IEnumerable<TrafficLine> Traffic => Lines.OfType<TrafficLine>();

    /// <summary>The steps.</summary>
    public IEnumerable<StepLine> Steps => Lines.OfType<StepLine>();
}
