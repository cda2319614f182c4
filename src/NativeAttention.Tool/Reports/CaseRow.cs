using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>One case with everything that was measured of it.</summary>
/// <param name="Case">Its name.</param>
/// <param name="Measurements">One a provider, ours first; at least one.</param>
/// <param name="Roofline">The ceilings that bound it.</param>
/// <param name="Before">Our measurement in the run it is compared with, or null.</param>
internal sealed record CaseRow(
    string Case, IReadOnlyList<MeasurementLine> Measurements, Roofline Roofline, MeasurementLine? Before)
{
    /// <summary>Ours, also when it failed; null when only peers were measured.</summary>
    public MeasurementLine? Ours => Measurements.FirstOrDefault(m => m.IsOurs);

    /// <summary>The fastest peer that ran, or null.</summary>
    public MeasurementLine? BestPeer => Measurements
        .Where(m => m is { IsOurs: false, IsPlain: false, Status: ResultStatus.Ok }).MinBy(m => m.Time());

    /// <summary>Our time over that of plain attention of the same shape: what the modifiers cost.</summary>
    public double? OverPlain => Ours?.Time() / Measurements.FirstOrDefault(m => m.IsPlain)?.Time();

    /// <summary>What a case is called where its family is known: no family, equal lengths once.</summary>
    public string Label => CaseLabel.Of(Measurements[0]);

    /// <summary>Our speed over that of the best peer: 2 is twice as fast.</summary>
    public double? Ratio => BestPeer?.Time() / Ours?.Time();

    /// <summary>Our rate over what the ceilings allow.</summary>
    public double? Share => Ours is null ? null : Roofline.Share(Ours);

    /// <summary>How our time changed; null when there is nothing to compare.</summary>
    public Change? Change => Ours?.Time() / Before?.Time() is { } ratio
        ? new Change(ratio, Ours!.Noise() + Before!.Noise())
        : null;

    /// <summary>Whether ours ran before and does not now.</summary>
    public bool IsLost => Before?.Time() is not null && Ours?.Time() is null;

    /// <summary>How ours ended, in a word or two.</summary>
    public string State => Ours is null ? "not measured" : Quantities.Status(Ours.Status);

    /// <summary>Why ours has no time; null when it has one.</summary>
    public string? Missing => Ours switch
    {
        null => State,
        { Status: ResultStatus.Ok } => null,
        { Reason: var reason } => $"{State}: {reason ?? "no reason given"}",
    };
}
