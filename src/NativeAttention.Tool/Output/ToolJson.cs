using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace NativeAttention.Tool.Output;

/// <summary>
/// How documents become JSON. Generated at build time, so that it works without reflection.
/// </summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(EmulationDocument))]
[JsonSerializable(typeof(EntriesDocument))]
[JsonSerializable(typeof(FailureDocument))]
[JsonSerializable(typeof(InfoDocument))]
[JsonSerializable(typeof(KernelEmulationDocument))]
[JsonSerializable(typeof(LoadErrorsDocument))]
[JsonSerializable(typeof(NeighborhoodDocument))]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(RunDocument))]
[JsonSerializable(typeof(VerificationDocument))]
internal sealed partial class ToolJson : JsonSerializerContext
{
    /// <summary>The context to use.</summary>
    /// <remarks>
    /// JSON has no NaN and no infinity; an error that is one of them is the string of that name. The escapes
    /// left out protect web pages that embed JSON; this goes to a terminal or a program, where quotes should
    /// stay readable.
    /// </remarks>
    public static ToolJson Documents { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
