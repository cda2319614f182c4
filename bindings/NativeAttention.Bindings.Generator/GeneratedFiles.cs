namespace NativeAttention.Bindings.Generator;

/// <summary>The checked-in generated files: where they are, what they should hold, and whether they do.</summary>
internal static class GeneratedFiles
{
    private const string ParametersPath = "bindings/NativeAttention.Bindings/Generated/KernelParameters.g.cs";
    private const string LayoutsPath = "src/NativeAttention.Cuda/Catalog/ParameterLayout.g.cs";
    private const string ManifestPath = "src/NativeAttention.Cuda/Catalog/KernelManifest.g.cs";

    /// <summary>Writes every generated file that is not up to date.</summary>
    /// <returns>The process's exit code: 0.</returns>
    public static int Write(string root)
    {
        foreach ((string path, string text) in Generate(root))
        {
            string full = Path.Combine(root, path);
            if (!File.Exists(full) || File.ReadAllText(full) != text)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(full)!);
                File.WriteAllText(full, text);
                Console.WriteLine($"wrote {path}");
            }
        }

        return 0;
    }

    /// <summary>Compares every generated file with what would be written now.</summary>
    /// <returns>The process's exit code: 0 if all are up to date, 1 if one is stale.</returns>
    public static int Check(string root)
    {
        List<string> stale = [];
        foreach ((string path, string text) in Generate(root))
        {
            string full = Path.Combine(root, path);
            if (!File.Exists(full) || File.ReadAllText(full) != text)
            {
                stale.Add(path);
            }
        }

        foreach (string path in stale)
        {
            Console.Error.WriteLine($"{path} is stale: run './build.sh generate' and commit it");
        }

        return stale.Count == 0 ? 0 : 1;
    }

    private static IEnumerable<(string Path, string Text)> Generate(string root)
    {
        string include = Path.Combine(root, "native/include");
        string[] headers = [.. Directory.GetFiles(include, "params.h", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        // A struct that several families share is read with each of them, and is one.
        RecordLayout[] records =
            [.. headers.SelectMany(header => ClangRecordLayouts.Read(include, header)).DistinctBy(record => record.Name)];
        FlagsEnum[] flags = [.. headers.SelectMany(header => FlagsEnum.ReadAll(File.ReadAllText(header)))];
        yield return (ParametersPath, ParameterStructWriter.Write(records, flags));
        yield return (LayoutsPath, ParameterLayoutWriter.Write(records));
        yield return (ManifestPath, KernelManifestWriter.Write(Path.Combine(root, "native/manifest/kernels.json")));
    }
}
