using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace NativeAttention.Bindings.Tests;

/// <summary>
/// Builds small shared libraries that export the driver API, with one thing wrong. Their functions return 0
/// unless told otherwise.
/// </summary>
internal sealed class StubDriver : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nattn-stub-").FullName;

    /// <summary>Bodies that differ from <c>return 0;</c>, by export; null leaves the export out.</summary>
    internal Dictionary<string, string?> Bodies { get; } = new()
    {
        ["cuDriverGetVersion"] = "*(int*)a = 12040; return 0;",
        ["cuGetErrorName"] = OnlyFor2("STUB_NAME_OF_2"),
        ["cuGetErrorString"] = OnlyFor2("stub text of 2"),
        ["cuDeviceGetCount"] = "*(int*)a = 3; return 0;",
    };

    /// <summary>Every export that the table asks for, and whether it must be there.</summary>
    internal static IReadOnlyList<(string Export, bool Required)> Exports { get; } = ReadExports();

    /// <summary>Compiles the library; the test is ignored where there is no C compiler.</summary>
    internal string Build()
    {
        string source = Path.Combine(_folder, "stub.c");
        string library = Path.Combine(_folder, OperatingSystem.IsWindows() ? "stub.dll" : "libstub.so");
        File.WriteAllText(source, Source());
        Compile(source, library);
        return library;
    }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
    }

    private static string OnlyFor2(string answer)
    {
        return $"if (a != (void*)2) {{ return 1; }} *(const char**)b = \"{answer}\"; return 0;";
    }

    private string Source()
    {
        StringBuilder text = new();
        foreach ((string export, bool _) in Exports)
        {
            string? body = Bodies.GetValueOrDefault(export, "return 0;");
            if (body is not null)
            {
                text.AppendLine($"int {export}(void* a, void* b) {{ (void)a; (void)b; {body} }}");
            }
        }

        return text.ToString();
    }

    private static void Compile(string source, string library)
    {
        foreach (string compiler in (string[])["cc", "gcc", "clang-19", "clang"])
        {
            ProcessStartInfo start = new(compiler, ["-shared", "-fPIC", "-o", library, source])
            {
                RedirectStandardError = true,
            };
            using Process? process = TryStart(start);
            if (process is null)
            {
                continue;
            }

            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero, $"{compiler} could not compile the stub: {errors}");
            return;
        }

        Assert.Ignore("No C compiler (cc, gcc, clang-19, clang): the stub drivers cannot be built.");
    }

    private static Process? TryStart(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static List<(string Export, bool Required)> ReadExports()
    {
        List<string> asked = [];
        DriverExports exports = new(name =>
        {
            asked.Add(name);
            return 0;
        });
        object[] arguments = [exports, new DriverOrigin("recorder", false, null)];
        Activator.CreateInstance(
            typeof(CudaDriver), BindingFlags.Instance | BindingFlags.NonPublic, null, arguments, null);
        return [.. asked.Select(name => (name, exports.Missing.Contains(name)))];
    }
}
