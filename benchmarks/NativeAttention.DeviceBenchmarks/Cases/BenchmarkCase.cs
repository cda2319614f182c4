using System.Text.Json.Nodes;
using NativeAttention.Tool.Results;

namespace NativeAttention.DeviceBenchmarks.Cases;

/// <summary>One row of a case file with its family: everything that is measured follows from it.</summary>
/// <param name="Family">What is computed: the name of an <c>ICaseFamily</c>.</param>
/// <param name="Dtype">Element type, as results name it.</param>
/// <param name="Shape">Lengths.</param>
/// <param name="Options">Mask and the like.</param>
/// <param name="Modes">In which modes it is measured.</param>
internal sealed record BenchmarkCase(
    string Family, string Dtype, CaseShape Shape, JsonObject Options, IReadOnlyList<string> Modes)
{
    /// <summary>Its name, by the one rule.</summary>
    public string Id => CaseId.Of(Family, Dtype, Shape, Options);
}
