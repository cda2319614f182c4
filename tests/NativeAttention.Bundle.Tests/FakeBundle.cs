using System.Formats.Tar;
using System.IO.Compression;
using NativeAttention.Tool.Results;

namespace NativeAttention.Bundle.Tests;

/// <summary>
/// The run.sh of the bundle with scripts in place of all it starts: its own programs, and those it looks for on the
/// PATH. A test changes what one of them does.
/// </summary>
internal sealed class FakeBundle : IDisposable
{
    private const string Tests =
        "echo \"on $NATTN_DEVICE with ${NATTN_PTX_DIRECTORY##*/ptx/}: $*\"; echo '7 passed, 0 failed, 2 skipped'";

    private readonly string _root = Directory.CreateTempSubdirectory("nattn-bundle-").FullName;

    // By name: what lies in the runtime folder.
    private readonly Dictionary<string, string> _programs = new()
    {
        ["NativeAttention.TestHost"] = Tests,
        ["NativeAttention.DeviceBenchmarks"] = AppendTo("--out",
            """{"kind":"run","schema":1,"date":"2026-01-02T03:04:05Z","commit":"abc1234","machine":"h1","device":"H","mode":"short"}""",
            """{"kind":"ceiling","name":"read","value":1000,"unit":"GB/s","provider":"nattn"}"""),
    };

    // By name: what lies on the PATH.
    private readonly Dictionary<string, string> _tools = new()
    {
        ["nvidia-smi"] = "echo 'name, driver_version'; echo 'NVIDIA H1, 999.1'",
        ["python3"] = "[ \"$1\" != -c ] || exit 0\n" + AppendTo("--out",
            """{"kind": "run", "schema": 1, "date": "2026-01-02T03:04:06Z", "commit": "abc1234", "machine": "h1", "device": "H", "mode": "short"}""",
            """{"kind": "ceiling", "name": "matmul-bf16", "value": 700, "unit": "TFLOP/s", "provider": "torch"}"""),
        ["ptxas"] = """
            if [ "$1" = --version ]; then echo 'Cuda compilation tools, release 99.5, V99.5.1'; exit; fi
            echo "ptxas info    : Compiling entry function 'na_fake_$(basename "$3" .ptx)' for 'sm_99'" >&2
            echo '    0 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads' >&2
            echo 'ptxas info    : Used 40 registers, used 1 barriers, 33 bytes smem' >&2
            [ "$2" = -arch=sm_90 ]
            """,
        ["compute-sanitizer"] = """
            case "$2" in
              memcheck) echo '========= ERROR SUMMARY: 0 errors' ;;
              *) echo '========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)' ;;
            esac
            """,
        ["ncu"] = "echo '    Duration     us     12.3'",
    };

    private readonly string _description;

    public FakeBundle(bool hasDevice = true)
    {
        _description = hasDevice ? "\"NVIDIA H1, compute capability 9.0, 99 MiB\"" : "null";
        Nattn();
    }

    public string Out => Path.Combine(_root, "out");

    /// <summary>What another program of the bundle does.</summary>
    public FakeBundle Program(string name, string script)
    {
        _programs[name] = script;
        return this;
    }

    /// <summary>What a program on the PATH does.</summary>
    public FakeBundle Tool(string name, string script)
    {
        _tools[name] = script;
        return this;
    }

    /// <summary>What <c>nattn verify</c> and <c>nattn report</c> do.</summary>
    public FakeBundle Nattn(string verify = "echo '9 passed, 0 failed'",
        string report = "echo 'the short table'; echo report >\"$4/report.md\"") => Program("nattn", $$"""
        case "$1" in
          info) printf '  "name": "cuda:0",\n  "available": x,\n  "description": %s,\n  "reason": "none here",\n  "kernels": [\n' \
            '{{_description}}' ;;
          verify) {{verify}} ;;
          report) {{report}} ;;
        esac
        """);

    /// <summary>Starts run.sh.</summary>
    public Script Start(params string[] arguments)
    {
        string bundle = Path.Combine(_root, "bundle"), bin = Path.Combine(_root, "bin"),
            runtime = Path.Combine(_root, "runtime");
        foreach (string folder in (string[])[bundle, bin, Path.Combine(runtime, "app"),
            Path.Combine(runtime, "ptx/clang"), Path.Combine(runtime, "ptx/nvcc")])
        {
            Directory.CreateDirectory(folder);
        }

        WriteScripts(Path.Combine(runtime, "app"), _programs);
        WriteScripts(bin, _tools);
        File.WriteAllText(Path.Combine(runtime, "ptx/clang/a.ptx"), ".version 7.0\n.target sm_80\n");
        File.WriteAllText(Path.Combine(runtime, "ptx/clang/b.ptx"), ".version 7.0\n.target sm_80\n");
        using (GZipStream archive = new(File.Create(Path.Combine(bundle, "runtime.tar.gz")), CompressionLevel.Fastest))
        {
            TarFile.CreateFromDirectory(runtime, archive, includeBaseDirectory: false);
        }

        string source = Path.Combine(SourceTree.Root(), "benchmarks", "bundle");
        foreach (string script in (string[])["run.sh", "assemble.sh"])
        {
            File.Copy(Path.Combine(source, script), Path.Combine(bundle, script), overwrite: true);
        }

        File.WriteAllText(Path.Combine(bundle, "commit"), "abc1234\n");
        return Script.Start("bash", [Path.Combine(bundle, "run.sh"), .. arguments],
            ("PATH", $"{bin}:/usr/bin:/bin"), ("TMPDIR", _root));
    }

    /// <summary>Runs it for a minute at most, and reads its results by the reader that the reports use.</summary>
    public (int ExitCode, string Output, ResultRun Results) Run()
    {
        (int exitCode, string output) = Start(Out, "--total", "60").Wait();
        return (exitCode, output, Results());
    }

    /// <summary>The one run of the results.</summary>
    public ResultRun Results() => ResultReader.Read(Path.Combine(Out, "results.jsonl")).Runs.Single();

    /// <summary>Everything that was said.</summary>
    public string Log() => File.ReadAllText(Path.Combine(Out, "run.log"));

    /// <summary>What run.sh left in its temporary folder.</summary>
    public IEnumerable<string> Leftovers() => Directory.GetFileSystemEntries(_root, "nattn-bundle.*");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static string AppendTo(string option, params string[] lines) => $$"""
        while [ "$1" != {{option}} ]; do shift; done
        cat >>"$2" <<'END'
        {{string.Join('\n', lines)}}
        END
        """;

    private static void WriteScripts(string folder, Dictionary<string, string> scripts)
    {
        foreach ((string name, string script) in scripts)
        {
            string path = Path.Combine(folder, name);
            File.WriteAllText(path, "#!/bin/bash\n" + script + "\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
    }
}
