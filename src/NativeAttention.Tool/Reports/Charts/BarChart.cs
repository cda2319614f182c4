namespace NativeAttention.Tool.Reports.Charts;

/// <summary>Horizontal bars in groups: one group a case, as many as there are.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Axis">What the length of a bar is, with its unit.</param>
/// <param name="Series">Names of the kinds of bar; each has a colour, in this order.</param>
/// <param name="Groups">The cases.</param>
/// <param name="Reference">A value with a line across the chart, or null.</param>
/// <param name="Marker">What the markers of groups are, for the legend; null when there are none.</param>
internal sealed record BarChart(
    string Title,
    string Axis,
    IReadOnlyList<string> Series,
    IReadOnlyList<BarGroup> Groups,
    double? Reference = null,
    string? Marker = null);

/// <summary>The bars of one case.</summary>
/// <param name="Heading">What this and the following groups have in common; null when as before.</param>
/// <param name="Label">What it is called.</param>
/// <param name="Bars">Its bars.</param>
/// <param name="Marker">A value that is marked by a short line, or null.</param>
internal sealed record BarGroup(string? Heading, string Label, IReadOnlyList<Bar> Bars, double? Marker = null);

/// <summary>One bar.</summary>
/// <param name="Series">Index of its kind.</param>
/// <param name="Value">Its length.</param>
/// <param name="Text">What stands at its end.</param>
internal sealed record Bar(int Series, double Value, string Text);
