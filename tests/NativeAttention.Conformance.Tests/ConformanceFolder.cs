namespace NativeAttention.Conformance.Tests;

/// <summary>Where the conformance data are. The only place that reads the environment.</summary>
internal static class ConformanceFolder
{
    /// <summary>Name of the variable with the folder that contains <c>onnx/</c>.</summary>
    public const string Variable = "NATTN_CONFORMANCE";

    /// <summary>Folder of the ONNX cases, or null when there are no data.</summary>
    public static string? Onnx { get; } = Find();

    /// <summary>Why the tests cannot run; null when they can.</summary>
    public static string? Missing { get; } = Onnx is not null ? null
        : Root is null ? $"{Variable} is not set: it names the folder with the conformance data"
        : $"{Variable} is '{Root}', which has no folder 'onnx'";

    private static string? Root =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } root ? root : null;

    private static string? Find() =>
        Root is { } root && Path.Combine(root, "onnx") is { } onnx && Directory.Exists(onnx) ? onnx : null;
}
