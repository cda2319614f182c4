using System.Text.Json.Serialization;

namespace NativeAttention.Tool.Results;

/// <summary>
/// One line of a <c>results.jsonl</c>; benchmarks/schema.md describes them. What is null is unknown and is
/// not written.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(RunLine), RunLine.Kind)]
[JsonDerivedType(typeof(CeilingLine), CeilingLine.Kind)]
[JsonDerivedType(typeof(MeasurementLine), MeasurementLine.Kind)]
[JsonDerivedType(typeof(KernelLine), KernelLine.Kind)]
[JsonDerivedType(typeof(StepLine), StepLine.Kind)]
[JsonDerivedType(typeof(GoalLine), GoalLine.Kind)]
[JsonDerivedType(typeof(TrafficLine), TrafficLine.Kind)]
internal abstract record ResultLine
{
    /// <summary>Refuses values that no measurement can have.</summary>
    /// <exception cref="FormatException">The message names the field, its value and what is
    /// allowed.</exception>
    public abstract void Check();
}
