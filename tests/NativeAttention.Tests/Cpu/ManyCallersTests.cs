using System.Diagnostics;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>Many callers at once, each with a plan of its own, all wanting every processor.</summary>
public class ManyCallersTests
{
    private const int Callers = 8;
    private const int Attempts = 3;

    // Some tens of microseconds a run, so that each caller runs thousands of times.
    private static readonly AttentionCase Case =
        new(ElementType.Float32, new(1, 128, 128, 4, 2, 64), AttentionOptions.Default, seed: 31);

    // The bounds are wide, since other processes take time from some callers and not from others; even so, a
    // scheduler that let one caller wait for another would break them. The best of some attempts counts.
    [Test]
    public void Callers_progress_alike_and_together_lose_little()
    {
        double evenness = 0, throughput = 0;
        for (int attempt = 0; attempt < Attempts && (evenness < 0.25 || throughput < 0.5); attempt++)
        {
            double one = RunsPerSecond(1).Single();
            double[] many = RunsPerSecond(Callers);
            evenness = Math.Max(evenness, many.Min() / many.Average());
            throughput = Math.Max(throughput, many.Sum() / one);
        }

        TestContext.Out.WriteLine($"slowest {evenness:P0} of the average, all {throughput:P0} of one alone");
        Assert.Multiple(() =>
        {
            Assert.That(evenness, Is.GreaterThan(0.25));
            Assert.That(throughput, Is.GreaterThan(0.5));
        });
    }

    // Every caller is a thread of its own; all start together and stop when the time is over.
    private static double[] RunsPerSecond(int callers)
    {
        double[] rates = new double[callers];
        using Barrier start = new(callers);
        Thread[] threads =
            [.. Enumerable.Range(0, callers).Select(n => new Thread(() => rates[n] = Call(start)))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        return rates;
    }

    private static double Call(Barrier start)
    {
        AttentionBuffers<float> b = Case.Allocate<float>();
        using HostAttentionPlan<float> plan = CpuBackend.Default.PlanHost<float>(
            AttentionProblem.Create(Case.ElementType, Case.Shape, Case.Options));
        plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse);
        Case.Check(b);
        b.Poison();
        start.SignalAndWait();
        long began = Stopwatch.GetTimestamp(), runs = 0;
        while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromMilliseconds(400))
        {
            plan.Run(b.Query, b.Key, b.Value, b.Output, b.Lse);
            runs++;
        }

        double rate = runs / Stopwatch.GetElapsedTime(began).TotalSeconds;
        Case.Check(b);
        return rate;
    }
}
