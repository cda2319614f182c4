using System.Reflection;
using NativeAttention.Bindings;
using NativeAttention.Cuda;
using NativeAttention.Emulation;

namespace NativeAttention.PublicApi.Tests;

/// <summary>
/// The public API is what was approved. To approve a change, run with NATTN_APPROVE_API=1 and review the
/// diff.
/// </summary>
public class PublicApiTests
{
    private static readonly Assembly[] Assemblies =
    [
        typeof(AttentionRuntime).Assembly, typeof(CudaBackend).Assembly, typeof(EmulatedDriver).Assembly,
        typeof(CudaDriver).Assembly,
    ];

    [TestCaseSource(nameof(Assemblies))]
    public void The_public_api_is_the_approved_one(Assembly assembly)
    {
        string name = assembly.GetName().Name!;
        string actual = PublicApiText.Of(assembly);
        if (Environment.GetEnvironmentVariable("NATTN_APPROVE_API") == "1")
        {
            string folder = Path.Combine(SourceTree.Root(), "tests/NativeAttention.PublicApi.Tests/Approved");
            File.WriteAllText(Path.Combine(folder, name + ".txt"), actual);
        }

        using Stream? approved = typeof(PublicApiTests).Assembly.GetManifestResourceStream(name + ".txt");
        string expected = approved is null ? "" : new StreamReader(approved).ReadToEnd();
        string[] before = expected.Split('\n'), after = actual.Split('\n');
        string difference = string.Join("\n", before.Except(after).Select(l => "- " + l)
            .Concat(after.Except(before).Select(l => "+ " + l)));
        Assert.That(actual, Is.EqualTo(expected), $"The public API of {name} has changed:\n{difference}\n"
            + "If that is meant, run this test with NATTN_APPROVE_API=1, build again, and review the diff.");
    }

    [TestCaseSource(nameof(Assemblies))]
    public void No_signature_is_unsafe(Assembly assembly) =>
        Assert.That(PublicApiText.Of(assembly).Split('\n').Where(l => l.Contains('*')), Is.Empty);
}
