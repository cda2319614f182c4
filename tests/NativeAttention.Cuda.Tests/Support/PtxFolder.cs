namespace NativeAttention.Cuda.Tests;

/// <summary>
/// A folder of PTX that stands in for the embedded kernels while it lives: every module has the manifest's
/// entries, with a body of the test's choice.
/// </summary>
internal sealed class PtxFolder : IDisposable
{
    private const string Variable = "NATTN_PTX_DIRECTORY";
    private readonly string? _before = Environment.GetEnvironmentVariable(Variable);
    private readonly string _folder = Directory.CreateTempSubdirectory("nattn-ptx-").FullName;

    public PtxFolder(string body, string registers = "")
    {
        foreach (IGrouping<string, KernelInfo> module in KernelCatalog.Kernels.GroupBy(kernel =>
            kernel.Module))
        {
            string entries = string.Concat(module.Select(kernel => Entry(kernel, body, registers)));
            Write(module.Key, ".version 7.0\n.target sm_80\n.address_size 64\n\n" + entries);
        }

        Environment.SetEnvironmentVariable(Variable, _folder);
    }

    public string Path => _folder;

    public void Write(string module, string text) =>
        File.WriteAllText(System.IO.Path.Combine(_folder, module + ".ptx"), text);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Variable, _before);
        Directory.Delete(_folder, recursive: true);
    }

    private static string Entry(KernelInfo kernel, string body, string registers) => $$"""
        .visible .entry {{kernel.Name}}(
            .param .align 8 .b8 {{kernel.Name}}_param_0[{{kernel.ParameterBytes}}]
        )
        .maxntid {{kernel.Threads}}, 1, 1
        {
        {{registers}}
        {{body.Replace("PARAM", kernel.Name + "_param_0", StringComparison.Ordinal)}}
            ret;
        }

        """;
}
