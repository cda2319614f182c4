namespace NativeAttention.Bindings.Generator;

/// <summary>The checked-in generated files: where they are, what they should hold, and whether they do.</summary>
internal static class GeneratedFiles
{
    private const string ParametersPath = "bindings/NativeAttention.Bindings/Generated/KernelParameters.g.cs";
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
        string header = Path.Combine(root, "native/include/na/attention/params.h");
        IReadOnlyList<RecordLayout> records = ClangRecordLayouts.Read(Path.Combine(root, "native/include"), header);
        IReadOnlyList<FlagsEnum> flags = FlagsEnum.ReadAll(File.ReadAllText(header));
        yield return (ParametersPath, ParameterStructWriter.Write(records, flags));
        yield return (ManifestPath, KernelManifestWriter.Write(Path.Combine(root, "native/manifest/kernels.json")));
    }
}
