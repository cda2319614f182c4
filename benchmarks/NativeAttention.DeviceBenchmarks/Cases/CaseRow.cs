using System.Text.Json.Nodes;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Cases;

/// <summary>One row of a case file.</summary>
internal sealed record CaseRow
{
    /// <summary>Element type.</summary>
    public required string Dtype { get; init; }

    /// <summary>Lengths.</summary>
    public required CaseShape Shape { get; init; }

    /// <summary>Mask and the like; none when absent.</summary>
    public JsonObject? Options { get; init; }

    /// <summary>In which modes it is measured.</summary>
    public required string[] Modes { get; init; }
}
