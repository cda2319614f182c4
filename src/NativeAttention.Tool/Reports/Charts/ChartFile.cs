namespace NativeAttention.Tool.Reports.Charts;

/// <summary>A chart that lies beside the report.</summary>
/// <param name="Section">The device it is about.</param>
/// <param name="Name">Name of the file.</param>
/// <param name="Title">What it shows.</param>
/// <param name="Svg">Its content.</param>
internal sealed record ChartFile(DeviceSection Section, string Name, string Title, string Svg);
