using NativeAttention.Cuda;
using NativeAttention.Testing;

namespace NativeAttention.PublicApi.Tests;

/// <summary>
/// The example of the README, by someone who sees no internals: it compiles, runs and computes attention.
/// </summary>
public class ReadmeExampleTests
{
    private const string Begin = "// README begin", End = "// README end";

    [Test]
    public void The_example_computes_attention()
    {
#pragma warning disable IDE0007, IDE0008 // as the README writes it
        // README begin
        AttentionShape shape = new(Batch: 1, QueryLength: 128, KeyLength: 256, QueryHeads: 8, KeyValueHeads: 2, HeadDim: 64);
        Random random = new(42);
        float[] query = Draw(1 * 128 * 8 * 64);
        float[] key = Draw(1 * 256 * 2 * 64);
        float[] value = Draw(1 * 256 * 2 * 64);
        float[] output = new float[1 * 128 * 8 * 64];
        float[] lse = new float[1 * 8 * 128];

        // Backends in order of preference: the first GPU if there is one, else the CPU.
        using AttentionRuntime runtime = new([CudaBackend.TryOpen(), CpuBackend.Default]);
        runtime.Attend<float>(query, key, value, output, shape, AttentionOptions.Causal, lse);

        // Planned once, run many times.
        using HostAttentionPlan<float> plan = runtime.Plan<float>(shape, AttentionOptions.Causal with { Scale = 0.1f });
        plan.Run(query, key, value, output);
        Console.WriteLine($"{plan.KernelName}: {output[0]:F4}");

        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        // README end
#pragma warning restore IDE0007, IDE0008
        Check(shape, 0.1f, query, key, value, output);
        runtime.Attend<float>(query, key, value, output, shape, AttentionOptions.Causal, lse);
        Check(shape, 0.125f, query, key, value, output);
    }

    [Test]
    public void The_readme_shows_this_example()
    {
        string root = SourceTree.Root();
        string source = Path.Combine(root, "tests", "NativeAttention.PublicApi.Tests",
            "ReadmeExampleTests.cs");
        string[] here = [.. Lines(File.ReadAllLines(source).SkipWhile(l => l.Trim() != Begin).Skip(1)
            .TakeWhile(l => l.Trim() != End))];
        string[] readme = [.. Lines(Readme.Example(root))];
        Assert.That(readme, Is.EqualTo(here));
        Assert.That(here, Has.Length.GreaterThan(10));
    }

    private static IEnumerable<string> Lines(IEnumerable<string> code) => code.Select(l => l.Trim())
        .Where(l => l.Length > 0 && !l.StartsWith("using NativeAttention", StringComparison.Ordinal));

    private static void Check(AttentionShape shape, double scale, float[] query, float[] key, float[] value,
        float[] output)
    {
        var views = TensorView.Of(shape, AttentionLayout.Bshd);
        AttentionReference expected = ReferenceAttention.Compute(shape,
            ReferenceAttention.Visible(AttentionMask.Causal, shape), scale, views.Query.Gather<float>(query),
            views.Key.Gather<float>(key), views.Value.Gather<float>(value));
        Assert.That(views.Output.Gather<float>(output), Is.EqualTo(expected.Output).Within(1e-5));
    }
}
