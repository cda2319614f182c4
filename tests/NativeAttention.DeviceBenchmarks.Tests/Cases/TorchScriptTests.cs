using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using NativeAttention.Benchmarks.Problems;
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
        foreach (string line in List().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            theirs.Add(row.RootElement.GetProperty("case").GetString()!,
                (row.RootElement.GetProperty("flops").GetDouble(), row.RootElement.GetProperty("bytes").GetDouble()));
        }

        IEnumerable<KeyValuePair<string, (double, double)>> ours = CaseFiles.Read(CaseFiles.DefaultFolder).Select(c =>
            KeyValuePair.Create(c.Id, (
                WorkCounts.Flops(DenseFamily.ProblemOf(c)), WorkCounts.Bytes(DenseFamily.ProblemOf(c)))));
        Assert.That(theirs, Is.EquivalentTo(ours));
    }

    private static string List()
    {
        string script = Path.Combine(SourceTree.Root(), "benchmarks/baselines/torch_baselines.py");
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("python3")
            {
                ArgumentList = { script, "--list", "--cases", CaseFiles.DefaultFolder },
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
