using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using NativeAttention.DeviceBenchmarks.App;
using NativeAttention.DeviceBenchmarks.Cases;
using NativeAttention.DeviceBenchmarks.Families;

namespace NativeAttention.DeviceBenchmarks.Tests.Cases;

/// <summary>The script of the PyTorch baselines names and counts cases as we do: results are joined by it.</summary>
public sealed class TorchScriptTests
{
    [Test]
    public void Names_operations_and_bytes_are_ours()
    {
        Dictionary<string, (double, double)> theirs = [];
        string list = Python(Script, "--list", "--cases", CaseFiles.DefaultFolder);
        foreach (string line in list.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            theirs.Add(row.RootElement.GetProperty("case").GetString()!,
                (row.RootElement.GetProperty("flops").GetDouble(), row.RootElement.GetProperty("bytes").GetDouble()));
        }

        IEnumerable<KeyValuePair<string, (double, double)>> ours = CaseFiles.Read(CaseFiles.DefaultFolder).Select(c =>
            KeyValuePair.Create(c.Id, CaseMeter.FamilyOf(c).WorkOf(c)));
        Assert.That(theirs, Is.EquivalentTo(ours));
    }

    [Test]
    public void The_keys_of_a_window_are_ours()
    {
        // Every query of the tiny cases, by the function that flex_attention masks with.
        string theirs = Python("-c", """
            import sys
            sys.path.insert(0, sys.argv[1])
            import torch_baselines
            for case in torch_baselines.read_cases(sys.argv[2]):
                if "tiny" in case.modes:
                    for query in range(case.sq):
                        print(case.id, query, *(key for key in range(case.sk) if case.sees(query, key)))
            """, Path.GetDirectoryName(Script)!, Path.Combine(CaseFiles.DefaultFolder, "neighborhood.json"));
        IEnumerable<string> ours =
            from problem in CaseFiles.Read(Path.Combine(CaseFiles.DefaultFolder, "neighborhood.json"))
            where problem.Modes.Contains("tiny")
            let map = new NeighborhoodCaseProblem(problem).Map
            from query in Enumerable.Range(0, (int)map.Grid.Tokens)
            select $"{problem.Id} {query} {string.Join(' ', map.Keys(query))}";
        Assert.That(theirs.TrimEnd().Split('\n'), Is.EqualTo(ours));
    }

    private static string Script => Path.Combine(SourceTree.Root(), "benchmarks/baselines/torch_baselines.py");

    private static string Python(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("python3", ["-B", .. arguments])
            {
                RedirectStandardOutput = true,
            })!;
            string text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero);
            return text;
        }
        catch (Win32Exception)
        {
            Assert.Ignore("There is no python3 on this machine.");
            throw;
        }
    }
}
